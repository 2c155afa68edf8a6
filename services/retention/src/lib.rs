//! Retention: how long records are kept, what holds them back, their end under two signatures, and the register of
//! prints, files and media with retrieved data (H3.2, H4.3, H6.6, H7, H8.3, I3.8, I5; design flow 7).

use std::sync::Arc;

use chassis::service::State;
use chassis::{Consumer, Schedule, Service};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use kernel::Event as _;
use retention_types::events::{CertificateIssued, DestructionApproved, OutputSettled};

pub mod consumers;
pub mod domain;
pub mod edge;
pub mod problems;
pub mod routes;
pub mod schedules;
pub mod state;
pub mod store;

/// The service's own tables.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// The retention service.
pub fn service() -> Service {
    Service {
        name: "retention",
        title: ("Retention and destruction", "保存與銷毀"),
        migrations: || vec![obligations::MIGRATIONS, MIGRATIONS],
        operations: include_str!("../operations.toml"),
        problems: problems::CATALOGUE,
        routes: routes::configure,
        consumers: || -> Vec<Consumer> { consumers::all() },
        replays: Vec::new,
        schedules: || -> Vec<Schedule> { schedules::all() },
        jobs: Vec::new,
        topics: &[DestructionApproved::TOPIC, CertificateIssued::TOPIC, OutputSettled::TOPIC],
        revocations: chassis::revocations::Source::Stream(None),
        init: Some(|context| {
            Box::pin(async move {
                let state: State = Arc::new(state::Retention::open(&context)?);
                Ok(state)
            })
        }),
    }
}
