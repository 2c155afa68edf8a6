//! The application under test.

use std::sync::Arc;
use std::time::Duration;

use chassis::context::Platform;
use chassis::revocations::{self, Entry, Kind, Revocations, Source, Told};
use chassis::service::Part;
use chassis::{Context, Running, Service, Settings, settings};
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::RunQueryDsl as _;
use identity::pki::{ListTerms, Revoked, signed_list};
use identity::{
    AccessGrant, CardHolder, Confirmation, DevPki, Principal, PrincipalKind, Role, SoftCard, TokenIssuer,
};
use kernel::{Clock as _, Instant, SeededRandom, SimulatedClock, SystemClock};
use rdkafka::producer::FutureProducer;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::people::{TestPerson, id};
use crate::response::TestResponse;

mod events;

type ChangeSettings = Box<dyn FnOnce(&mut Settings, &DevPki, &std::path::Path) + Send>;

/// Builds a [`TestApp`].
pub struct TestAppBuilder {
    service: Service,
    start: Instant,
    settings: Vec<ChangeSettings>,
    hears: bool,
    development_login: Option<String>,
}

/// A running service with everything a test needs around it.
pub struct TestApp {
    /// The service.
    pub running: Running,
    /// Business time; the test moves it.
    pub clock: SimulatedClock,
    /// Makes cards and certificates.
    pub pki: DevPki,
    issuer: TokenIssuer,
    http: reqwest::Client,
    producer: FutureProducer,
    folder: tempfile::TempDir,
}

const AUDIENCE: &str = "datawarden";
const ISSUER: &str = "https://account.test";

impl TestAppBuilder {
    /// Business time at the start.
    #[must_use]
    pub fn at(mut self, start: Instant) -> Self {
        self.start = start;
        self
    }

    /// Changes settings before the start; gets the PKI and the test's folder.
    #[must_use]
    pub fn settings(
        mut self,
        change: impl FnOnce(&mut Settings, &DevPki, &std::path::Path) + Send + 'static,
    ) -> Self {
        self.settings.push(Box::new(change));
        self
    }

    /// Lets the service hear revocations from an account service at `url`, instead of from the test's own calls.
    #[must_use]
    pub fn hearing(mut self, url: String) -> Self {
        self.hears = true;
        self.settings(move |settings, _, _| drop(settings.services.insert("account".into(), url)))
    }

    /// Lets the service's pages fetch tokens for a role at `url`.
    #[must_use]
    pub fn development_login(mut self, url: String) -> Self {
        self.development_login = Some(url);
        self
    }

    /// Starts the service.
    ///
    /// # Panics
    /// When anything that the test needs is missing.
    #[expect(clippy::expect_used, reason = "a test cannot go on without it")]
    pub async fn start(self) -> TestApp {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let pki = DevPki::generate().expect("development PKI");
        let machine = SystemClock.now();
        let dir = folder.path();
        pki.write_anchors(&dir.join("roots")).expect("anchors");
        pki.write_lists(&dir.join("crl"), machine).expect("revocation lists");
        let credential = pki.issue_service(self.service.name, machine).expect("service certificate");
        credential.save_pem_files(&dir.join("cert.pem"), &dir.join("key.pem")).expect("certificate files");
        std::fs::write(dir.join("register.key"), "11".repeat(32)).expect("register key");
        let account = pki.issue_service("account", machine).expect("account certificate");
        let url = crate::database::fresh(&self.service).await.expect("a fresh database");
        let unique =
            folder.path().file_name().map(|n| n.to_string_lossy().replace('.', "")).unwrap_or_default();
        let mut settings = Settings {
            http: settings::Http {
                bind: "127.0.0.1:0".into(),
                workers: 1,
                limits: settings::Limits::none(),
                ..settings::Http::default()
            },
            database: settings::Database { url: url.into(), pool_size: 8 },
            kafka: settings::Kafka {
                brokers: crate::database::kafka(),
                group_prefix: format!("test-{unique}"),
                topic_prefix: format!("test-{unique}."),
                partitions: 1,
            },
            redis: settings::Redis { url: crate::database::redis().map(Into::into) },
            otlp: settings::Otlp::default(),
            identity: settings::Identity {
                issuer: ISSUER.into(),
                audience: AUDIENCE.into(),
                roots: dir.join("roots"),
                certificate: dir.join("cert.pem"),
                key: dir.join("key.pem"),
                bound_tokens: settings::BoundTokens::default(),
                revocation: settings::Revocation::required_from(&dir.join("crl")),
                console_origins: std::collections::BTreeSet::new(),
            },
            secrets: settings::Secrets {
                register_key_file: dir.join("register.key"),
                log_keys: Some(dir.join("log-keys")),
            },
            rules: settings::Rules::default(),
            governance: settings::Governance::default(),
            services: std::collections::BTreeMap::new(),
            providers: std::collections::BTreeMap::new(),
            log: settings::Log::default(),
            sample_ids: true,
        };
        for change in self.settings {
            change(&mut settings, &pki, dir);
        }
        let clock = SimulatedClock::starting_at(self.start);
        let mut platform = Platform::open(&settings).expect("platform");
        platform.clock = Arc::new(clock.clone());
        platform.random = Arc::new(SeededRandom::new(42));
        platform.development_login = self.development_login;
        if matches!(self.service.revocations, Source::Stream(_)) && !self.hears {
            platform.revocations = Some(Arc::new(Revocations::by_hand()));
        }
        let producer = platform.bus.client().create().expect("producer");
        let running =
            self.service.start(settings, platform, Part::All, true).await.expect("the service starts");
        let known = self.hears || running.context.revocations().until_live(Duration::from_secs(20)).await;
        assert!(known, "revocations are not heard");
        let issuer = TokenIssuer::new(account, ISSUER).expect("token issuer");
        let http = chassis::http_client(Duration::from_secs(30)).expect("client");
        TestApp { running, clock, pki, issuer, http, producer, folder }
    }
}

