//! What the log stands by: a head is gone on from, and signed, only if it takes back nothing that was signed before. A
//! database that was restored or failed over without its last entries, or whose history was rewritten, shows here.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use diesel_async::AsyncPgConnection;
use tokio::time::timeout;
use transparency::note::Verifier;
use transparency::tree::of_consistency;
use transparency::verify_consistency;

use crate::authority::Authority;
use crate::entry::Head;
use crate::error::LogError;
use crate::proving::hashes_of;
use crate::publishing::last_published;
use crate::succession::Ending;

/// Longest time (real) that those who hold copies may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What others hold of the log: the audit service's copy of its checkpoints, the witnesses. Asked before a sequencer
/// goes on from a head that this process did not write.
#[async_trait]
pub trait Anchors: Send + Sync + 'static {
    /// The largest head of `log` that each of them holds, each signed by `key`, the log's own; an error if none of them
    /// can be asked.
    async fn known(&self, log: &str, key: &Verifier) -> Result<Vec<Head>, AnchorError>;

    /// Whether two persons accepted this ending, so that the successor with this key goes on (invariant 11).
    async fn accepts(&self, _: &Ending, _successors: &Verifier) -> bool {
        false
    }
}

/// None of those who hold copies of the log's heads could be asked.
#[derive(Debug, thiserror::Error)]
#[error("nobody who holds the log's checkpoints answers: {0}")]
pub struct AnchorError(pub String);

/// Nobody holds copies: for tests, and for a first start.
#[derive(Debug, Clone, Copy)]
pub struct NoAnchors;

#[async_trait]
impl Anchors for NoAnchors {
    async fn known(&self, _: &str, _: &Verifier) -> Result<Vec<Head>, AnchorError> {
        Ok(vec![])
    }
}

/// The largest head of each log that this process signed.
#[derive(Debug, Default)]
pub(crate) struct Signed(Mutex<HashMap<String, Head>>);

impl Signed {
    pub fn last(&self, log: &str) -> Option<Head> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(log).cloned()
    }

    pub fn note(&self, head: &Head) {
        let mut heads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = heads.entry(head.log.clone()).or_insert_with(|| head.clone());
        if last.size < head.size {
            *last = head.clone();
        }
    }
}

/// What this process signed of the log, and what any published.
pub(crate) async fn signed_heads(
    connection: &mut AsyncPgConnection,
    authority: &Authority,
    log: &str,
) -> Result<Vec<Head>, LogError> {
    let mut heads: Vec<Head> = authority.signed.last(log).into_iter().collect();
    if let Some(last) = last_published(connection, log).await? {
        heads.push(last.opened(log, &*authority.signer(log).await?)?);
    }
    Ok(heads)
}

/// What others hold of the log.
pub(crate) async fn held_heads(authority: &Authority, log: &str) -> Result<Vec<Head>, LogError> {
    let signer = authority.signer(log).await?;
    let known = timeout(PATIENCE, authority.anchors.known(log, signer.verifier()));
    Ok(known.await.map_err(|_| LogError::Unavailable)??)
}

/// Refuses unless the log at `head`, as it is stored, begins with everything under `known`.
pub(crate) async fn check(
    connection: &mut AsyncPgConnection,
    head: &Head,
    known: &Head,
) -> Result<(), LogError> {
    if known.size > head.size {
        return Err(LogError::LostTail { known: known.size, size: head.size });
    }
    match begins_with(connection, head, known).await? {
        Some(false) => Err(LogError::Forked { size: known.size }),
        // Entries under it were destroyed by order: its root can no more be had, and was compared before.
        Some(true) | None => Ok(()),
    }
}

/// Whether the log at `head`, as it is stored, begins with everything under `known`; `None` where entries that would
/// tell were destroyed.
pub(crate) async fn begins_with(
    connection: &mut AsyncPgConnection,
    head: &Head,
    known: &Head,
) -> Result<Option<bool>, LogError> {
    let Some(parts) = of_consistency(known.size, head.size) else { return Ok(Some(false)) };
    let proof = match hashes_of(connection, &head.log, parts).await {
        Ok(proof) => proof,
        Err(LogError::NotFound) => return Ok(None),
        Err(error) => return Err(error),
    };
    let verified = verify_consistency((known.size, known.root_hash), (head.size, head.root_hash), &proof);
    Ok(Some(verified.is_ok()))
}
