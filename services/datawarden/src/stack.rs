//! Every service in this process on embedded stand-ins: a private PostgreSQL, the in-process broker and store, the
//! provider simulator, a development PKI with a soft card for each official. Not for production.

mod witnesses;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chassis::context::Platform;
use chassis::service::Part;
use chassis::{Running, Service, Settings, settings};
use dev_servers::{Postgres, PostgresOptions};
use identity::pki::load_or_issue;
use identity::{AccessGrant, Credential, DevPki, PrincipalKind, Role, SoftCard, TokenIssuer, TrustAnchors};
use kernel::configuration::ConfigurationItem;
use kernel::ids::PersonId;
use kernel::{Clock, Instant, Random as _, SimulatedClock, SystemClock, SystemRandom};
use provider_simulator::{ProviderSimulator, ProviderTls};
use sample_city::{AgencyKind, SampleCity};
use serde::{Deserialize, Serialize};

use crate::sample::Sample;
use crate::witness::WitnessServer;

/// Audience of access tokens in the embedded suite.
pub const AUDIENCE: &str = "datawarden";
/// Issuer of access tokens in the embedded suite.
pub const ISSUER: &str = "http://127.0.0.1:8401";
/// First of the ports; each service has the next.
const FIRST_PORT: u16 = 8401;
const PROVIDER_PORT: u16 = 8409;
/// Where `datawarden run` hands tokens to the pages under `/docs`.
pub const DEVELOPMENT_LOGIN: &str = "127.0.0.1:8400";
/// Where `datawarden run` shows traces.
pub const TRACES: &str = "127.0.0.1:8406";

/// The services in the order in which they start.
pub fn services() -> Vec<Service> {
    vec![
        account::service(),
        query_registry::service(),
        audit_sampling::service(),
        retention::service(),
        console::service(),
    ]
}

/// What a data folder remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Memory {
    /// Seed of the sample city.
    pub seed: u64,
    /// The end of the simulated year: the first start's now.
    pub end: Instant,
    /// Whether the year was lived to its end.
    pub lived: bool,
}

impl Memory {
    fn path(data: &Path) -> PathBuf {
        data.join("memory.json")
    }

    /// What `data` remembers; a fresh folder begins now.
    pub fn open(data: &Path) -> anyhow::Result<Self> {
        let path = Self::path(data);
        if path.exists() {
            return serde_json::from_str(&fs::read_to_string(&path)?)
                .context("memory.json: start over with RESET=1");
        }
        let memory = Self { seed: 1, end: SystemClock.now(), lived: false };
        memory.save(data)?;
        Ok(memory)
    }

    /// Writes it down.
    pub fn save(&self, data: &Path) -> anyhow::Result<()> {
        fs::write(Self::path(data), serde_json::to_string_pretty(self)?)?;
        Ok(())
    }
}

/// How to start.
pub struct StackOptions {
    /// Data folder.
    pub data: PathBuf,
    /// Business time at the start; `None` follows the machine.
    pub start: Option<Instant>,
    /// Whether the services take any free port instead of 8401 and on (tests).
    pub any_port: bool,
}

/// The running suite.
pub struct Stack {
    /// Business time.
    pub clock: SimulatedClock,
    /// Makes cards and certificates.
    pub pki: DevPki,
    /// Trusted authorities.
    pub anchors: TrustAnchors,
    /// The sample city.
    pub city: Arc<SampleCity>,
    /// Data folder.
    pub data: PathBuf,
    /// The data providers.
    pub provider: ProviderSimulator,
    /// Each official's card.
    pub cards: BTreeMap<PersonId, SoftCard>,
    /// What the data folder remembers.
    pub memory: Memory,
    platform: Credential,
    services: Vec<Running>,
    start_seconds: Vec<f64>,
    witnesses: Vec<WitnessServer>,
    postgres: Postgres,
}