impl TestApp {
    /// A test of `service`; business time starts on Monday 2026-03-02 at 09:00 in Taipei unless told.
    pub fn of(service: Service) -> TestAppBuilder {
        let day = chrono::NaiveDate::from_ymd_opt(2026, 3, 2).unwrap_or_default();
        TestAppBuilder {
            service,
            start: kernel::days::at(day, 9, 0),
            settings: vec![],
            hears: false,
            development_login: None,
        }
    }

    /// The service's context.
    pub fn context(&self) -> &Context {
        &self.running.context
    }

    /// The test's folder; gone when the test ends.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Puts a certificate on its issuer's next revocation list, as of now, and lets the service take it.
    ///
    /// # Panics
    /// When the list cannot be made.
    #[expect(clippy::expect_used, reason = "a test cannot go on without it")]
    pub async fn revoke_card(&self, card: &SoftCard) {
        let certificate = card.credential().certificate();
        let revoked = Revoked { serial: certificate.serial(), since: self.clock.now() };
        self.pki
            .revoke(&self.folder.path().join("crl"), &certificate.issuer_key_id(), revoked, SystemClock.now())
            .expect("a revocation list");
        self.refresh_lists().await;
    }

    /// Puts an empty list of the citizen authority with this number in place of the one that is there, good until
    /// `next_update`, and lets the service look at it.
    ///
    /// # Panics
    /// When the list cannot be made.
    #[expect(clippy::expect_used, reason = "a test cannot go on without it")]
    pub async fn write_list(&self, number: u64, next_update: Instant) {
        let issuer = identity::Certificate::parse(self.pki.authority_der(identity::Purpose::Citizen));
        let key_id = issuer.expect("the authority").key_id();
        let authority = self.pki.authority_by_key_id(&key_id).expect("the authority");
        let terms = ListTerms { number, this_update: SystemClock.now(), next_update };
        let list = signed_list(authority, terms, [], &[]).expect("a revocation list");
        std::fs::write(self.folder.path().join(format!("crl/{key_id}.crl")), list).expect("a file");
        self.refresh_lists().await;
    }

    /// Lets the service look at its revocation lists now.
    pub async fn refresh_lists(&self) {
        self.context().revocation_lists().refresh(self.clock.now()).await;
    }

    /// A person called `name` in `agency` with `roles` and a card. The same name gives the same ids.
    ///
    /// # Panics
    /// When the PKI cannot issue the card.
    #[expect(clippy::expect_used, reason = "a test cannot go on without it")]
    pub fn person(&self, name: &str, agency: &str, roles: &[Role]) -> TestPerson {
        let serial_number = format!("{:016}", id::<Uuid>(name).as_u128() % 10_000_000_000_000_000);
        let holder = CardHolder { name, serial_number: &serial_number, last_four: "0001" };
        let card = SoftCard::new(self.pki.issue_card(holder, SystemClock.now()).expect("card"));
        TestPerson {
            person: id(&format!("person/{name}")),
            post: id(&format!("post/{name}")),
            agency: id(&format!("agency/{agency}")),
            unit: id(&format!("unit/{agency}")),
            roles: roles.iter().copied().collect(),
            system: None,
            provides: std::collections::BTreeSet::new(),
            place: None,
            card,
        }
    }

    /// An access token for `person`, good for ten minutes from now.
    pub fn token(&self, person: &TestPerson) -> String {
        self.token_for(&person.principal())
    }

    /// An access token for another service of the suite or an agency system with `roles`.
    pub fn system_token(&self, name: &str, agency: &str, roles: &[Role]) -> String {
        self.token_for(&Principal {
            kind: PrincipalKind::System,
            subject: id::<Uuid>(&format!("system/{name}")).to_string(),
            name: Some(name.to_owned()),
            agency: Some(id(&format!("agency/{agency}"))),
            oversees: false,
            provides: std::collections::BTreeSet::new(),
            unit: None,
            roles: roles.iter().copied().collect(),
            system: Some(id(&format!("system/{name}"))),
            place: None,
            acting_for: None,
            emergency: None,
            bound_to: None,
            session: None,
            token_id: String::new(),
            as_of: i64::MAX,
            expires_at: chrono::DateTime::UNIX_EPOCH,
        })
    }

