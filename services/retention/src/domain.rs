//! The rules of retention, pure: they are handed the day, the pack and the ids, and give decisions as values.

pub mod certificate;
pub mod directory;
pub mod erasure;
pub mod hold;
pub mod holding;
pub mod order;
pub mod output;
pub mod term;

#[cfg(test)]
mod duties_tests;
