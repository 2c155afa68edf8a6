//! The handle that services hold: a cheap clone over the sequencers, the key store and a few reading connections.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use chrono::DateTime;
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _};
use kernel::{Clock, Instant, Random};
use tokio::sync::{mpsc, oneshot};

use crate::authority::Authority;
use crate::body::UnsealedBody;
use crate::entry::{NewEntry, Receipt};
use crate::error::LogError;
use crate::finding;
use crate::header::Kind;
use crate::key_tree::TreeKey;
use crate::keys::{self, KeyStore};
use crate::month::Month;
use crate::sequencer::{Prepared, QUEUE, Refusal, Sequencer, Waiting};
use crate::standing::Anchors;
use crate::succession::{self, Ending};

/// Connections for reading; appending has one of its own per log.
const READERS: usize = 4;
/// Largest entry, header and body together, in bytes.
const LARGEST: usize = 256 * 1024;
/// What a reading connection says first. Statements over arrays would be planned anew each time, for every month that there is.
const SESSION: &str = "SET plan_cache_mode = force_generic_plan";
/// How often an append is prepared anew because the month turned under it.
const TURNS: usize = 4;

/// What a log is opened over.
pub struct Opening<'a> {
    /// Where [`crate::MIGRATIONS`] ran. The database may be away: appends fail until it is there.
    pub database_url: &'a str,
    /// What checkpoints call the logs: with `/` and the name behind it, a URL without scheme.
    pub origin: &'a str,
    /// Holds the keys.
    pub keys: Arc<dyn KeyStore>,
    /// Tells when entries are sequenced.
    pub clock: Arc<dyn Clock>,
    /// Source of seeds.
    pub random: Arc<dyn Random>,
    /// Who holds copies of the logs' heads.
    pub anchors: Arc<dyn Anchors>,
    /// How many witnesses must have seen a checkpoint for it to be shown before newer ones.
    pub quorum: usize,
    /// Names, each `[a-z][a-z0-9-]{0,30}`.
    pub logs: &'a [&'a str],
}

/// The query log: append, read, export. Clones share everything.
#[derive(Clone)]
pub struct QueryLog {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    /// Those that the log was opened with, and successors that it learned of.
    logs: RwLock<BTreeMap<String, LogHandle>>,
    /// Logs of which this process knows that their ending is entered in the governance log.
    told: RwLock<BTreeSet<String>>,
    database_url: String,
    pub authority: Arc<Authority>,
    pub keys: Arc<dyn KeyStore>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    pool: Pool<AsyncPgConnection>,
    /// Pseudonym keys of the months that are being written. The keys that an early erasure takes back are not among
    /// them: readers ask the key store each time, and a sequencer holds them only while it leads.
    pseudonyms: RwLock<HashMap<(String, Month), Arc<TreeKey>>>,
}

#[derive(Clone)]
pub(crate) struct LogHandle {
    queue: mpsc::Sender<Waiting>,
    /// `recorded_at` of the last entry in microseconds: preparing aims at its month if the clock is behind.
    last_at: Arc<AtomicI64>,
    /// How it ended, if it did.
    ending: Option<Ending>,
}

impl std::fmt::Debug for QueryLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueryLog").field("logs", &self.names()).finish_non_exhaustive()
    }
}

