//! The frame under a small service of its own: notes that are written, published, taken in again, and struck off.

#![expect(clippy::unwrap_used, reason = "tests")]

mod connections;
mod events;
mod limits;
mod requests;
mod revocation_lists;
mod revocations;
mod service;
mod time;
