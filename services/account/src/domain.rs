//! The rules: pure functions over values. They know no HTTP, SQL, clock or chance.

pub mod account;
pub mod actor;
pub mod agency;
pub mod agency_act;
pub mod application;
pub mod emergency;
pub mod first_start;
pub mod governed;
pub mod inventory;
pub mod link;
pub mod person;
pub mod personnel;
pub mod records;
pub mod session;

#[cfg(test)]
mod duties_tests;