impl Stack {
    /// Starts everything on the data of `options.data`, with master data on the first start.
    pub async fn start(options: StackOptions) -> anyhow::Result<Self> {
        let data = std::path::absolute(&options.data)?;
        let Sample { memory, pki, anchors, city, cards, platform } = Sample::open(&data)?;
        let (pki_dir, data_for_postgres) = (data.join("pki"), data.join("postgres"));
        let postgres = tokio::task::spawn_blocking(move || {
            Postgres::start(data_for_postgres, &PostgresOptions::durable())
        })
        .await??;
        let clock = SimulatedClock::starting_at(options.start.unwrap_or(memory.end));
        if options.start.is_none() {
            clock.release();
        }
        let provider = start_provider(&pki, &pki_dir, &city, &clock, options.any_port)?;
        let witnesses = witnesses::start(&data, &clock).await?;
        let mut stack = Self {
            clock,
            pki,
            anchors,
            city,
            data,
            provider,
            cards,
            memory,
            platform,
            services: vec![],
            start_seconds: vec![],
            witnesses,
            postgres,
        };
        stack.start_services(options.start.is_some(), options.any_port).await?;
        stack.load_master_data().await?;
        Ok(stack)
    }

    async fn start_services(&mut self, manual_time: bool, any_port: bool) -> anyhow::Result<()> {
        let mut shared: Option<Platform> = None;
        let services = services();
        let addresses = addresses(services.len(), any_port)?;
        // Each knows every other from the start: two of them ask each other.
        let urls: BTreeMap<_, _> = services
            .iter()
            .zip(&addresses)
            .map(|(service, address)| (service.name.to_owned(), format!("http://{address}")))
            .collect();
        for (service, address) in services.into_iter().zip(addresses) {
            let database = self.postgres.create_database(&service.name.replace('-', "_"))?;
            let settings = self.settings(&service, database, address, &urls);
            service.migrate(&settings).await.with_context(|| format!("{}: migrations", service.name))?;
            let platform = match &shared {
                Some(platform) => platform.clone(),
                None => {
                    let mut platform = Platform::open(&settings)?;
                    platform.clock = Arc::new(self.clock.clone());
                    platform.development_login =
                        (!any_port).then(|| format!("http://{DEVELOPMENT_LOGIN}/token"));
                    shared.insert(platform).clone()
                }
            };
            let begun = std::time::Instant::now();
            let running = service.start(settings, platform, Part::All, manual_time).await?;
            self.start_seconds.push(begun.elapsed().as_secs_f64());
            self.services.push(running);
        }
        for service in &self.services {
            let heard = service.context.revocations().until_live(Duration::from_secs(60)).await;
            anyhow::ensure!(heard, "{} hears nothing of revocations", service.context.name());
        }
        Ok(())
    }

    fn settings(
        &self,
        service: &Service,
        database: String,
        address: SocketAddr,
        urls: &BTreeMap<String, String>,
    ) -> Settings {
        let pki = self.data.join("pki");
        let provider = |name: &str| settings::Provider {
            url: format!("{}/{name}", self.provider.url),
            roots: Some(pki.join("roots/internal.pem")),
        };
        Settings {
            // The simulated year is one client that sends thousands of requests a second. All services share a machine: where not
            // many ask at once, a second worker costs more in wakings than it brings.
            http: settings::Http {
                bind: address.to_string(),
                workers: if service.name == "query-registry" { 2 } else { 1 },
                limits: settings::Limits::none(),
                ..settings::Http::default()
            },
            database: settings::Database { url: database.into(), pool_size: 16 },
            kafka: settings::Kafka::default(),
            redis: settings::Redis::default(),
            otlp: settings::Otlp::default(),
            identity: settings::Identity {
                issuer: ISSUER.into(),
                audience: AUDIENCE.into(),
                roots: pki.join("roots"),
                certificate: pki.join(format!("services/{}.pem", service.name)),
                key: pki.join(format!("services/{}.key.pem", service.name)),
                bound_tokens: settings::BoundTokens::default(),
                revocation: settings::Revocation::required_from(&pki.join("crl")),
                console_origins: BTreeSet::new(),
            },
            secrets: settings::Secrets {
                register_key_file: pki.join("register.key"),
                log_keys: Some(self.data.join("log-keys")),
            },
            rules: settings::Rules::default(),
            governance: settings::Governance::default(),
            services: urls.clone(),
            providers: [("household".to_owned(), provider("household")), ("tax".to_owned(), provider("tax"))]
                .into(),
            log: witnesses::settings(&self.witnesses),
            sample_ids: true,
        }
    }

