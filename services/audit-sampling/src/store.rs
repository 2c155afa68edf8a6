//! Tables that are no documents.

pub mod destruction;
pub mod population;
