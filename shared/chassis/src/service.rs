//! What a service is made of, and how it comes up and goes down.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::{App, web};
use anyhow::Context as _;
use diesel_migrations::EmbeddedMigrations;
use futures::future::LocalBoxFuture;
use identity::{EventVerifier, StreamVerifier, TokenVerifier};
use kernel::Event as _;
use kernel::configuration::ConfigurationChanged;
use secrecy::ExposeSecret as _;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::consume::Consumer;
use crate::context::{Context, Inner, Platform};
use crate::endorsements::Keeping;
use crate::http::limit::Limiter;
use crate::http::{authorize, common, trace};
use crate::jobs::JobKind;
use crate::keys::KeyRing;
use crate::operations::Operations;
use crate::problem::ProblemType;
use crate::replay::Replay;
use crate::revocation_lists::{self, RevocationLists};
use crate::schedule::Schedule;
use crate::settings::Settings;
use crate::{bus, configuration, db, ephemeral, listen, openapi, relay, revocations, schedule};

/// A service's own state.
pub type State = Arc<dyn Any + Send + Sync>;

/// Makes a service's own state.
pub type Init = fn(Context) -> LocalBoxFuture<'static, anyhow::Result<State>>;

/// What a service is made of. The same value runs in its own process, in `datawarden`, and in tests.
#[derive(Clone)]
pub struct Service {
    /// Its name; also its certificate's name, its database's and its consumer group's.
    pub name: &'static str,
    /// Titles, English and Traditional Chinese.
    pub title: (&'static str, &'static str),
    /// Its migrations, run after the chassis' own.
    pub migrations: fn() -> Vec<EmbeddedMigrations>,
    /// `operations.toml`.
    pub operations: &'static str,
    /// Problem types besides the chassis' own.
    pub problems: &'static [&'static ProblemType],
    /// Its operations.
    pub routes: fn(&mut ServiceConfig<'_>),
    /// Events that it takes in.
    pub consumers: fn() -> Vec<Consumer>,
    /// Aggregates whose state it can publish again.
    pub replays: fn() -> Vec<Replay>,
    /// Its rhythms.
    pub schedules: fn() -> Vec<Schedule>,
    /// Its kinds of jobs.
    pub jobs: fn() -> Vec<JobKind>,
    /// Topics that it publishes on; without any it has no producer.
    pub topics: &'static [&'static str],
    /// Where it learns what was revoked.
    pub revocations: revocations::Source,
    /// Makes the service's own state, when it has one. Called after migrations.
    pub init: Option<Init>,
}

/// What `/readyz` reports.
#[derive(Default)]
pub(crate) struct Readiness {
    migrated: AtomicBool,
    broker: AtomicBool,
    compared: AtomicBool,
}

impl Readiness {
    pub fn migrated(&self) -> bool {
        self.migrated.load(Ordering::Relaxed)
    }

    pub fn broker(&self) -> bool {
        self.broker.load(Ordering::Relaxed)
    }

    /// Whether what the service runs on was found approved, see [`crate::configuration`].
    pub fn compared(&self) -> bool {
        self.compared.load(Ordering::Acquire)
    }

    pub fn set_compared(&self) {
        self.compared.store(true, Ordering::Release);
    }
}

/// Which parts of a service run in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// HTTP, relay, consumers, schedules and jobs.
    All,
    /// HTTP and relay.
    Serve,
    /// Relay, consumers, schedules and jobs.
    Worker,
}

/// A running service. Dropping it stops nothing; call [`Running::stop`].
pub struct Running {
    /// Its context.
    pub context: Context,
    /// Where it listens.
    pub address: Option<SocketAddr>,
    topics_read: Vec<&'static str>,
    publishes: bool,
    schedules: Vec<Schedule>,
    jobs: Vec<JobKind>,
    server: Option<actix_web::dev::ServerHandle>,
    /// The task that hears of revocations.
    listening: Option<tokio::task::JoinHandle<()>>,
    worker: Option<Worker>,
}

/// A thread with a runtime of its own for work that stays on one thread.
struct Worker {
    stop: tokio::sync::oneshot::Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Platform {
    /// The parts that `settings` name, with the machine's clock and chance.
    pub fn open(settings: &Settings) -> anyhow::Result<Self> {
        let packs = Self::packs(settings)?;
        Ok(Self {
            clock: Arc::new(kernel::SystemClock),
            random: Arc::new(kernel::SystemRandom),
            bus: bus::Bus::open(&settings.kafka)?,
            ephemeral: ephemeral::open(&settings.redis)?,
            packs: Arc::new(packs),
            calendar: Arc::new(rule_pack::working_calendar()?),
            development_login: None,
            revocations: None,
        })
    }
}

impl Platform {
    /// The rule packs that `settings` name, or those built in.
    pub fn packs(settings: &Settings) -> anyhow::Result<rule_pack::PackSet> {
        Ok(match &settings.rules.dir {
            Some(dir) => rule_pack::PackSet::load(dir)?,
            None => rule_pack::PackSet::embedded()?,
        })
    }
}

impl Service {
    /// Whether it is told what two persons approved, and so runs on nothing else. The console is not: it holds no data, and
    /// the services that it asks believe no root but their own.
    fn keeps_approvals(&self) -> bool {
        let topic = ConfigurationChanged::TOPIC;
        self.topics.contains(&topic) || (self.consumers)().iter().any(|consumer| consumer.topic() == topic)
    }

