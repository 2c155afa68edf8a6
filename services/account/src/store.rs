//! Queries where documents alone do not do.

pub mod changes;
pub mod inventories;
pub mod people;
pub mod revocations;
pub mod sessions;
pub mod uses;
