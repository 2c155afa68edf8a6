//! What the query registry tells others: event payloads, and the values of its requests and answers.

pub mod applications;
pub mod cases;
pub mod control;
pub mod events;
pub mod import;
pub mod logs;
pub mod outputs;
pub mod personal;
pub mod queries;

pub use personal::PersonalText;