    /// Every migration: the chassis' and the service's.
    pub fn all_migrations(&self) -> Vec<EmbeddedMigrations> {
        std::iter::once(db::MIGRATIONS).chain((self.migrations)()).collect()
    }

    /// The complete OpenAPI document.
    pub fn document(&self) -> anyhow::Result<serde_json::Value> {
        let collected = openapi::collect(self.routes);
        let operations = Operations::new(self.operations, &collected)?;
        Ok(openapi::complete(self.name, self.title, &collected, &operations, self.problems))
    }

    /// Brings the database to the newest schema.
    pub async fn migrate(&self, settings: &Settings) -> anyhow::Result<usize> {
        let (url, sources) = (settings.database.url.expose_secret().to_owned(), self.all_migrations());
        tokio::task::spawn_blocking(move || db::migrate(&url, sources)).await?
    }

    /// The service's context, ready for use but with nothing running.
    pub async fn context(&self, settings: Settings, platform: Platform) -> anyhow::Result<Context> {
        let operations = Operations::new(self.operations, &openapi::collect(self.routes))
            .with_context(|| format!("{}: operations", self.name))?;
        let keys = Arc::new(KeyRing::open(self.name, &settings.identity)?);
        let revocation = RevocationLists::open(&settings.identity, platform.clock.now())?;
        let anchors = revocation.anchors();
        let context = Context(Arc::new(Inner {
            name: self.name,
            pool: db::pool(&settings.database)?,
            lookups: db::lookups(&settings.database)?,
            operations,
            consumers: (self.consumers)(),
            limiter: Limiter::new(platform.ephemeral.clone()),
            tokens: TokenVerifier::new(anchors.clone(), &settings.identity.audience),
            keys,
            event_verifier: EventVerifier::new(anchors.clone()),
            stream_verifier: StreamVerifier::new(anchors),
            revocations: platform.revocations.clone().unwrap_or_default(),
            apply_revocation: match self.revocations {
                revocations::Source::Own(_) => None,
                revocations::Source::Stream(apply) => apply,
            },
            revocation: Arc::new(revocation),
            endorsements: Keeping::default(),
            state: OnceLock::new(),
            relay_wakeup: tokio::sync::Notify::new(),
            readiness: Readiness::default(),
            settings,
            platform,
        }));
        if let Some(init) = self.init {
            // Tasks that `init` begins may keep the context; it has no state before `init` ends.
            let state = init(context.clone()).await.with_context(|| format!("{}: start", self.name))?;
            anyhow::ensure!(context.0.state.set(state).is_ok(), "{}: state is made once", self.name);
        }
        context.0.readiness.migrated.store(true, Ordering::Relaxed);
        Ok(context)
    }

    /// Starts `part` of the service on a migrated database. With [`Part::All`] and `manual_time`, schedules and jobs
    /// run only when [`Running::run_due`] is called: the simulated year moves time itself.
    pub async fn start(
        &self,
        settings: Settings,
        platform: Platform,
        part: Part,
        manual_time: bool,
    ) -> anyhow::Result<Running> {
        let context = self.context(settings, platform).await?;
        if self.keeps_approvals() {
            configuration::at_start(&context).await.with_context(|| format!("{}: start", self.name))?;
        } else {
            context.0.readiness.set_compared();
        }
        let (mut schedules, jobs) = ((self.schedules)(), (self.jobs)());
        schedules.push(crate::housekeeping::schedule());
        let (server, address, listening) = if part == Part::Worker {
            (None, None, None)
        } else {
            let listening = revocations::start(&context, self.revocations)?;
            let (handle, address) = self.listen(&context)?;
            (Some(handle), Some(address), Some(listening))
        };
        let worker = self.spawn_worker(&context, part, manual_time, schedules.clone(), jobs.clone())?;
        let topics_read =
            (self.consumers)().iter().map(Consumer::topic).collect::<std::collections::BTreeSet<_>>();
        let topics_read = topics_read.into_iter().collect();
        let worker = Some(worker);
        let publishes = !self.topics.is_empty();
        Ok(Running { context, address, topics_read, publishes, schedules, jobs, server, listening, worker })
    }

