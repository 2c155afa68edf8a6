//! A data provider that does not exist: the household and tax registers of the sample city behind mutual TLS.
//!
//! It answers more fields than were asked (so that stripping is tested), counts its calls per month as a provider
//! does (so that a call past the gate shows in the reconciliation), and can be slow, fail, be out or break off in the
//! middle of an answer, always by count and never by chance.
//!
//! | operation | answer |
//! | --- | --- |
//! | `POST /{household,tax}/v1/lookups` | 200 [`Answer`] with a record; 404 [`Answer`] without one |
//! | `GET /{household,tax}/v1/counts?month=2026-05` | 200 [`Counts`] |
//! | `PUT /{household,tax}/v1/control` | 204; takes a [`Behaviour`] |
//!
//! Every operation needs a client certificate of a configured authority: without one there is no TLS session.

mod behaviour;
mod desk;
mod records;
mod routes;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use kernel::Clock;
use sample_city::{Provider, SampleCity};
use uuid::Uuid;

pub use behaviour::Behaviour;
pub use desk::Counts;
pub use routes::{Answer, Lookup};
pub use tls::{ProviderTls, TlsError};

use desk::Desks;

/// The simulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be used.
    #[error("the provider simulator cannot listen on {0}")]
    Bind(SocketAddr, #[source] std::io::Error),
    /// Certificates or keys cannot be used.
    #[error("the provider simulator's TLS cannot be set up")]
    Tls(#[from] TlsError),
}

/// A running simulator; [`Self::stop`] ends it.
pub struct ProviderSimulator {
    /// Base URL without a slash at its end: `https://127.0.0.1:45123`.
    pub url: String,
    desks: Arc<Desks>,
    server: ServerHandle,
}

impl ProviderSimulator {
    /// Listens on `bind` (port 0: any free one) and serves the registers of `city` to clients that `tls` accepts.
    /// Months of calls are those of `clock`, in Taipei. Call it inside a tokio runtime.
    ///
    /// # Errors
    /// When the address is taken or the certificates cannot be used.
    pub fn start(
        bind: SocketAddr,
        city: Arc<SampleCity>,
        clock: Arc<dyn Clock>,
        tls: &ProviderTls,
    ) -> Result<Self, StartError> {
        let desks = Arc::new(Desks::new(city, clock));
        let data = web::Data::from(Arc::clone(&desks));
        let server = HttpServer::new(move || App::new().app_data(data.clone()).configure(routes::configure))
            .workers(1)
            .disable_signals()
            .shutdown_timeout(1)
            .bind_rustls_0_23(bind, tls.server_config()?)
            .map_err(|error| StartError::Bind(bind, error))?;
        let address = server.addrs().first().copied().unwrap_or(bind);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Self { url: format!("https://{address}"), desks, server: handle })
    }

    /// As `PUT …/control`.
    pub fn behave(&self, provider: Provider, behaviour: Behaviour) {
        self.desks.of(provider).behave(behaviour);
    }

    /// As `GET …/counts` for `month` (`2026-05`).
    pub fn counts(&self, provider: Provider, month: &str) -> Counts {
        self.desks.of(provider).counts(month)
    }

    /// Notes a call that somebody else made, now: how the simulated year plays a call past the gate.
    pub fn note_foreign_call(&self, provider: Provider, transaction: Uuid) {
        self.desks.note(provider, transaction);
    }

    /// Ends the server; open connections get a second to finish.
    pub async fn stop(self) {
        self.server.stop(true).await;
    }
}
