//! Services as processes on databases of their own, a provider behind mutual TLS, and a caller.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chassis::context::Platform;
use chassis::{Service, Settings};
use diesel::sql_types::BigInt;
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use identity::{Credential, DevPki, TrustAnchors};
use kernel::{Clock as _, SystemClock};
use provider_simulator::{ProviderSimulator, ProviderTls};
use reqwest::{Method, RequestBuilder, Response};
use sample_city::{CitySettings, SampleCity};
use serde_json::Value;

use crate::link::Link;
use crate::people::{AUDIENCE, ISSUER, People, Person, nonce};
use crate::process::{self, Process};

static CITY: OnceLock<Arc<SampleCity>> = OnceLock::new();
static WORLDS: AtomicU32 = AtomicU32::new(0);

pub fn city() -> Arc<SampleCity> {
    let make = || {
        let start = "2026-01-01".parse().unwrap();
        let settings = CitySettings { citizens: 6_000, cases: 900, ..CitySettings::new(3, start) };
        Arc::new(SampleCity::generate(settings).unwrap())
    };
    Arc::clone(CITY.get_or_init(make))
}

#[expect(clippy::disallowed_methods, reason = "where these tests learn their servers")]
fn server(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|s| !s.is_empty())
}

/// The Kafka of `make test`. Processes apart need a real one: without it these tests say so and do nothing.
pub fn kafka() -> Option<String> {
    let kafka = server("DATAWARDEN_TEST_KAFKA");
    if kafka.is_none() {
        eprintln!("##### NO KAFKA: services as processes apart are not tested #####");
    }
    kafka
}

/// What a world is made of besides PostgreSQL.
#[derive(Default)]
pub struct Wanted {
    pub kafka: Option<String>,
    pub redis: Option<String>,
    pub otlp: Option<String>,
}

impl Wanted {
    /// The servers of `make test`.
    pub fn shared() -> Option<Self> {
        Some(Self { kafka: Some(kafka()?), redis: server("DATAWARDEN_TEST_REDIS"), otlp: None })
    }
}

pub struct World {
    pub people: People,
    pub provider: ProviderSimulator,
    /// The services' way to the provider.
    pub to_provider: Link,
    pub processes: BTreeMap<&'static str, Process>,
    pub pki: DevPki,
    wanted: Wanted,
    name: String,
    /// Rows of the registry's directory once it knows everybody and everything that was approved.
    pub known: i64,
    urls: BTreeMap<&'static str, String>,
    http: reqwest::Client,
    folder: tempfile::TempDir,
}

