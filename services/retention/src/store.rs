//! Queries that several operations share, and the obligations that this service opens and closes.

pub mod duties;
pub mod orders;
pub mod own_records;
