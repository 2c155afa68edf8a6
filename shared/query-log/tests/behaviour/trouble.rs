//! Trouble: a database that is full, restarted, cut off, restored or failed over, two leaders, a clock that goes back,
//! keys that are away. Each ends in refusal or recovery, never in an acknowledged entry without proof.

mod answers;
mod clock;
mod keys;
mod leaders;
mod lost;
mod outages;
mod own;
mod restored;