    async fn load_master_data(&self) -> anyhow::Result<()> {
        let context = &self.service("account").context;
        let data = crate::master_data::master_data(
            &self.city,
            &self.cards,
            &self.platform,
            context.packs(),
            &self.anchors,
            self.configuration()?,
            context.now(),
        )?;
        match crate::sample::load(context, &data, &self.cards).await? {
            Some(_) => self.settle().await,
            None => Ok(()),
        }
    }

    /// What the embedded services run on: approved with the first start, as a city's administrators would.
    fn configuration(&self) -> anyhow::Result<Vec<ConfigurationItem>> {
        let context = &self.service("query-registry").context;
        let day = kernel::days::taipei_date(context.now());
        chassis::configuration::items(context.settings(), context.packs(), day)
    }

    /// A running service by its name.
    ///
    /// # Panics
    /// When there is no service of that name: a fault of the caller.
    #[expect(clippy::expect_used, reason = "names are constants")]
    pub fn service(&self, name: &str) -> &Running {
        self.services.iter().find(|s| s.context.name() == name).expect("a service of the suite")
    }

    /// Every running service.
    pub fn services(&self) -> &[Running] {
        &self.services
    }

    /// The credential of a registered agency system.
    pub fn system_credential(&self, code: &str) -> anyhow::Result<&Credential> {
        anyhow::ensure!(code == "welfare-platform", "no credential for the system {code}");
        Ok(&self.platform)
    }

    /// Seconds that each service took from start to ready, on a migrated database.
    pub fn start_seconds(&self) -> &[f64] {
        &self.start_seconds
    }

    /// The outside witnesses of the logs.
    pub fn witnesses(&self) -> &[WitnessServer] {
        &self.witnesses
    }

    /// URL of the private PostgreSQL's database of `service`.
    pub fn database_url(&self, service: &str) -> String {
        self.postgres.database_url(&service.replace('-', "_"))
    }

    /// Whether a commit waits for the disk. The simulated year is begun anew when it is cut short, so nothing that is
    /// kept hangs on it while the year is lived; everything after it waits.
    pub async fn wait_for_disk(&self, wait: bool) -> anyhow::Result<()> {
        use diesel_async::{AsyncConnection as _, SimpleAsyncConnection as _};
        let mut conn = diesel_async::AsyncPgConnection::establish(&self.database_url("account")).await?;
        let setting = if wait { "RESET synchronous_commit" } else { "SET synchronous_commit = off" };
        // ALTER SYSTEM does not run inside a transaction block, and several statements at once would be one.
        conn.batch_execute(&format!("ALTER SYSTEM {setting}")).await?;
        conn.batch_execute("SELECT pg_reload_conf()").await?;
        Ok(())
    }

