//! The query registry: registered cases, query applications (H annex 2), the gate to the data providers, the query log.

pub mod consumers;
pub mod contents;
pub mod control;
pub mod destruction;
pub mod domain;
pub mod erasing;
pub mod gate;
pub mod governance;
pub mod history;
mod holders;
pub mod import_log;
pub mod importing;
pub mod problems;
pub mod provider;
mod publishing;
pub mod reports;
pub mod routes;
pub mod schedules;
pub mod settling;
pub mod state;
pub mod store;
mod successions;
mod witnesses;

use chassis::Service;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use kernel::Event as _;
use query_registry_types::events;

/// This service's own tables; they stand beside the log's.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// The service.
pub fn service() -> Service {
    Service {
        name: "query-registry",
        title: ("Query registry", "查詢登錄"),
        migrations: || vec![obligations::MIGRATIONS, query_log::MIGRATIONS, MIGRATIONS],
        operations: include_str!("../operations.toml"),
        problems: problems::CATALOGUE,
        routes: routes::configure,
        consumers: consumers::all,
        replays: Vec::new,
        schedules: schedules::all,
        jobs: || {
            vec![
                governance::job(),
                destruction::job(),
                erasing::job(),
                import_log::job(),
                schedules::reconciliation::job(),
            ]
        },
        topics: &[
            events::QueryRecorded::TOPIC,
            events::CheckpointPublished::TOPIC,
            events::OutputRecorded::TOPIC,
            events::ControlItemRaised::TOPIC,
            events::ReportClosed::TOPIC,
            events::HoldingCounted::TOPIC,
            events::DestructionCarriedOut::TOPIC,
        ],
        revocations: chassis::revocations::Source::Stream(Some(state::apply_revocation)),
        init: Some(|context| {
            Box::pin(async move {
                let registry = state::Registry::open(&context).await?;
                Ok(std::sync::Arc::new(registry) as chassis::service::State)
            })
        }),
    }
}
