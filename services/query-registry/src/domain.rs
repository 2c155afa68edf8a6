//! Decisions as values: no HTTP, SQL, clock or randomness in here.

pub mod application;
pub mod authorization;
pub mod case;
pub mod control_item;
pub mod copying;
pub mod directory;
pub mod endorsement;
pub mod follow_up;
pub mod import_check;
pub mod import_file;
pub mod marks;
pub mod network;
pub mod output;
pub mod reconciliation;
pub mod refusal;
pub mod report;
pub mod rules;
pub mod table;

#[cfg(test)]
mod duties_tests;
