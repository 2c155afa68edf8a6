//! A fresh database, a simulated clock, a key store in a temporary directory.

use std::sync::Arc;

use diesel_async::{AsyncConnection, AsyncMigrationHarness, AsyncPgConnection, SimpleAsyncConnection};
use diesel_migrations::MigrationHarness;
use kernel::ids::{AccountId, AgencyId};
use kernel::{Instant, Personal, Random, SimulatedClock, SystemRandom};
use query_log::{
    Anchors, FileKeyStore, GOVERNANCE, Kind, MIGRATIONS, NewEntry, NoAnchors, Opening, QueryLog, Receipt,
    SUBJECT,
};
use uuid::Uuid;

/// The log that most tests write.
pub const LOG: &str = "three-year";
/// What checkpoints call the logs.
pub const ORIGIN: &str = "log.example/kaohsiung";

pub struct World {
    pub url: String,
    pub name: String,
    pub log: QueryLog,
    pub clock: SimulatedClock,
    pub keys: FileKeyStore,
    pub directory: tempfile::TempDir,
    admin_url: String,
    random: Arc<dyn Random>,
}

#[expect(clippy::disallowed_methods, reason = "the test's own setting; there is no service here to hold it")]
fn admin_url() -> String {
    std::env::var("DATAWARDEN_TEST_POSTGRES").expect(
        "DATAWARDEN_TEST_POSTGRES is not set: run `make test`, which starts a private PostgreSQL and sets it",
    )
}

pub fn moment(text: &str) -> Instant {
    text.parse().unwrap()
}

/// Runs SQL as superuser on the maintenance database.
pub async fn admin(sql: &str) {
    administer(&admin_url(), sql).await;
}

async fn administer(url: &str, sql: &str) {
    let mut connection = AsyncPgConnection::establish(url).await.unwrap();
    connection.batch_execute(sql).await.unwrap();
}

impl World {
    pub async fn start() -> Self {
        Self::on(admin_url(), Arc::new(SystemRandom)).await
    }

    /// On the server with this maintenance database; the seeds of entries come from `random`.
    pub async fn on(admin_url: String, random: Arc<dyn Random>) -> Self {
        let name = format!("query_log_{}", Uuid::from_bytes(random16()).simple());
        administer(&admin_url, &format!("CREATE DATABASE {name}")).await;
        let (server, _) = admin_url.rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let url = format!("{server}/{name}");
        let connection = AsyncPgConnection::establish(&url).await.unwrap();
        AsyncMigrationHarness::new(connection).run_pending_migrations(MIGRATIONS).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let keys = FileKeyStore::open(&directory.path().join("keys"), &directory.path().join("kek")).unwrap();
        let clock = SimulatedClock::starting_at(moment("2026-01-15T02:00:00Z"));
        let log = open(&url, &keys, &clock, &random, Arc::new(NoAnchors));
        Self { url, name, log, clock, keys, directory, admin_url, random }
    }

    /// Another process on the same database and key store.
    pub fn replica(&self) -> QueryLog {
        self.anchored(NoAnchors)
    }

    /// Another process that asks `anchors` before it goes on.
    pub fn anchored(&self, anchors: impl Anchors) -> QueryLog {
        open(&self.url, &self.keys, &self.clock, &self.random, Arc::new(anchors))
    }

    /// Runs SQL as superuser with every trigger switched off.
    pub async fn bend(&self, sql: &str) {
        let mut connection = AsyncPgConnection::establish(&self.url).await.unwrap();
        connection.batch_execute(&format!("SET session_replication_role = replica; {sql}")).await.unwrap();
    }

    /// Runs SQL as superuser.
    pub async fn run(&self, sql: &str) -> diesel::QueryResult<()> {
        AsyncPgConnection::establish(&self.url).await.unwrap().batch_execute(sql).await
    }

    pub async fn append(&self, n: u8) -> Receipt {
        self.log.append(LOG, intent(n)).await.unwrap()
    }

    /// The whole log as a bundle.
    pub async fn bundle(&self, log: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.log.export_bundle(log, 0..u64::MAX, &mut bytes).await.unwrap();
        bytes
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let url = self.admin_url.clone();
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(administer(&url, &sql));
        });
        dropped.join().unwrap();
    }
}

fn open(
    url: &str,
    keys: &FileKeyStore,
    clock: &SimulatedClock,
    random: &Arc<dyn Random>,
    anchors: Arc<dyn Anchors>,
) -> QueryLog {
    QueryLog::open(Opening {
        database_url: url,
        origin: ORIGIN,
        keys: Arc::new(keys.clone()),
        clock: Arc::new(clock.clone()),
        random: Arc::clone(random),
        anchors,
        logs: &[LOG, "five-year", GOVERNANCE],
    })
    .unwrap()
}

fn random16() -> [u8; 16] {
    let mut bytes = [0; 16];
    kernel::Random::fill(&SystemRandom, &mut bytes);
    bytes
}

pub fn account(n: u8) -> AccountId {
    AccountId(Uuid::from_bytes([n; 16]))
}

pub fn agency(n: u8) -> AgencyId {
    AgencyId(Uuid::from_bytes([0xa0 + n; 16]))
}

/// An intent of account `n % 3` about subject `n`.
pub fn intent(n: u8) -> NewEntry {
    let mut entry = NewEntry::new(Kind::Intent, moment("2026-01-15T01:59:59Z"));
    entry.agency = Some(agency(n % 2));
    entry.account = Some(account(n % 3));
    entry.legal_basis = Some("社會救助法".to_owned());
    entry.decision = Some("granted".to_owned());
    entry.fields = ["name", "address"].map(str::to_owned).into();
    entry.personal = [(SUBJECT, format!("S00000{n:04}")), ("reason", "低收入戶複查".to_owned())]
        .map(|(field, value)| (field.to_owned(), Personal::new(value)))
        .into();
    entry
}
