//! The soft card: a program on this machine that speaks the protocol of the citizen card's component for browsers, with
//! keys of the development PKI. Not for production.
//!
//! | operation | answer |
//! | --- | --- |
//! | `GET /p11Image.bmp` | what is in the readers, without certificates, as the pixels of a picture |
//! | `GET /popupForm` | the window that a page opens: it takes one command, answers once, closes |
//! | `GET /pkcs11info`, `?withcert=true` | what is in the readers, with certificates |
//! | `POST /sign`, `tbsPackage=JSON` | a signature: PKCS#1 v1.5 or ECDSA in DER, or a signed message (PKCS#7) |
//! | `GET /`, `POST /cards` | a page to insert and remove cards and the reader: the soft card's own |
//!
//! Numbers of errors are in `codes.rs`. The PIN is compared and forgotten.

mod cards;
mod codes;
mod info;
mod pages;
mod pin;
mod request;
mod routes;
mod sign;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use anyhow::Context as _;
use kernel::Clock;
use serde_json::Value;

pub use cards::{Card, CardKind, Folder};
pub use codes::{Code, Minor};
pub use pin::{Entered, Pin, Tries};
use request::SignRequest;
use sign::{Refused, SignAnswer};

/// How the soft card is set up.
#[expect(missing_debug_implementations, reason = "holds the PIN")]
pub struct Setup {
    /// Where the cards are.
    pub folder: Folder,
    /// Cards in their readers at the start.
    pub inserted: Vec<String>,
    /// Whether a reader is connected at the start.
    pub reader: bool,
    /// The PIN of all cards.
    pub pin: Pin,
    /// The sites that may ask: `http://localhost:8405`.
    pub origins: Vec<String>,
    /// The only kind of card that signs; none: every kind.
    pub only: Option<CardKind>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

struct Readers {
    connected: bool,
    /// One reader for each card.
    cards: Vec<Arc<Card>>,
}

struct SoftCards {
    folder: Folder,
    pin: Pin,
    origins: Vec<String>,
    only: Option<CardKind>,
    clock: Arc<dyn Clock>,
    readers: Mutex<Readers>,
}

impl SoftCards {
    fn readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn inserted(&self) -> (bool, Vec<String>) {
        let readers = self.readers();
        (readers.connected, readers.cards.iter().map(|card| card.name.clone()).collect())
    }

    fn insert(&self, name: &str) -> anyhow::Result<()> {
        let card = Arc::new(self.folder.card(name)?);
        let mut readers = self.readers();
        readers.cards.retain(|there| there.name != name);
        readers.cards.push(card);
        Ok(())
    }

    fn remove(&self, name: &str) {
        self.readers().cards.retain(|card| card.name != name);
    }

    fn plug(&self, connected: bool) {
        self.readers().connected = connected;
    }

    fn info(&self, with_certificates: bool) -> Value {
        let readers = self.readers();
        let cards = readers.connected.then(|| readers.cards.iter().map(|card| &**card));
        info::answer(cards, with_certificates)
    }

    fn card(&self, slot: Option<&str>) -> Result<Arc<Card>, Code> {
        let readers = self.readers();
        if !readers.connected {
            return Err(Code::NoReader);
        }
        let place = match slot {
            None => 0,
            Some(slot) => (0..readers.cards.len().max(1))
                .find(|place| info::slot_name(*place) == slot)
                .ok_or(Code::UnknownReader)?,
        };
        let card = readers.cards.get(place).ok_or(Code::NoCard)?;
        match card.kind {
            kind if self.only.is_none() || kind == self.only => Ok(card.clone()),
            Some(kind) => Err(kind.unwanted()),
            None => Err(Code::NoKey),
        }
    }

    fn sign(&self, json: &str) -> Result<SignAnswer, Refused> {
        let request = SignRequest::parse(json)?;
        let card = self.card(request.slot.as_deref())?;
        sign::sign(&card, &request, &self.pin, self.clock.now())
    }
}

/// A running soft card; [`SoftCardServer::stop`] ends it.
#[derive(Debug)]
pub struct SoftCardServer {
    /// Base URL: `http://localhost:61161`.
    pub url: String,
    server: ServerHandle,
}

impl SoftCardServer {
    /// Listens on `bind`, which must be of this machine alone (port 0: any free one). Call it inside a tokio runtime.
    pub fn start(bind: SocketAddr, setup: Setup) -> anyhow::Result<Self> {
        anyhow::ensure!(
            bind.ip().is_loopback(),
            "{bind}: a soft card listens on this machine alone (127.0.0.1)"
        );
        let state = web::Data::new(SoftCards {
            folder: setup.folder,
            pin: setup.pin,
            origins: setup.origins,
            only: setup.only,
            clock: setup.clock,
            readers: Mutex::new(Readers { connected: setup.reader, cards: vec![] }),
        });
        for name in &setup.inserted {
            state.insert(name)?;
        }
        let server = HttpServer::new(move || App::new().app_data(state.clone()).configure(routes::configure))
            .workers(1)
            .disable_signals()
            .shutdown_timeout(1)
            .bind(bind)
            .with_context(|| format!("soft card: cannot listen on {bind}"))?;
        let address = server.addrs().first().copied().unwrap_or(bind);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Self { url: format!("http://localhost:{}", address.port()), server: handle })
    }

    /// Ends it.
    pub async fn stop(self) {
        self.server.stop(true).await;
    }
}
