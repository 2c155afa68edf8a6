//! Tests of the suite as a whole: all services up, reached over HTTP as their users reach them.

#![expect(clippy::unwrap_used, reason = "tests")]

mod authorization;
mod documents;
mod suite;
