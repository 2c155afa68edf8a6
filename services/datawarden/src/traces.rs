//! An OpenTelemetry receiver with pages to look at traces, for a laptop, a demonstration and tests: it keeps the last
//! spans in memory and forgets them at its end. A real collector takes its place as soon as `otlp.endpoint` names one.
//!
//! | operation | answer |
//! | --- | --- |
//! | `POST /v1/traces` | takes OTLP/HTTP in protobuf: 200; 400 when it is none, 413 over 8 MiB, 415 for JSON |
//! | `POST /v1/metrics`, `POST /v1/logs` | 200; dropped |
//! | `GET /traces?service=NAME&limit=N` | the last traces, newest first; `/traces.json` or `Accept: application/json`: as JSON |
//! | `GET /traces/{id}` | one trace as a tree; `/traces/{id}.json` likewise |
//! | `GET /healthz` | 200 |
//!
//! Spans hold no personal values (docs/LOGGING.md), so the pages need no sign-in; bind it to an address that only
//! operators reach.

mod pages;
mod receive;
mod routes;
mod span;
mod store;

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use anyhow::Context as _;

pub use span::{Span, Summary};
pub use store::Store;

/// Spans that are kept at most; the oldest traces go first.
pub const SPANS: usize = 50_000;

/// A running receiver; [`Traces::stop`] ends it.
pub struct Traces {
    /// Base URL: `http://127.0.0.1:4318`.
    pub url: String,
    /// What it holds.
    pub store: Arc<Store>,
    server: ServerHandle,
}

impl Traces {
    /// Listens on `bind` (port 0: any free one). Call it inside a tokio runtime.
    pub fn start(bind: SocketAddr) -> anyhow::Result<Self> {
        let store = Arc::new(Store::new(SPANS));
        let data = web::Data::from(Arc::clone(&store));
        let server = HttpServer::new(move || App::new().app_data(data.clone()).configure(routes::configure))
            .workers(1)
            .disable_signals()
            .shutdown_timeout(1)
            .bind(bind)
            .with_context(|| format!("traces: cannot listen on {bind}"))?;
        let address = server.addrs().first().copied().unwrap_or(bind);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Self { url: format!("http://{address}"), store, server: handle })
    }

    /// Ends it.
    pub async fn stop(self) {
        self.server.stop(true).await;
    }
}
