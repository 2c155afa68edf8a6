//! PostgreSQL: the pool, transactions that are repeated on serialization failure, migrations.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use diesel::sql_types::{Jsonb, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _,
    TransactionManager,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};
use identity::RevocationEvidence;
use kernel::Event;
use serde::Serialize;
use statement::statement;
use uuid::Uuid;

use crate::context::Context;
use crate::document::{self, Document, Stored};
use crate::error::{Error, Result};
use crate::outbox::{self, Outgoing};
use crate::settings;

/// The tables that every service has.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// Times that a transaction is tried before the caller is told to try again.
const ATTEMPTS: u32 = 12;

/// Time that a request waits for a connection at most.
const CONNECTION_WAIT: std::time::Duration = std::time::Duration::from_secs(5);

/// A connection of the pool.
pub type Connection = Object<AsyncPgConnection>;

/// Connections for look-ups: the gate's, the relay's and the consumers', one or two each.
const LOOKUPS: usize = 6;

/// What a connection for look-ups says first. PostgreSQL would plan a statement over arrays anew each time, since a plan for the
/// arrays at hand looks cheaper than one for any, which takes longer than the statement; and a plan that was made while a
/// table was empty would scan it when it is full. A bitmap scan never learns which entries of an index are dead.
const PLANNED_ONCE: &str =
    "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off";

/// Opens the pool of ordinary connections.
pub fn pool(settings: &settings::Database) -> anyhow::Result<Pool<AsyncPgConnection>> {
    open(settings, settings.pool_size, statement::NOTICE_DEAD_CLIENTS.to_owned())
}

/// Opens the pool of connections whose few statements look rows up by key, many at once ([`Context::lookups`]).
pub fn lookups(settings: &settings::Database) -> anyhow::Result<Pool<AsyncPgConnection>> {
    open(settings, LOOKUPS, format!("{}; {PLANNED_ONCE}", statement::NOTICE_DEAD_CLIENTS))
}

/// Connections live on the runtime that calls this, whichever thread first asks for one: a connection task dies with its
/// runtime, and actix workers have runtimes of their own.
fn open(
    settings: &settings::Database,
    size: usize,
    session: String,
) -> anyhow::Result<Pool<AsyncPgConnection>> {
    use secrecy::ExposeSecret as _;
    let home = tokio::runtime::Handle::current();
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |url| {
        let (home, url, session) = (home.clone(), url.to_owned(), session.clone());
        Box::pin(async move {
            let connecting = home.spawn(async move {
                let mut conn = AsyncPgConnection::establish(&url).await?;
                let ready = conn.batch_execute(&session).await;
                ready.map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
                Ok(conn)
            });
            connecting.await.unwrap_or_else(|e| Err(diesel::ConnectionError::BadConnection(e.to_string())))
        })
    });
    let manager = AsyncDieselConnectionManager::new_with_config(settings.url.expose_secret(), config);
    Pool::builder(manager).max_size(size).build().context("database pool")
}

/// Runs the pending migrations of `sources` under one advisory lock. Blocks; call it on a blocking thread.
pub fn migrate(url: &str, sources: Vec<EmbeddedMigrations>) -> anyhow::Result<usize> {
    use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
    type Conn = AsyncConnectionWrapper<AsyncPgConnection>;
    let mut conn = <Conn as diesel::Connection>::establish(url).context("database for migrations")?;
    // Two replicas that start at once must not migrate at once.
    diesel::RunQueryDsl::execute(diesel::sql_query("SELECT pg_advisory_lock(4711)"), &mut conn)?;
    let mut count = 0;
    for source in sources {
        let done =
            conn.run_pending_migrations(source).map_err(|e| anyhow::anyhow!("migration failed: {e}"))?;
        count += done.len();
    }
    diesel::RunQueryDsl::execute(diesel::sql_query("SELECT pg_advisory_unlock(4711)"), &mut conn)?;
    Ok(count)
}

/// A transaction: the connection, the moment, and the way out for events. Everything written through it happens
/// together or not at all.
pub struct Tx {
    conn: Connection,
    context: Context,
    now: DateTime<Utc>,
    emitted: bool,
    /// Revocation evidence that is stored once this commits.
    pub(crate) kept_evidence: Vec<RevocationEvidence>,
}

impl Tx {
    async fn begin(context: &Context, mut conn: Connection) -> Result<Self> {
        AnsiTransactionManager::begin_transaction_sql(&mut *conn, "BEGIN ISOLATION LEVEL REPEATABLE READ")
            .await?;
        let (context, now) = (context.clone(), context.now());
        Ok(Self { conn, context, now, emitted: false, kept_evidence: vec![] })
    }

    async fn commit(mut self) -> Result<()> {
        AnsiTransactionManager::commit_transaction(&mut *self.conn).await?;
        self.context.0.endorsements.note(self.kept_evidence);
        if self.emitted {
            self.context.relay_wakeup().notify_one();
        }
        Ok(())
    }

    async fn rollback(mut self) {
        // A connection that cannot roll back is thrown away by the pool.
        let _ = AnsiTransactionManager::rollback_transaction(&mut *self.conn).await;
    }

    /// The connection, for queries of a `store` module.
    pub fn conn(&mut self) -> &mut AsyncPgConnection {
        &mut self.conn
    }

    /// The service's context.
    pub fn context(&self) -> Context {
        self.context.clone()
    }