impl QueryLog {
    /// Starts a sequencer for each of the logs on the runtime that this is called in.
    pub fn open(opening: Opening<'_>) -> Result<Self, LogError> {
        let Opening { database_url, origin, keys, clock, random, anchors, quorum, logs } = opening;
        if logs.iter().any(|name| !is_name(name)) {
            return Err(LogError::Invalid("a log's name is [a-z][a-z0-9-]{0,30}"));
        }
        // A restarted database leaves dead connections behind: each is tried before use.
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Verified;
        config.custom_setup = Box::new(|url| {
            let url = url.to_owned();
            Box::pin(async move {
                let mut connection = AsyncPgConnection::establish(&url).await?;
                let ready = async {
                    connection.batch_execute(SESSION).await?;
                    connection.batch_execute(statement::NOTICE_DEAD_CLIENTS).await
                };
                let ready = ready.await;
                ready.map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
                finding::learn_months(&mut connection).await;
                Ok(connection)
            })
        });
        let connections = AsyncDieselConnectionManager::new_with_config(database_url, config);
        let pool = Pool::builder(connections).max_size(READERS).build().map_err(|_| LogError::Unavailable)?;
        let authority = Arc::new(Authority::new(origin, Arc::clone(&keys), anchors, quorum));
        let inner = Inner {
            logs: RwLock::default(),
            told: RwLock::default(),
            database_url: database_url.to_owned(),
            authority,
            keys,
            clock,
            random,
            pool,
            pseudonyms: RwLock::default(),
        };
        for name in logs {
            inner.start(name);
        }
        // A first reader finds a connection there, as long as the others of the pool are not needed.
        let first = inner.pool.clone();
        tokio::spawn(async move { drop(first.get().await) });
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Appends `entry` to `log` and returns once it is durable, with the proof of it. On any error the caller must act as
    /// if the entry were not recorded (an intent that was recorded nevertheless shows as open, see [`Self::open_intents`]).
    pub async fn append(&self, log: &str, entry: NewEntry) -> Result<Receipt, LogError> {
        self.write(log, &entry).await
    }

    /// As [`Self::append`], to the log that is written now in the line of logs that `log` belongs to: one that ended this
    /// moment is no refusal.
    pub async fn append_to_line(&self, log: &str, entry: NewEntry) -> Result<Receipt, LogError> {
        match self.write(&self.current(log), &entry).await {
            Err(LogError::Ended) => {
                self.succeed().await?;
                self.write(&self.current(log), &entry).await
            }
            written => written,
        }
    }

    async fn write(&self, log: &str, entry: &NewEntry) -> Result<Receipt, LogError> {
        if entry.kind == Kind::Manifest {
            return Err(LogError::Invalid("manifest entries are written by the log itself"));
        }
        let handle = self.handle(log)?;
        for _ in 0..TURNS {
            let month = Month::of(handle.not_before(self.inner.clock.now()));
            let mut prepared = self.prepare(log, month, entry).await?;
            let field_keys = prepared.take_field_keys();
            let (answer, answered) = oneshot::channel();
            handle.queue.send(Waiting { prepared, answer }).await.map_err(|_| LogError::Closed)?;
            match answered.await.map_err(|_| LogError::Closed)? {
                Ok((batch, place)) => {
                    return batch.receipt(place, field_keys).ok_or(LogError::Malformed);
                }
                Err(Refusal::MonthTurned) => {}
                Err(Refusal::Failed(error)) => return Err(error),
            }
        }
        Err(LogError::Fenced)
    }

    /// Whether there is a log of that name.
    pub fn holds(&self, log: &str) -> bool {
        self.handle(log).is_ok()
    }

    /// Every log, those that ended too.
    pub fn names(&self) -> Vec<String> {
        self.inner.logs.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// The logs of the line that began with `first`, those that ended too.
    pub fn line(&self, first: &str) -> Vec<String> {
        self.names().into_iter().filter(|name| succession::line(name) == first).collect()
    }

    /// The log that goes on where `log` ended, if it did.
    pub fn successor(&self, log: &str) -> Option<String> {
        Some(self.ending(log)?.successor())
    }

    /// How the log ended, if it did.
    pub fn ending(&self, log: &str) -> Option<Ending> {
        self.handle(log).ok()?.ending
    }

    /// The log that is written now in the line of logs that `log` belongs to: itself, unless it ended.
    pub fn current(&self, log: &str) -> String {
        let logs = self.inner.logs.read().unwrap_or_else(PoisonError::into_inner);
        let mut current = log.to_owned();
        while let Some(ending) = logs.get(&current).and_then(|handle| handle.ending.as_ref()) {
            current = ending.successor();
        }
        current
    }

    /// Takes up that the log ended so: its successor is written from now on.
    pub(crate) fn begin(&self, ending: &Ending) {
        if self.ending(&ending.log).is_some() || !self.holds(&ending.log) {
            return;
        }
        self.inner.start(&ending.successor());
        let mut logs = self.inner.logs.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = logs.get_mut(&ending.log) {
            handle.ending = Some(ending.clone());
        }
    }

    pub(crate) fn knows(&self, ending: &Ending) -> bool {
        self.inner.told.read().unwrap_or_else(PoisonError::into_inner).contains(&ending.log)
    }

    pub(crate) fn know(&self, ending: &Ending) {
        self.inner.told.write().unwrap_or_else(PoisonError::into_inner).insert(ending.log.clone());
    }

    pub(crate) fn handle(&self, log: &str) -> Result<LogHandle, LogError> {
        let logs = self.inner.logs.read().unwrap_or_else(PoisonError::into_inner);
        logs.get(log).cloned().ok_or_else(|| LogError::UnknownLog(log.to_owned()))
    }

    pub(crate) async fn connection(&self) -> Result<Object<AsyncPgConnection>, LogError> {
        tokio::time::timeout(std::time::Duration::from_secs(5), self.inner.pool.get())
            .await
            .map_err(|_| LogError::Unavailable)?
            .map_err(|_| LogError::Unavailable)
    }

    pub(crate) fn now(&self) -> Instant {
        self.inner.clock.now()
    }

    pub(crate) fn forget_pseudonyms(&self, log: &str, month: Month) {
        let mut kept = self.inner.pseudonyms.write().unwrap_or_else(PoisonError::into_inner);
        kept.remove(&(log.to_owned(), month));
    }

    /// Everything about the entry that does not depend on its place: done by the callers, in parallel.
    async fn prepare(&self, log: &str, month: Month, entry: &NewEntry) -> Result<Prepared, LogError> {
        let seed = zeroize::Zeroizing::new(self.inner.random.bytes32());
        let body = UnsealedBody::new(&seed, &entry.personal)?;
        let pseudonym = match entry.account {
            Some(account) => Some(keys::pseudonym(&*self.pseudonym_key(log, month).await?, account)),
            None => None,
        };
        let prepared = Prepared::new(log, month, entry, pseudonym, body);
        if prepared.size > LARGEST {
            return Err(LogError::TooLarge);
        }
        Ok(prepared)
    }

    async fn pseudonym_key(&self, log: &str, month: Month) -> Result<Arc<TreeKey>, LogError> {
        let place = (log.to_owned(), month);
        if let Some(key) = self.inner.pseudonyms.read().unwrap_or_else(PoisonError::into_inner).get(&place) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(self.inner.keys.month_keys(log, month).await?.pseudonym().clone());
        let mut kept = self.inner.pseudonyms.write().unwrap_or_else(PoisonError::into_inner);
        // One month of a log is written at a time: older keys leave memory.
        kept.retain(|(name, _), _| name != log);
        kept.insert(place, Arc::clone(&key));
        Ok(key)
    }
}

impl Inner {
    /// Starts the sequencer of a log, unless it runs.
    fn start(&self, name: &str) {
        let mut logs = self.logs.write().unwrap_or_else(PoisonError::into_inner);
        logs.entry(name.to_owned()).or_insert_with(|| {
            let (queue, waiting) = mpsc::channel(QUEUE);
            let last_at = Arc::new(AtomicI64::new(i64::MIN));
            let sequencer = Sequencer::new(
                name.to_owned(),
                self.database_url.clone(),
                Arc::clone(&self.authority),
                Arc::clone(&self.keys),
                Arc::clone(&self.clock),
                Arc::clone(&last_at),
                waiting,
            );
            tokio::spawn(sequencer.run());
            LogHandle { queue, last_at, ending: None }
        });
    }
}

impl LogHandle {
    fn not_before(&self, now: Instant) -> Instant {
        let last = DateTime::from_timestamp_micros(self.last_at.load(Ordering::Acquire));
        last.map_or(now, |last| last.max(now))
    }
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_lowercase())
        && name.len() <= 31
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
