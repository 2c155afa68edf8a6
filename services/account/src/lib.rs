//! The account service: agencies and people, accounts and permissions, cards and tokens, inventories, data links,
//! training (H2.2, H4.1, H5, H6.2, H6.5, H9; I2, I3, I4.1.3, I6). Each operation is an act of the regulations with its
//! guards; there is no way to edit a row.

pub mod bootstrap;
pub mod domain;
pub mod emergencies;
pub mod problems;
pub mod routes;

mod acts;
mod consumers;
mod duties;
mod edge;
mod governing;
mod oauth;
mod replays;
mod schedules;
mod state;
mod store;

use account_types::events;
use chassis::Service;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use kernel::Event as _;
use kernel::configuration::ConfigurationChanged;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// The service: the same value runs in its own process, in `datawarden` and in tests.
pub fn service() -> Service {
    Service {
        name: "account",
        title: ("accounts and permissions", "帳號與權限"),
        migrations: || vec![obligations::MIGRATIONS, MIGRATIONS],
        operations: include_str!("../operations.toml"),
        problems: problems::CATALOGUE,
        routes: routes::configure,
        consumers: consumers::all,
        replays: replays::all,
        schedules: schedules::all,
        jobs: Vec::new,
        topics: &[
            events::AccountChanged::TOPIC,
            events::PersonChanged::TOPIC,
            events::AgencyChanged::TOPIC,
            events::SystemChanged::TOPIC,
            events::InventoryClosed::TOPIC,
            events::GovernanceRecorded::TOPIC,
            events::EmergencyChanged::TOPIC,
            ConfigurationChanged::TOPIC,
            events::HoldingCounted::TOPIC,
            events::DestructionCarriedOut::TOPIC,
        ],
        revocations: chassis::revocations::Source::Own(store::revocations::reader),
        init: Some(|context| Box::pin(async move { state::open(&context) })),
    }
}
