//! The only place with SQL: the directory, records of queries, the feed of changes. Aggregates are documents.

pub mod account_states;
pub mod changes;
pub mod daily;
pub mod directory;
pub mod erasures;
pub mod holdings;
pub mod imports;
pub mod platform;
pub mod queries;
pub mod reconciling;
pub mod records;
pub mod register;
pub mod told_checkpoints;
