//! The frame that a service stands in: settings, HTTP with problems and idempotency, transactions, documents,
//! events out and in, rhythms and jobs, telemetry. It knows no rule of any regulation.

pub mod answer;
pub mod bus;
pub mod command_line;
pub mod configuration;
pub mod consume;
pub mod context;
pub mod db;
pub mod dead_letters;
pub mod document;
pub mod emergency;
pub mod endorsements;
pub mod ephemeral;
pub mod error;
pub mod housekeeping;
pub mod http;
pub mod jobs;
pub mod keys;
mod listen;
pub mod openapi;
pub mod operations;
pub mod outbox;
pub mod problem;
mod reader;
pub mod reading;
pub mod relay;
pub mod replay;
pub mod revocation_lists;
pub mod revocations;
pub mod schedule;
pub mod service;
pub mod settings;
pub mod telemetry;
pub mod together;

pub use answer::{Answer, Page};
pub use command_line as main;
pub use consume::{Consumer, EventMeta};
pub use context::Context;
pub use db::Tx;
pub use document::{Document, Filter, Stored};
pub use error::{Error, Result};
pub use http::{Caller, Command};
pub use problem::{FieldError, Problem, ProblemType};
pub use replay::Replay;
pub use schedule::{Rhythm, Schedule};
pub use service::{Running, Service};
pub use settings::Settings;
pub use together::Together;

/// An HTTP client with a time limit for whole requests and a shorter one for connecting.
pub fn http_client(limit: std::time::Duration) -> anyhow::Result<reqwest::Client> {
    Ok(client_builder(limit).build()?)
}

/// As [`http_client`], which over TLS trusts the roots in the PEM file `roots` alone.
pub fn http_client_trusting(
    limit: std::time::Duration,
    roots: &std::path::Path,
) -> anyhow::Result<reqwest::Client> {
    use anyhow::Context as _;
    let pem = std::fs::read(roots).with_context(|| format!("{} cannot be read", roots.display()))?;
    Ok(client_builder(limit).tls_certs_only(reqwest::Certificate::from_pem_bundle(&pem)?).build()?)
}

pub(crate) fn client_builder(limit: std::time::Duration) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .timeout(limit)
        .connect_timeout(std::time::Duration::from_secs(2))
        // Shorter than services keep a connection.
        .pool_idle_timeout(std::time::Duration::from_secs(30))
}