    /// Waits until no event is on its way.
    pub async fn settle(&self) -> anyhow::Result<()> {
        let mut quiet = 0;
        let deadline = tokio::time::Instant::now() + Duration::from_secs(120);
        while quiet < 2 {
            let each = self.services.iter().map(Running::events_pending);
            let each = futures::future::try_join_all(each).await.map_err(|e| anyhow::anyhow!("{e:?}"))?;
            let names = self.services.iter().map(|service| service.context.name());
            let pending: Vec<_> = names.zip(each).filter(|(_, count)| *count > 0).collect();
            quiet = if pending.is_empty() { quiet + 1 } else { 0 };
            anyhow::ensure!(
                tokio::time::Instant::now() < deadline,
                "events are still on their way from or to {pending:?}"
            );
            if quiet == 0 {
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        }
        Ok(())
    }

    /// Runs what is due in every service at the present business time.
    pub async fn run_due(&self) -> anyhow::Result<()> {
        let runs = self.services.iter().map(async |service| {
            let name = service.context.name();
            service.run_due().await.map_err(|e| anyhow::anyhow!("{name}: {e:?}"))
        });
        futures::future::try_join_all(runs).await.map(drop)
    }

    /// Stops everything, events first.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.settle().await?;
        for service in self.services {
            service.stop().await;
        }
        for witness in self.witnesses {
            witness.stop().await;
        }
        self.provider.stop().await;
        Ok(())
    }
}

/// Where the services listen, each at a port of its own.
fn addresses(count: usize, any_port: bool) -> anyhow::Result<Vec<SocketAddr>> {
    let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    if !any_port {
        return Ok((FIRST_PORT..).take(count).map(local).collect());
    }
    let mut ports = BTreeSet::new();
    while ports.len() < count {
        ports.insert(dev_servers::free_port(Ipv4Addr::LOCALHOST.into())?);
    }
    Ok(ports.into_iter().map(local).collect())
}

fn start_provider(
    pki: &DevPki,
    pki_dir: &Path,
    city: &Arc<SampleCity>,
    clock: &SimulatedClock,
    any_port: bool,
) -> anyhow::Result<ProviderSimulator> {
    fs::create_dir_all(pki_dir.join("servers"))?;
    let mut tls = ProviderTls::from_pki(pki, &["localhost", "127.0.0.1"], SystemClock.now())?;
    tls.server = load_or_issue(&pki_dir.join("servers"), "provider", || Ok(tls.server.clone()))?;
    let bind = SocketAddr::from(([127, 0, 0, 1], if any_port { 0 } else { PROVIDER_PORT }));
    let clock: Arc<dyn Clock> = Arc::new(clock.clone());
    Ok(ProviderSimulator::start(bind, city.clone(), clock, &tls)?)
}

/// A token with `role` for a running embedded suite, made with the keys in its data folder: whoever may read them may
/// act as anyone in this development suite.
pub fn development_token(data: &Path, role: Role) -> anyhow::Result<String> {
    let memory = Memory::open(data)?;
    let city = crate::sample::city(&memory)?;
    let (official, post) = crate::sample::somebody(&city, role)?;
    let services = data.join("pki/services");
    let credential =
        Credential::from_pem_files(&services.join("account.pem"), &services.join("account.key.pem"))
            .context("no running suite's data here: name its folder with --data")?;
    let agency = city.agencies.iter().find(|a| a.id == post.agency);
    let mut token_id = [0; 16];
    SystemRandom.fill(&mut token_id);
    let grant = AccessGrant {
        kind: PrincipalKind::Person { person: official.id, post: post.id },
        subject: official.id.to_string(),
        client_id: "development".into(),
        token_id: hex::encode(token_id),
        as_of: i64::MAX,
        name: None,
        agency: Some(post.agency),
        oversees: agency.is_some_and(|a| a.kind == AgencyKind::Bureau),
        provides: agency.and_then(sample_city::Agency::provides).map(str::to_owned).into_iter().collect(),
        unit: Some(post.unit),
        roles: post
            .roles
            .iter()
            .map(|r| r.parse())
            .collect::<Result<_, _>>()
            .map_err(|_| anyhow::anyhow!("role"))?,
        system: None,
        place: None,
        acting_for: None,
        emergency: None,
        cnf: None,
        session: None,
    };
    let issuer = TokenIssuer::new(credential, ISSUER)?;
    Ok(issuer.issue(&grant, &[AUDIENCE], SystemClock.now(), chrono::Duration::minutes(10))?)
}