    /// An access token for `principal`, good for ten minutes from now.
    ///
    /// # Panics
    /// When it cannot be signed.
    #[expect(clippy::expect_used, reason = "a test cannot go on without it")]
    pub fn token_for(&self, principal: &Principal) -> String {
        let grant = AccessGrant {
            kind: principal.kind,
            subject: principal.subject.clone(),
            client_id: "test".into(),
            token_id: format!("{:016x}", self.nonce()),
            as_of: principal.as_of,
            name: principal.name.clone(),
            agency: principal.agency,
            oversees: principal.oversees,
            provides: principal.provides.clone(),
            unit: principal.unit,
            roles: principal.roles.clone(),
            system: principal.system,
            place: principal.place,
            acting_for: principal.acting_for,
            emergency: principal.emergency,
            cnf: principal.bound_to.clone().map(|x5t_s256| Confirmation { x5t_s256 }),
            session: principal.session,
        };
        self.issuer
            .issue(&grant, &[AUDIENCE], self.clock.now(), chrono::Duration::minutes(10))
            .expect("token")
    }

    fn nonce(&self) -> u64 {
        let mut bytes = [0; 8];
        self.context().random().fill(&mut bytes);
        u64::from_be_bytes(bytes)
    }

    /// GETs `path` with `token`.
    pub async fn get(&self, path: &str, token: &str) -> TestResponse {
        self.send(Method::GET, path, Some(token), None::<&Value>, None).await
    }

    /// POSTs `body` to `path` under a fresh Idempotency-Key.
    pub async fn post(&self, path: &str, token: &str, body: &impl Serialize) -> TestResponse {
        let key = format!("key-{}", self.nonce());
        self.send(Method::POST, path, Some(token), Some(body), Some(&key)).await
    }

    /// Sends a request with every part under the test's control.
    ///
    /// # Panics
    /// When no answer comes.
    #[expect(clippy::expect_used, reason = "a test cannot go on without it")]
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&impl Serialize>,
        idempotency_key: Option<&str>,
    ) -> TestResponse {
        let mut request = self.http.request(method, format!("{}{path}", self.running.url()));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = idempotency_key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        TestResponse::read(request.send().await.expect("an answer")).await.expect("a readable answer")
    }

    /// GETs `path`, with or without a token, and gives status, headers and body as they came.
    ///
    /// # Panics
    /// When no answer comes.
    #[expect(clippy::expect_used, reason = "a test cannot go on without it")]
    pub async fn get_raw(&self, path: &str, token: Option<&str>) -> (u16, HeaderMap, Vec<u8>) {
        let mut request = self.http.get(format!("{}{path}", self.running.url()));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        (status, headers, response.bytes().await.expect("a body").to_vec())
    }

    /// Moves business time on and runs what falls due.
    ///
    /// # Panics
    /// When a schedule or job fails.
    #[expect(clippy::expect_used, reason = "a test's assertion")]
    pub async fn advance(&self, by: chrono::Duration) {
        self.clock.advance(by);
        self.running.run_due().await.expect("schedules and jobs run");
    }

    /// Tells the service of an act, as the account service's stream would.
    ///
    /// # Panics
    /// When the service hears a stream itself.
    #[expect(clippy::expect_used, reason = "a test cannot go on without it")]
    pub fn revoke(&self, kind: Kind, subject: &impl ToString, ends_tokens: bool, state: Option<Value>) {
        let after = self.context().revocations().seq();
        let (seq, subject) = (after + 1, subject.to_string());
        let entry = Entry { seq, at: self.clock.now(), kind, subject, ends_tokens, state };
        let told = Told { after, seq, entries: vec![entry], more: false };
        revocations::hear(self.context(), told, tokio::time::Instant::now()).expect("the next number");
    }

    async fn wait_for_event(&self, id: Uuid) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        while self.count("SELECT count(*) AS n FROM inbox WHERE event_id = $1", id).await == 0 {
            assert!(
                self.count("SELECT count(*) AS n FROM dead_letters WHERE event_id = $1", id).await == 0,
                "the event became a dead letter"
            );
            assert!(tokio::time::Instant::now() < deadline, "the event was not taken in");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[expect(clippy::expect_used, reason = "a test cannot go on without it")]
    async fn count(&self, sql: &str, id: Uuid) -> i64 {
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = BigInt)]
            n: i64,
        }
        let mut conn = self.context().connection().await.expect("connection");
        sql_query(sql).bind::<SqlUuid, _>(id).get_result::<Count>(&mut conn).await.expect("count").n
    }

    /// Stops the service.
    pub async fn stop(self) {
        self.running.stop().await;
    }
}