    /// The moment of this transaction in business time.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// A new time-ordered id.
    pub fn new_id<T: From<Uuid>>(&self) -> T {
        self.context.random().id(self.now)
    }

    /// Inserts a document.
    pub async fn insert<T: Document>(&mut self, doc: &T) -> Result<i64> {
        let now = self.now;
        Ok(document::insert(self.conn(), doc, now).await?.version)
    }

    /// Loads and locks a document; 404 if it is not there.
    pub async fn load<T: Document>(&mut self, id: impl Into<Uuid>) -> Result<Stored<T>> {
        document::find(self.conn(), id.into(), true).await?.ok_or_else(|| document::missing(T::TABLE))
    }

    /// Loads and locks a document, if it is there.
    pub async fn find<T: Document>(&mut self, id: impl Into<Uuid>) -> Result<Option<Stored<T>>> {
        document::find(self.conn(), id.into(), true).await
    }

    /// Loads a document that is not to change before this transaction ends, if it is there. Others may hold it as well: for
    /// what many read while few change it.
    pub async fn hold<T: Document>(&mut self, id: impl Into<Uuid>) -> Result<Option<Stored<T>>> {
        document::hold(self.conn(), id.into()).await
    }

    /// Writes a changed document back; gives its new version.
    pub async fn update<T: Document>(&mut self, stored: &Stored<T>) -> Result<i64> {
        let now = self.now;
        document::update(self.conn(), stored, now).await
    }

    /// Inserts or replaces a document: for projections.
    pub async fn put<T: Document>(&mut self, doc: &T) -> Result<()> {
        let now = self.now;
        document::put(self.conn(), doc, now).await
    }

    /// Publishes `event` when this transaction commits.
    pub async fn emit<E: Event>(&mut self, event: &E) -> Result<()> {
        self.emit_as_of(event, self.now).await
    }

    /// As [`Tx::emit`], for what happened at `at`: a replay tells a state as of the moment since which it stands.
    pub async fn emit_as_of<E: Event>(&mut self, event: &E, at: DateTime<Utc>) -> Result<()> {
        let id = self.new_id();
        outbox::put(self.conn(), id, &Outgoing::of(event, at)?).await?;
        self.emitted = true;
        Ok(())
    }

    /// Puts a job into the queue, to run at `run_at` or later.
    pub async fn enqueue<P: Serialize>(
        &mut self,
        kind: &'static str,
        payload: &P,
        run_at: DateTime<Utc>,
    ) -> Result<()> {
        let id: Uuid = self.new_id();
        statement("INSERT INTO jobs (id, kind, payload, run_at) VALUES ($1, $2, $3, $4)")
            .bind::<SqlUuid, _>(id)
            .bind::<Text, _>(kind)
            .bind::<Jsonb, _>(serde_json::to_value(payload)?)
            .bind::<Timestamptz, _>(run_at)
            .execute(self.conn())
            .await?;
        Ok(())
    }
}

/// Waiting without end would turn a full pool into a silent stop.
async fn of(pool: &Pool<AsyncPgConnection>) -> Result<Connection> {
    let waited = tokio::time::timeout(CONNECTION_WAIT, pool.get()).await;
    waited.map_err(|e| Error::Pool(e.into()))?.map_err(|e| Error::Pool(e.into()))
}

impl Context {
    /// A connection for reading.
    pub async fn connection(&self) -> Result<Connection> {
        of(self.pool()).await
    }

    /// A connection for statements that look rows up by key, for many at once: each is planned once, for tables of any size.
    pub async fn lookups(&self) -> Result<Connection> {
        of(&self.0.lookups).await
    }

    /// Runs `work` on one snapshot (REPEATABLE READ) and commits it. Aggregates are loaded with a row lock, and what
    /// must be unique has a key: when somebody else was first, PostgreSQL says so and the work is done again on a new
    /// snapshot. SERIALIZABLE was tried and refused: on small tables it locks whole relations (decision 0005).
    pub async fn transaction<T>(&self, work: impl AsyncFn(&mut Tx) -> Result<T>) -> Result<T> {
        self.transact(self.pool(), work).await
    }

    /// As [`Self::transaction`], on a connection of [`Self::lookups`].
    pub async fn transaction_of_lookups<T>(&self, work: impl AsyncFn(&mut Tx) -> Result<T>) -> Result<T> {
        self.transact(&self.0.lookups, work).await
    }

    async fn transact<T>(
        &self,
        pool: &Pool<AsyncPgConnection>,
        work: impl AsyncFn(&mut Tx) -> Result<T>,
    ) -> Result<T> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let mut tx = Tx::begin(self, of(pool).await?).await?;
            let outcome = match work(&mut tx).await {
                Ok(value) => tx.commit().await.map(|()| value),
                Err(error) => {
                    tx.rollback().await;
                    Err(error)
                }
            };
            match outcome {
                Err(error) if error.is_retryable() && attempt < ATTEMPTS => {
                    tracing::debug!(attempt, "transaction is repeated");
                    // By chance a little apart: who met at one row would meet there again.
                    let mut chance = [0];
                    self.random().fill(&mut chance);
                    let most = 4 * u64::from(attempt * attempt);
                    let pause = most * u64::from(chance[0]) / 255;
                    tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
                }
                outcome => return outcome,
            }
        }
    }
}