    fn listen(&self, context: &Context) -> anyhow::Result<(actix_web::dev::ServerHandle, SocketAddr)> {
        let mut document = self.document()?;
        if let Some(token_url) = &context.0.platform.development_login {
            openapi::add_development_login(&mut document, token_url);
        }
        let document = Arc::new(document);
        let routes = self.routes;
        let data = web::Data::new(context.clone());
        let settings = context.settings();
        let tls = if settings.http.tls {
            Some(listen::tls::server_config(context.0.keys.clone(), context.anchors())?)
        } else {
            None
        };
        let (server, address) = listen::serve(&settings.http, tls, move || {
            let document = document.clone();
            let swagger = utoipa_swagger_ui::SwaggerUi::new("/docs/{_:.*}")
                .config(utoipa_swagger_ui::Config::from("/openapi.json").try_it_out_enabled(true));
            App::new()
                .app_data(data.clone())
                .app_data(common::path_config())
                .app_data(common::query_config())
                .wrap(from_fn(authorize::authorize))
                .wrap(from_fn(trace::trace))
                .configure(|config| routes(&mut ServiceConfig::new(config)))
                .service(common::get("/healthz", web::get().to(common::healthz)))
                .service(common::get("/readyz", web::get().to(common::readyz)))
                .service(common::get(
                    "/openapi.json",
                    web::get().to(move || {
                        let document = document.clone();
                        async move { web::Json((*document).clone()) }
                    }),
                ))
                .service(common::get("/docs", web::get().to(|| async { web::Redirect::to("/docs/") })))
                .service(swagger)
                .default_service(web::to(common::not_found))
        })?;
        let handle = server.handle();
        tokio::spawn(server);
        Ok((handle, address))
    }

    fn spawn_worker(
        &self,
        context: &Context,
        part: Part,
        manual_time: bool,
        schedules: Vec<Schedule>,
        jobs: Vec<JobKind>,
    ) -> anyhow::Result<Worker> {
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (context, topics) = (context.clone(), self.topics);
        let body = move || {
            let local = tokio::task::LocalSet::new();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => return tracing::error!(%error, "worker runtime"),
            };
            let relaying = context.clone();
            local.spawn_local(async move {
                // The broker would make a topic that is written to before it is made, with partitions of its own mind.
                open_topics(&relaying, topics).await;
                if !topics.is_empty() {
                    relay::run(relaying).await;
                }
            });
            local.spawn_local(context.0.keys.clone().watch());
            local.spawn_local(revocation_lists::run(context.clone()));
            if part == Part::Serve {
                local.spawn_local(configuration::until_compared(context));
            } else {
                local.spawn_local(async move {
                    configuration::until_compared(context.clone()).await;
                    if !manual_time {
                        tokio::task::spawn_local(schedule::run(context.clone(), schedules, jobs));
                    }
                    crate::consume::run(context).await;
                });
            }
            let _ = runtime.block_on(local.run_until(stopped));
        };
        let thread = std::thread::Builder::new().name(format!("{}-worker", self.name)).spawn(body)?;
        Ok(Worker { stop, thread })
    }
}

async fn open_topics(context: &Context, topics: &'static [&'static str]) {
    while let Err(error) = context.bus().create_topics(topics).await {
        tracing::warn!(?error, "broker is away");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    context.0.readiness.broker.store(true, Ordering::Relaxed);
}

impl Running {
    /// Where it answers, e.g. `http://127.0.0.1:8401`; `https` where it ends TLS itself.
    pub fn url(&self) -> String {
        let scheme = if self.context.settings().http.tls { "https" } else { "http" };
        self.address.map(|a| format!("{scheme}://{a}")).unwrap_or_default()
    }

    /// Events that are on their way into this service from services of this process; where there are none, those on
    /// their way out of it.
    pub async fn events_pending(&self) -> crate::Result<u64> {
        let group = self.context.bus().group(self.context.name());
        let coming = self.context.bus().pending(&group, &self.topics_read);
        if coming > 0 || !self.publishes {
            return Ok(coming);
        }
        Ok(relay::waiting(&self.context).await?.unsigned_abs())
    }

    /// Runs the schedules and jobs that are due at the present business time, side by side, then the jobs that schedules
    /// made; gives their number.
    pub async fn run_due(&self) -> crate::Result<usize> {
        let schedules = schedule::run_due(&self.context, &self.schedules);
        let (runs, jobs) = tokio::try_join!(schedules, self.run_jobs())?;
        Ok(runs + jobs + self.run_jobs().await?)
    }

    async fn run_jobs(&self) -> crate::Result<usize> {
        crate::jobs::run_due(&self.context, &self.jobs).await
    }

    /// Stops: open requests end, then the worker.
    pub async fn stop(mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
        }
        // Open streams would hold the server until its time is up.
        self.context.revocations().close();
        if let Some(server) = self.server.take() {
            server.stop(true).await;
        }
        if let Some(worker) = self.worker.take() {
            let _ = worker.stop.send(());
            let _ = tokio::task::spawn_blocking(move || worker.thread.join()).await;
        }
    }
}
