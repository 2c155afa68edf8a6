//! What every part of a service is handed: database, seams, identity, rules, its own state.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::deadpool::Pool;
use identity::{EventVerifier, Principal, Purpose, StreamVerifier, TokenVerifier, TrustAnchors};
use kernel::{Clock, Instant, Random, WorkingCalendar};
use rule_pack::PackSet;
use tokio::sync::Notify;

use crate::bus::Bus;
use crate::consume::Consumer;
use crate::endorsements::Keeping;
use crate::ephemeral::Ephemeral;
use crate::http::limit::Limiter;
use crate::keys::{KeyRing, Keys};
use crate::operations::Operations;
use crate::revocation_lists::RevocationLists;
use crate::revocations::{Apply, Revocations};
use crate::settings::Settings;

/// The parts that a process shares among the services in it.
#[derive(Clone)]
pub struct Platform {
    /// Business time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// Kafka, or the broker in this process.
    pub bus: Bus,
    /// Redis, or the store in this process.
    pub ephemeral: Arc<dyn Ephemeral>,
    /// Rule packs.
    pub packs: Arc<PackSet>,
    /// Working days.
    pub calendar: Arc<WorkingCalendar>,
    /// Where `/docs` and the console fetch tokens for a role on a laptop; nothing but `datawarden run` sets it.
    pub development_login: Option<String>,
    /// Revocations that a test drives; `None` hears them as the service does. Nothing but tests sets it.
    pub revocations: Option<Arc<Revocations>>,
}

pub(crate) struct Inner {
    pub name: &'static str,
    pub settings: Settings,
    pub platform: Platform,
    pub pool: Pool<AsyncPgConnection>,
    pub lookups: Pool<AsyncPgConnection>,
    pub operations: Operations,
    pub consumers: Vec<Consumer>,
    pub limiter: Limiter,
    pub tokens: TokenVerifier,
    pub keys: Arc<KeyRing>,
    pub event_verifier: EventVerifier,
    pub stream_verifier: StreamVerifier,
    pub revocations: Arc<Revocations>,
    pub apply_revocation: Option<Apply>,
    pub revocation: Arc<RevocationLists>,
    pub endorsements: Keeping,
    /// Set once, when `init` has made it.
    pub state: OnceLock<Arc<dyn Any + Send + Sync>>,
    pub relay_wakeup: Notify,
    pub readiness: crate::service::Readiness,
}

/// A service's context; cheap to clone.
#[derive(Clone)]
pub struct Context(pub(crate) Arc<Inner>);

impl Context {
    /// The service's name, e.g. `query-registry`.
    pub fn name(&self) -> &'static str {
        self.0.name
    }

    /// The moment it is, in business time.
    pub fn now(&self) -> Instant {
        self.0.platform.clock.now()
    }

    /// Business time.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.0.platform.clock.clone()
    }

    /// Chance.
    pub fn random(&self) -> &dyn Random {
        &*self.0.platform.random
    }

    /// Settings.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Rule packs.
    pub fn packs(&self) -> &PackSet {
        &self.0.platform.packs
    }

    /// Working days.
    pub fn calendar(&self) -> &WorkingCalendar {
        &self.0.platform.calendar
    }

    /// Short-lived shared values: limits, replay marks.
    pub fn ephemeral(&self) -> &dyn Ephemeral {
        &*self.0.platform.ephemeral
    }

    /// The broker.
    pub fn bus(&self) -> &Bus {
        &self.0.platform.bus
    }

    /// Operations with their roles and clauses.
    pub fn operations(&self) -> &Operations {
        &self.0.operations
    }

    /// The service's own state, as its `init` made it.
    ///
    /// # Panics
    /// When asked for a type that `init` did not make: a fault in the service's code, seen at its first request.
    #[expect(clippy::expect_used, reason = "a wrong type here is a programming error")]
    pub fn state<T: Any + Send + Sync>(&self) -> Arc<T> {
        let state = self.0.state.get().cloned().expect("the service has state");
        state.downcast::<T>().expect("the service's state has this type")
    }

    /// What was revoked, as far as it is known here.
    pub fn revocations(&self) -> &Revocations {
        &self.0.revocations
    }

    pub(crate) fn consumers(&self) -> &[Consumer] {
        &self.0.consumers
    }

    pub(crate) fn pool(&self) -> &Pool<AsyncPgConnection> {
        &self.0.pool
    }

    /// Counts the requests of clients.
    pub fn limiter(&self) -> &Limiter {
        &self.0.limiter
    }

    pub(crate) fn relay_wakeup(&self) -> &Notify {
        &self.0.relay_wakeup
    }

    /// Where a role's name gives a token, on a laptop alone ([`Platform::development_login`]).
    pub fn development_login(&self) -> Option<&str> {
        self.0.platform.development_login.as_deref()
    }

    /// Whom `token` stands for, if it is good now; for operations that are about a token. Who calls an operation is
    /// found out before it.
    pub fn bearer_of(&self, token: &str) -> Option<Arc<Principal>> {
        self.tokens().verify(token, self.now()).ok()
    }

    pub(crate) fn tokens(&self) -> &TokenVerifier {
        &self.0.tokens
    }

    /// What the service proves itself with at this moment: signers, and a client for the suite's services.
    pub fn keys(&self) -> Arc<Keys> {
        self.0.keys.present()
    }

    /// Where the keys of each moment are, for what outlives one act.
    pub fn key_ring(&self) -> Arc<KeyRing> {
        self.0.keys.clone()
    }

    /// A client for the suite's services, with this service's certificate and time limits.
    pub fn http_client(&self) -> reqwest::Client {
        self.keys().http.clone()
    }

    /// Takes a new certificate and key from their files; false when they are in use already. A task does it every few
    /// seconds.
    pub fn reload_keys(&self) -> anyhow::Result<bool> {
        self.0.keys.reload()
    }

    /// Whose certificates count, and which of them are revoked.
    pub fn anchors(&self) -> TrustAnchors {
        self.0.revocation.anchors()
    }

    /// Revocation lists and answers.
    pub fn revocation_lists(&self) -> Arc<RevocationLists> {
        self.0.revocation.clone()
    }

    /// Asks the OCSP responder about the first certificate of `x5c`, where one is set for its issuer; to be called before
    /// its signature is verified.
    pub async fn ask_responder(&self, purpose: Purpose, x5c: &[String]) {
        self.0.revocation.prepare(purpose, x5c, self.random(), self.now()).await;
    }
}
