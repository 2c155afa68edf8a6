//! Services as their own processes, each from its own `main.rs`, against the real PostgreSQL, Kafka and Redis: traces
//! from end to end, `kill -9` at each step of a query, parts that go away and come back, projections rebuilt.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod at_rest;
mod away;
mod killed;
mod kills;
mod ledger;
mod link;
mod people;
mod process;
mod queries;
mod rebuilt;
mod refused;
mod revoked;
mod traces;
mod world;
