//! A fresh database, a simulated clock, a key store in a temporary directory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use diesel_async::{
    AsyncConnection, AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection,
};
use diesel_migrations::MigrationHarness;
use kernel::ids::{AccountId, AgencyId, QueryId};
use kernel::{Instant, Personal, Random, SimulatedClock, SystemRandom};
use query_log::{
    Anchors, FileKeyStore, GOVERNANCE, Hash, Kind, LogError, MIGRATIONS, NewEntry, NoAnchors, Opening,
    QueryLog, Receipt, SUBJECT, Verdict, verify_database,
};
use transparency::entry_proof::EntryProof;
use transparency::note::Verifier;
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
    /// Holds the key store: `keys` and `kek`.
    pub directory: tempfile::TempDir,
    /// Where the database is one of several on a server that stays: the server's maintenance database.
    server: Option<String>,
    random: Arc<dyn Random>,
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
}

#[derive(diesel::QueryableByName)]
struct Leaf {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    entry_index: i64,
    #[diesel(sql_type = diesel::sql_types::Binary)]
    leaf_hash: Vec<u8>,
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
        let name = format!("query_log_{}", random_id().simple());
        administer(&admin_url, &format!("CREATE DATABASE {name}")).await;
        let (server, _) = admin_url.rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let mut world = Self::over(&format!("{server}/{name}"), random).await;
        world.server = Some(admin_url);
        world
    }

    /// On an empty database of the test's own server.
    pub async fn at(url: &str) -> Self {
        Self::over(url, Arc::new(SystemRandom)).await
    }

    async fn over(url: &str, random: Arc<dyn Random>) -> Self {
        let connection = AsyncPgConnection::establish(url).await.unwrap();
        AsyncMigrationHarness::new(connection).run_pending_migrations(MIGRATIONS).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let keys = FileKeyStore::open(&directory.path().join("keys"), &directory.path().join("kek")).unwrap();
        let clock = SimulatedClock::starting_at(moment("2026-01-15T02:00:00Z"));
        let log = open(url, &keys, &clock, &random, Arc::new(NoAnchors), 0);
        let name = url.rsplit('/').next().unwrap().to_owned();
        Self { url: url.to_owned(), name, log, clock, keys, directory, server: None, random }
    }

    /// Another process on the same database and key store.
    pub fn replica(&self) -> QueryLog {
        self.replica_by(&self.url)
    }

    /// Another process that comes to the database another way.
    pub fn replica_by(&self, url: &str) -> QueryLog {
        open(url, &self.keys, &self.clock, &self.random, Arc::new(NoAnchors), 0)
    }

    /// Another process that asks `anchors` before it goes on.
    pub fn anchored(&self, anchors: impl Anchors) -> QueryLog {
        self.witnessed(anchors, 0)
    }

    /// As [`Self::anchored`], with a quorum of witnesses.
    pub fn witnessed(&self, anchors: impl Anchors, quorum: usize) -> QueryLog {
        open(&self.url, &self.keys, &self.clock, &self.random, Arc::new(anchors), quorum)
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

    /// The leaf hashes of [`LOG`] by index.
    async fn leaves(&self) -> BTreeMap<u64, Hash> {
        let sql = "SELECT entry_index, leaf_hash FROM log_entries WHERE log = 'three-year'";
        let mut connection = AsyncPgConnection::establish(&self.url).await.unwrap();
        let rows: Vec<Leaf> = diesel::sql_query(sql).load(&mut connection).await.unwrap();
        let place = |row: &Leaf| u64::try_from(row.entry_index).unwrap();
        rows.iter().map(|row| (place(row), row.leaf_hash.as_slice().try_into().unwrap())).collect()
    }

    /// How many tries were written more than once.
    async fn doubled(&self) -> i64 {
        let sql = "SELECT count(query_id) - count(DISTINCT query_id) AS n FROM log_entries";
        let mut connection = AsyncPgConnection::establish(&self.url).await.unwrap();
        diesel::sql_query(sql).get_result::<Count>(&mut connection).await.unwrap().n
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
        let Some(server) = self.server.take() else { return };
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(administer(&server, &sql));
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
    quorum: usize,
) -> QueryLog {
    QueryLog::open(Opening {
        database_url: url,
        origin: ORIGIN,
        keys: Arc::new(keys.clone()),
        clock: Arc::new(clock.clone()),
        random: Arc::clone(random),
        anchors,
        quorum,
        logs: &[LOG, "five-year", GOVERNANCE],
    })
    .unwrap()
}

fn random_id() -> Uuid {
    let mut bytes = [0; 16];
    kernel::Random::fill(&SystemRandom, &mut bytes);
    Uuid::from_bytes(bytes)
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

/// Lets `writers` append at once, spread over `logs`, until each has `each` receipts; in the order of the log.
pub async fn write_at_once(logs: &[QueryLog], writers: usize, each: usize) -> Vec<Receipt> {
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let log = logs[writer % logs.len()].clone();
            tokio::spawn(async move {
                let mut receipts = Vec::new();
                for n in 0..each {
                    let entry = intent(u8::try_from((writer + n) % 200).unwrap());
                    receipts.push(append_until_acknowledged(&log, &entry).await);
                }
                receipts
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        let receipts = task.await.unwrap();
        assert!(receipts.is_sorted_by_key(|r| r.index), "one writer's receipts come in order");
        all.extend(receipts);
    }
    all.sort_by_key(|receipt| receipt.index);
    all
}

/// Tries again after an error, as a caller that refused a query would on the next query: each try has an id of its own.
pub async fn append_until_acknowledged(log: &QueryLog, entry: &NewEntry) -> Receipt {
    loop {
        let tried = NewEntry { query: Some(QueryId(random_id())), ..entry.clone() };
        match log.append(LOG, tried).await {
            Ok(receipt) => return receipt,
            Err(LogError::Unavailable | LogError::Fenced) => tokio::task::yield_now().await,
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// What was acknowledged stands in its place, once, and is proved; what was tried once stands there at most once; the
/// log holds with every receipt as an anchor.
pub async fn all_there(world: &World, receipts: &[Receipt]) {
    let places: BTreeSet<u64> = receipts.iter().map(|r| r.index).collect();
    assert_eq!(places.len(), receipts.len(), "no place was acknowledged twice");
    let key = Verifier::parse(&world.replica().verifier_key(LOG).await.unwrap()).unwrap();
    let stored = world.leaves().await;
    for receipt in receipts {
        let proof = EntryProof::parse(&receipt.proof).unwrap();
        assert_eq!(stored.get(&receipt.index), Some(&receipt.leaf_hash), "entry {} is lost", receipt.index);
        assert_eq!(proof.index, receipt.index);
        let checkpoint = proof.verify(receipt.leaf_hash, std::slice::from_ref(&key)).unwrap();
        assert_eq!((checkpoint.size, checkpoint.root), (receipt.head.size, receipt.head.root_hash));
    }
    assert_eq!(world.doubled().await, 0, "what was tried once was written once");
    let heads = receipts.iter().map(|receipt| receipt.head.clone());
    let report = verify_database(&world.url, &[LOG], heads).await.unwrap();
    assert_eq!(report.verdict, Verdict::Intact, "{:?}", report.breaks);
}
