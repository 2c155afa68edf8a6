//! The account service over HTTP, against the real database.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod applications;
mod control;
mod duties;
mod emergencies;
mod endorsements;
mod first_start;
mod governed;
mod immigration;
mod logins;
mod matrix;
mod oauth;
mod revocation;
mod revocations;
mod sessions;
mod tokens;
mod world;
