//! Short-lived values that replicas share: replay marks, counters, values that are taken once. Redis where it is set, else
//! this process.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use secrecy::ExposeSecret as _;

use crate::settings;

/// The store is away; callers decide whether that refuses or degrades.
#[derive(Debug, thiserror::Error)]
#[error("the ephemeral store is away")]
pub struct Away(#[from] redis::RedisError);

/// Short-lived shared values.
#[async_trait]
pub trait Ephemeral: Send + Sync + 'static {
    /// Marks `key` for `ttl`; false when it was marked already.
    async fn mark(&self, key: &str, ttl: Duration) -> Result<bool, Away>;
    /// Adds one to the counter `key`, which ends `ttl` after its first step; gives the new count.
    async fn count(&self, key: &str, ttl: Duration) -> Result<u64, Away>;
    /// Keeps `value` under `key` for `ttl`, in place of what was there.
    async fn put(&self, key: &str, value: &str, ttl: Duration) -> Result<(), Away>;
    /// Takes the value under `key` away: of all who ask, one gets it.
    async fn take(&self, key: &str) -> Result<Option<String>, Away>;
}

/// Opens the store that `settings` name.
pub fn open(settings: &settings::Redis) -> anyhow::Result<std::sync::Arc<dyn Ephemeral>> {
    match &settings.url {
        None => Ok(std::sync::Arc::new(InProcess::default())),
        Some(url) => {
            let client = redis::Client::open(url.expose_secret())?;
            let config = redis::aio::ConnectionManagerConfig::new()
                .set_response_timeout(Some(Duration::from_secs(1)))
                .set_connection_timeout(Some(Duration::from_secs(1)))
                .set_number_of_retries(1);
            Ok(std::sync::Arc::new(Redis(client.get_connection_manager_lazy(config)?)))
        }
    }
}

struct Redis(redis::aio::ConnectionManager);

#[async_trait]
impl Ephemeral for Redis {
    async fn mark(&self, key: &str, ttl: Duration) -> Result<bool, Away> {
        let mut conn = self.0.clone();
        let set: Option<String> = redis::cmd("SET")
            .arg(key)
            .arg(1)
            .arg("NX")
            .arg("PX")
            .arg(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX))
            .query_async(&mut conn)
            .await?;
        Ok(set.is_some())
    }

    async fn count(&self, key: &str, ttl: Duration) -> Result<u64, Away> {
        let mut conn = self.0.clone();
        let (count,): (u64,) = redis::pipe()
            .atomic()
            .cmd("SET")
            .arg(key)
            .arg(0)
            .arg("NX")
            .arg("PX")
            .arg(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX))
            .ignore()
            .cmd("INCR")
            .arg(key)
            .query_async(&mut conn)
            .await?;
        Ok(count)
    }

    async fn put(&self, key: &str, value: &str, ttl: Duration) -> Result<(), Away> {
        let mut conn = self.0.clone();
        let ttl = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        let () = redis::cmd("SET").arg(key).arg(value).arg("PX").arg(ttl).query_async(&mut conn).await?;
        Ok(())
    }

    async fn take(&self, key: &str) -> Result<Option<String>, Away> {
        let mut conn = self.0.clone();
        Ok(redis::cmd("GETDEL").arg(key).query_async(&mut conn).await?)
    }
}

/// Entries that the in-process store holds, at least, before it drops those that ended.
const SWEEP_AT: usize = 10_000;

/// The store of this process alone.
#[derive(Default)]
pub(crate) struct InProcess(Mutex<Entries>);

struct Entry {
    ends: Instant,
    count: u64,
    value: Option<String>,
}

struct Entries {
    by_key: BTreeMap<String, Entry>,
    sweep_at: usize,
}

impl Default for Entries {
    fn default() -> Self {
        Self { by_key: BTreeMap::new(), sweep_at: SWEEP_AT }
    }
}

impl Entries {
    fn sweep(&mut self, now: Instant) {
        if self.by_key.len() >= self.sweep_at {
            self.by_key.retain(|_, entry| entry.ends > now);
            // Many that are still good: the next sweep waits until it can be worth it.
            self.sweep_at = SWEEP_AT.max(2 * self.by_key.len());
        }
    }
}

impl InProcess {
    /// Adds one to the counter `key`, which ends `ttl` after its first step; gives the new count.
    pub(crate) fn step(&self, key: &str, ttl: Duration) -> u64 {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        entries.sweep(now);
        let fresh = || Entry { ends: now + ttl, count: 0, value: None };
        let entry = entries.by_key.entry(key.to_owned()).or_insert_with(fresh);
        if entry.ends <= now {
            *entry = fresh();
        }
        entry.count += 1;
        entry.count
    }
}

#[async_trait]
impl Ephemeral for InProcess {
    async fn mark(&self, key: &str, ttl: Duration) -> Result<bool, Away> {
        Ok(self.step(key, ttl) == 1)
    }

    async fn count(&self, key: &str, ttl: Duration) -> Result<u64, Away> {
        Ok(self.step(key, ttl))
    }

    async fn put(&self, key: &str, value: &str, ttl: Duration) -> Result<(), Away> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        entries.sweep(now);
        let entry = Entry { ends: now + ttl, count: 0, value: Some(value.to_owned()) };
        entries.by_key.insert(key.to_owned(), entry);
        Ok(())
    }

    async fn take(&self, key: &str) -> Result<Option<String>, Away> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = entries.by_key.remove(key).filter(|entry| entry.ends > Instant::now());
        Ok(taken.and_then(|entry| entry.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_mark_is_set_once_until_it_ends() {
        let store = InProcess::default();
        assert!(store.mark("a", Duration::from_secs(60)).await.unwrap());
        assert!(!store.mark("a", Duration::from_secs(60)).await.unwrap());
        assert!(store.mark("b", Duration::ZERO).await.unwrap());
        assert!(store.mark("b", Duration::ZERO).await.unwrap());
    }

    #[tokio::test]
    async fn of_all_who_ask_for_a_value_one_gets_it_and_none_after_its_end() {
        let store = std::sync::Arc::new(InProcess::default());
        store.put("a", "first", Duration::from_secs(60)).await.unwrap();
        store.put("a", "second", Duration::from_secs(60)).await.unwrap();
        let takers = (0..8).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.take("a").await.unwrap() })
        });
        let taken = futures::future::join_all(takers).await;
        let got: Vec<String> = taken.into_iter().filter_map(Result::unwrap).collect();
        assert_eq!(got, ["second"]);
        store.put("b", "late", Duration::ZERO).await.unwrap();
        assert_eq!(store.take("b").await.unwrap(), None);
    }
}
