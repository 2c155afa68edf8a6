//! Obligations: one model of statutory duties for every service. Each is a row with its actor, due date, state, the rule
//! pack that it follows and the evidence that closed it (requirements.md, "For every clause").

pub mod model;
pub mod routes;
pub mod store;

pub use model::{Evidence, NewObligation, Obligation, ObligationState};
pub use store::{cancel, close, mark_overdue, open};

use diesel_migrations::{EmbeddedMigrations, embed_migrations};

/// The table of obligations; a service adds it to its own migrations.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");
