//! Tests of the suite as a whole: all services up, reached over HTTP as their users reach them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod authorization;
mod documents;
mod injection;
mod malformed;
mod suite;
