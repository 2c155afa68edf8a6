//! One binary for a laptop, a demonstration or a small office: every service in one process on embedded stand-ins, the
//! sample city and its simulated year, and the offline tools.

pub mod bench;
pub mod clauses;
pub mod client;
pub mod commands;
pub mod development;
pub mod errand;
pub mod master_data;
pub mod planted;
pub mod sample;
pub mod soft_card;
pub mod stack;
pub mod traces;
pub mod witness;
pub mod year;
