//! HTTP as every operation has it: who calls (token), may they (operations.toml), what do they ask (checked JSON), once
//! only (Idempotency-Key), on what they saw (If-Match).

pub mod authorize;
pub mod body;
pub mod caller;
pub mod command;
pub mod common;
pub mod limit;
pub mod peer;
pub mod trace;

pub use body::Body;
pub use caller::Caller;
pub use command::Command;
pub use peer::ClientCertificate;
