//! The audit service (H8.2–H8.5, H9, I4.1, I4.2, I6): quarterly audits with a draw that anyone can repeat, findings with
//! corrections, referrals and joint investigations, internal audits of immigration data, spot checks, packages for
//! external audits. Each operation is an act of the regulations with its guards.

pub mod domain;
pub mod problems;
pub mod routes;

mod acts;
mod consumers;
mod duties;
mod edge;
mod packaging;
mod sampling;
mod schedules;
mod store;

use audit_sampling_types::events;
use chassis::Service;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use kernel::Event as _;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// The service: the same value runs in its own process, in `datawarden` and in tests.
pub fn service() -> Service {
    Service {
        name: "audit-sampling",
        title: ("audits and findings", "稽核與查核"),
        migrations: || vec![obligations::MIGRATIONS, MIGRATIONS],
        operations: include_str!("../operations.toml"),
        problems: problems::CATALOGUE,
        routes: routes::configure,
        consumers: consumers::all,
        replays: Vec::new,
        schedules: schedules::all,
        jobs: Vec::new,
        topics: &[
            events::FindingRaised::TOPIC,
            events::GovernanceRecorded::TOPIC,
            events::HoldingCounted::TOPIC,
            events::DestructionCarriedOut::TOPIC,
        ],
        revocations: chassis::revocations::Source::Stream(None),
        init: None,
    }
}
