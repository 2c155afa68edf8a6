//! The handle that services hold: a cheap clone over the sequencers, the key store and a few reading connections.

use std::collections::HashMap;
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
use crate::header::Kind;
use crate::key_tree::TreeKey;
use crate::keys::{self, KeyStore};
use crate::month::Month;
use crate::sequencer::{Prepared, QUEUE, Refusal, Sequencer, Waiting};
use crate::standing::Anchors;

/// Connections for reading; appending has one of its own per log.
const READERS: usize = 4;
/// Largest entry, header and body together, in bytes.
const LARGEST: usize = 256 * 1024;
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
    pub logs: HashMap<String, LogHandle>,
    pub authority: Arc<Authority>,
    pub keys: Arc<dyn KeyStore>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    pool: Pool<AsyncPgConnection>,
    /// Pseudonym keys of the months that are being written. The keys that an early erasure takes back are not among
    /// them: readers ask the key store each time, and a sequencer holds them only while it leads.
    pseudonyms: RwLock<HashMap<(String, Month), Arc<TreeKey>>>,
}

pub(crate) struct LogHandle {
    queue: mpsc::Sender<Waiting>,
    /// `recorded_at` of the last entry in microseconds: preparing aims at its month if the clock is behind.
    last_at: Arc<AtomicI64>,
}

impl std::fmt::Debug for QueryLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueryLog").field("logs", &self.inner.logs.keys()).finish_non_exhaustive()
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
                let ready = connection.batch_execute(statement::NOTICE_DEAD_CLIENTS).await;
                ready.map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
                Ok(connection)
            })
        });
        let connections = AsyncDieselConnectionManager::new_with_config(database_url, config);
        let pool = Pool::builder(connections).max_size(READERS).build().map_err(|_| LogError::Unavailable)?;
        let authority = Arc::new(Authority::new(origin, Arc::clone(&keys), anchors, quorum));
        let logs = logs
            .iter()
            .map(|name| {
                let (queue, waiting) = mpsc::channel(QUEUE);
                let last_at = Arc::new(AtomicI64::new(i64::MIN));
                let sequencer = Sequencer::new(
                    (*name).to_owned(),
                    database_url.to_owned(),
                    Arc::clone(&authority),
                    Arc::clone(&keys),
                    Arc::clone(&clock),
                    Arc::clone(&last_at),
                    waiting,
                );
                tokio::spawn(sequencer.run());
                ((*name).to_owned(), LogHandle { queue, last_at })
            })
            .collect();
        let inner = Inner { logs, authority, keys, clock, random, pool, pseudonyms: RwLock::default() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Appends `entry` to `log` and returns once it is durable, with the proof of it. On any error the caller must act as
    /// if the entry were not recorded (an intent that was recorded nevertheless shows as open, see [`Self::open_intents`]).
    pub async fn append(&self, log: &str, entry: NewEntry) -> Result<Receipt, LogError> {
        if entry.kind == Kind::Manifest {
            return Err(LogError::Invalid("manifest entries are written by the log itself"));
        }
        let handle = self.handle(log)?;
        for _ in 0..TURNS {
            let month = Month::of(handle.not_before(self.inner.clock.now()));
            let mut prepared = self.prepare(log, month, &entry).await?;
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
        self.inner.logs.contains_key(log)
    }

    pub(crate) fn handle(&self, log: &str) -> Result<&LogHandle, LogError> {
        self.inner.logs.get(log).ok_or_else(|| LogError::UnknownLog(log.to_owned()))
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
