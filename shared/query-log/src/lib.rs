//! The append-only log behind the query gate (H6.6, invariants 2 and 4): one log per retention class, entries appended
//! by group commit, acknowledged after COMMIT with a proof, hashed into a Merkle tree, partitioned and keyed by month so that a month can be
//! destroyed, and checked offline by [`verify`].
//!
//! An entry has a public [`Header`] (the leaf hash covers its bytes), salted commitments to personal values inside it,
//! and a body encrypted under its own leaf of the month's [`key_tree`], so that it can be erased alone. The formats are versioned and frozen by test vectors.

mod aead;
mod authority;
pub mod body;
pub mod bundle;
pub mod entry;
mod erasure;
pub mod error;
mod expiry;
pub mod file_keys;
mod finding;
pub mod header;
pub mod key_tree;
pub mod keys;
mod log;
pub mod month;
mod proving;
pub mod publishing;
mod reading;
mod rotation;
mod sequencer;
pub mod standing;
mod statement;
pub mod succession;
pub mod values;
pub mod verify;
mod witnessing;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};

pub use body::{FieldKey, SUBJECT};
pub use bundle::BundleSummary;
pub use entry::{Body, Entry, Filter, Head, NewEntry, Page, Receipt};
pub use error::LogError;
pub use file_keys::FileKeyStore;
pub use header::{AccountMark, Header, Kind, MonthRange};
pub use keys::{KeyError, KeyStore, MonthKeys, Puncture};
pub use log::{Opening, QueryLog};
pub use month::Month;
pub use publishing::Published;
pub use rotation::key_digest;
pub use standing::{AnchorError, Anchors, NoAnchors};
pub use succession::Ending;
pub use transparency::Hash;
pub use values::{SealedValue, ValueKeys, ValueReader};
pub use verify::{Break, BreakKind, Verdict, Verifier, VerifyReport, verify_database};

/// The name of the log that is never pruned and holds destruction orders and destructions.
pub const GOVERNANCE: &str = "governance";
/// `action` of a governance entry that orders the destruction of its `range`; valid with `decision` = [`APPROVED`].
pub const DESTRUCTION_ORDER: &str = "destruction-order";
/// `action` of a governance entry that records that its `range` was destroyed.
pub const DESTRUCTION: &str = "destruction";
/// `action` of a governance entry that orders the early erasure of the one entry in its `range`.
pub const ERASURE_ORDER: &str = "erasure-order";
/// `action` of a governance entry that records that the one entry in its `range` was erased.
pub const ERASURE: &str = "erasure";
/// `action` of the entry that names how a log ended: the first of its successor, and one of the governance log.
pub const SUCCESSION: &str = "succession";
/// `action` of an entry that names the key of the log's successor, under its own.
pub const KEY_ROTATION: &str = "key-rotation";
/// `decision` of an approved order.
pub const APPROVED: &str = "approved";

/// Tables, triggers, roles and functions of the log; run them in the database that holds the logs.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!();