impl World {
    /// Everything but the processes.
    pub async fn made_of(wanted: Wanted) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pki = DevPki::generate().unwrap();
        pki.write_anchors(&folder.path().join("roots")).unwrap();
        pki.write_lists(&folder.path().join("crl"), SystemClock.now()).unwrap();
        std::fs::write(folder.path().join("register.key"), "11".repeat(32)).unwrap();
        let now = SystemClock.now();
        let account = pki.issue_service("account", now).unwrap();
        let tls = ProviderTls::from_pki(&pki, &["localhost", "127.0.0.1"], now).unwrap();
        let address = "127.0.0.1:0".parse().unwrap();
        let provider = ProviderSimulator::start(address, city(), Arc::new(SystemClock), &tls).unwrap();
        let to_provider = Link::to(provider.url.trim_start_matches("https://").parse().unwrap()).await;
        let name = format!("w{}x{}", std::process::id(), WORLDS.fetch_add(1, Ordering::Relaxed));
        let people = People::of(&pki, account);
        let mut world = Self {
            people,
            provider,
            to_provider,
            processes: BTreeMap::new(),
            pki,
            wanted,
            name,
            known: 0,
            urls: BTreeMap::new(),
            http: chassis::http_client(Duration::from_secs(40)).unwrap(),
            folder,
        };
        for service in ["account", "query-registry", "audit-sampling"] {
            world.prepare(service).await;
        }
        world
    }

    /// A world whose account service knows everybody and whose query-registry has heard of it.
    pub async fn peopled(wanted: Wanted) -> Self {
        let mut world = Self::made_of(wanted).await;
        world.people_it().await;
        world
    }

    /// Starts account and query-registry and waits until both know everybody.
    pub async fn people_it(&mut self) {
        self.load_master_data().await;
        self.start("account").await;
        self.start("query-registry").await;
        self.until("query-registry", "SELECT count(*) AS n FROM directory", self.known).await;
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub fn settings_file(&self, service: &str) -> PathBuf {
        self.path(&format!("{service}.toml"))
    }

    /// Writes a service's settings and makes its database.
    pub async fn prepare(&mut self, service: &'static str) {
        let credential: Credential = self.pki.issue_service(service, SystemClock.now()).unwrap();
        let (certificate, key) = (self.path(&format!("{service}.pem")), self.path(&format!("{service}.key")));
        credential.save_pem_files(&certificate, &key).unwrap();
        let database = self.database(service);
        execute(&server_url(), &format!("CREATE DATABASE {database}")).await;
        let port = dev_servers::free_port(Ipv4Addr::LOCALHOST.into()).unwrap();
        self.urls.insert(service, format!("http://127.0.0.1:{port}"));
        std::fs::write(self.settings_file(service), self.settings_text(service, port)).unwrap();
    }

    fn settings_text(&self, service: &str, port: u16) -> String {
        let folder = self.folder.path().display();
        let mut text = format!(
            "sample_ids = true\n\
             [http]\nbind = \"127.0.0.1:{port}\"\nworkers = 1\n\
             [database]\nurl = \"{}\"\n\
             [identity]\nissuer = \"{ISSUER}\"\naudience = \"{AUDIENCE}\"\nroots = \"{folder}/roots\"\n\
             certificate = \"{folder}/{service}.pem\"\nkey = \"{folder}/{service}.key\"\n\
             [identity.revocation]\nrefresh_seconds = 1\n\
             [identity.revocation.citizen]\nlists = [\"{folder}/crl\"]\n\
             [identity.revocation.agency]\nlists = [\"{folder}/crl\"]\n\
             [secrets]\nregister_key_file = \"{folder}/register.key\"\nlog_keys = \"{folder}/log-keys\"\n\
             [kafka]\ngroup_prefix = \"{name}\"\ntopic_prefix = \"{name}.\"\npartitions = 1\n",
            self.database_url(service),
            name = self.name,
        );
        if let Some(brokers) = &self.wanted.kafka {
            let _ = writeln!(text, "brokers = \"{brokers}\"");
        }
        if let Some(url) = &self.wanted.redis {
            let _ = writeln!(text, "[redis]\nurl = \"{url}\"");
        }
        if let Some(endpoint) = &self.wanted.otlp {
            let _ = writeln!(text, "[otlp]\nendpoint = \"{endpoint}\"");
        }
        if let Some(account) = self.urls.get("account").filter(|_| service != "account") {
            let _ = writeln!(text, "[services]\naccount = \"{account}\"");
        }
        for provider in ["household", "tax"] {
            let _ = writeln!(
                text,
                "[providers.{provider}]\nurl = \"https://{}/{provider}\"\nroots = \"{folder}/roots/internal.pem\"",
                self.to_provider.address
            );
        }
        text
    }

    fn database(&self, service: &str) -> String {
        format!("{}_{}", self.name, service.replace('-', "_"))
    }

    pub fn database_url(&self, service: &str) -> String {
        let server = server_url();
        let (base, _) = server.rsplit_once('/').unwrap();
        format!("{base}/{}", self.database(service))
    }

    /// Starts a service, again if it ran before; with the account service up, it hears of revocations.
    pub async fn start(&mut self, service: &'static str) {
        self.start_as(service, service).await;
    }

    /// Starts `name`, a replica of `service` on the same database.
    pub async fn start_replica(&mut self, service: &'static str, name: &'static str) {
        let port = dev_servers::free_port(Ipv4Addr::LOCALHOST.into()).unwrap();
        let text = std::fs::read_to_string(self.settings_file(service)).unwrap();
        let own = self.urls[service].trim_start_matches("http://").to_owned();
        std::fs::write(self.settings_file(name), text.replace(&own, &format!("127.0.0.1:{port}"))).unwrap();
        self.urls.insert(name, format!("http://127.0.0.1:{port}"));
        self.start_as(service, name).await;
    }

    async fn start_as(&mut self, service: &'static str, name: &'static str) {
        let process = Process::start(service, &self.settings_file(name), &self.urls[name]).await;
        self.processes.insert(name, process);
        if self.processes.contains_key("account") {
            self.until_it_hears(name).await;
        }
    }

    /// Waits until a service knows what is revoked.
    pub async fn until_it_hears(&self, name: &str) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        let url = format!("{}/readyz", self.urls[name]);
        loop {
            let answer = self.http.get(&url).send().await.unwrap();
            let state: Value = answer.json().await.unwrap();
            if state["revocations"] == true {
                return;
            }
            assert!(tokio::time::Instant::now() < deadline, "{name} hears nothing: {state}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Runs a service's command to its end; it must succeed.
    pub fn run(&self, service: &str, arguments: &[&str]) {
        let output = process::run(service, &self.settings_file(service), arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// A context of `service` in this process, on the same database.
    pub async fn context(&self, service: &Service) -> chassis::Context {
        let settings = self.settings(service.name);
        let platform = Platform::open(&settings).unwrap();
        service.context(settings, platform).await.unwrap()
    }

    pub fn settings(&self, service: &str) -> Settings {
        Settings::load(Some(&self.settings_file(service))).unwrap()
    }

    async fn load_master_data(&mut self) {
        let service = account::service();
        service.migrate(&self.settings("account")).await.unwrap();
        let context = self.context(&service).await;
        let anchors = TrustAnchors::from_dir(&self.path("roots")).unwrap();
        let mut data = self.people.master_data(&anchors);
        let day = kernel::days::taipei_date(context.now());
        let used = self.settings("query-registry");
        data.configuration = chassis::configuration::items(&used, context.packs(), day).unwrap();
        let known = [data.people.len(), data.agencies.len(), data.systems.len(), data.accounts.len()];
        self.known = i64::try_from(known.iter().sum::<usize>() + data.configuration.len()).unwrap();
        let endorsements = self.people.sign_start(&data);
        account::bootstrap::load(&context, &data, &endorsements).await.unwrap();
    }

    pub fn request(&self, method: Method, service: &str, path: &str, person: &Person) -> RequestBuilder {
        let request = self.http.request(method.clone(), format!("{}{path}", self.urls[service]));
        let request = request.bearer_auth(self.people.token(person));
        if method == Method::POST {
            return request.header("idempotency-key", nonce());
        }
        request
    }

    pub async fn get(&self, service: &str, path: &str, person: &Person) -> Value {
        let answer = self.request(Method::GET, service, path, person).send().await.unwrap();
        expect(answer, 200).await
    }

    /// Runs `sql` on the service's database.
    pub async fn sql(&self, service: &str, sql: &str) {
        execute(&self.database_url(service), sql).await;
    }

    pub async fn count(&self, service: &str, sql: &str) -> i64 {
        let mut conn = AsyncPgConnection::establish(&self.database_url(service)).await.unwrap();
        sql_query(sql).get_result::<Count>(&mut conn).await.unwrap().n
    }

    /// Waits until the count is `wanted`.
    pub async fn until(&self, service: &str, sql: &str, wanted: i64) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        loop {
            let count = self.count(service, sql).await;
            if count == wanted {
                return;
            }
            if tokio::time::Instant::now() > deadline {
                let logs: String = self.processes.values().map(Process::log).collect();
                panic!("{sql} gave {count}, not {wanted}\n{logs}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

fn server_url() -> String {
    server("DATAWARDEN_TEST_POSTGRES")
        .unwrap_or_else(|| panic!("DATAWARDEN_TEST_POSTGRES is not set: run `make test`"))
}

async fn execute(url: &str, sql: &str) {
    AsyncPgConnection::establish(url).await.unwrap().batch_execute(sql).await.unwrap();
}

/// The body of an answer that must have `status`.
pub async fn expect(answer: Response, status: u16) -> Value {
    let is = answer.status().as_u16();
    let text = answer.text().await.unwrap_or_default();
    assert_eq!(is, status, "{text}");
    serde_json::from_str(&text).unwrap_or_default()
}

/// The code of a refusal.
pub fn code(problem: &Value) -> &str {
    problem["type"].as_str().unwrap_or_default().trim_start_matches("urn:datawarden:problem:")
}

/// A connection of the test's own that holds a lock, so that a process stops at a known place.
pub async fn holding(url: &str, lock: &str) -> AsyncPgConnection {
    let mut conn = AsyncPgConnection::establish(url).await.unwrap();
    conn.batch_execute(&format!("BEGIN; {lock}")).await.unwrap();
    conn
}

/// The folder of a file in the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
