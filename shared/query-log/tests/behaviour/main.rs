//! The query log against a real PostgreSQL (`DATAWARDEN_TEST_POSTGRES`), each test in a database of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod appending;
mod common;
mod erasure;
mod expiry;
mod finding;
mod formats;
mod kills;
mod proving;
mod raw_files;
mod reading;
mod rotation;
mod standing;
mod tampering;
mod trouble;
mod trust;
mod witnessing;
