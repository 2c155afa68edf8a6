//! The rules of audits, findings and investigations: pure functions over values.

pub mod checkpoint;
pub mod draw;
pub mod fault;
pub mod finding;
pub mod internal_audit;
pub mod investigation;
pub mod misuse;
pub mod package;
pub mod period;
pub mod plan;
pub mod projection;
pub mod spot_check;
pub mod worksheet;

pub use fault::Fault;

#[cfg(test)]
mod duties_tests;
#[cfg(test)]
mod guards_tests;
