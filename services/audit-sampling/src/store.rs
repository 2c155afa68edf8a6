//! Tables that are no documents.

pub mod checkpoints;
pub mod destruction;
pub mod population;
pub mod usage;
