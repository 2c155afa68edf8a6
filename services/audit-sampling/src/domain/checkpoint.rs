//! Copies of the query log's checkpoints (invariant 4): the log cannot show auditors one history and others another.

use chassis::Document;
use kernel::{Instant, canonical};
use query_registry_types::events::CheckpointPublished;
use serde::{Deserialize, Serialize};
use transparency::checkpoint::Checkpoint;
use transparency::note::Verifier;
use transparency::{Hash, verify_consistency};
use utoipa::ToSchema;
use uuid::Uuid;

/// A checkpoint as it came, with what was found of it. Never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckpointCopy {
    /// Its id.
    pub id: Uuid,
    /// The log.
    pub log: String,
    /// Number of entries under it.
    pub size: u64,
    /// The signed note (C2SP tlog-checkpoint).
    pub note: String,
    /// The key that it was to be verified with.
    pub key: String,
    /// What it contradicts, if anything: `signature`, `key`, `two-histories`, `rewritten`.
    pub fault: Option<CheckpointFault>,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Instant,
}

/// What is wrong with a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CheckpointFault {
    /// The log's key did not sign it.
    Signature,
    /// It is signed by another key than the first one was.
    Key,
    /// Another root for as many entries as a copy says.
    TwoHistories,
    /// It does not begin with the entries under the copy before it.
    Rewritten,
}

impl CheckpointFault {
    /// The fault as lists are narrowed by it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Key => "key",
            Self::TwoHistories => "two-histories",
            Self::Rewritten => "rewritten",
        }
    }
}

impl Document for CheckpointCopy {
    const TABLE: &'static str = "checkpoint_copies";
    fn id(&self) -> Uuid {
        self.id
    }
}

impl CheckpointCopy {
    /// The id of a note: the same note is the same copy.
    pub fn id_of(log: &str, note: &str) -> Uuid {
        let text = format!("{log}/{}", canonical::sha256_hex(note.as_bytes()));
        Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes())
    }

    /// The copy of what was published, judged by the last good copy of the log.
    pub fn of(event: CheckpointPublished, last: Option<&Self>, received_at: Instant) -> Self {
        let fault = judge(&event, last).err();
        let CheckpointPublished { log, size, note, key, .. } = event;
        Self { id: Self::id_of(&log, &note), log, size, note, key, fault, received_at }
    }
}

fn judge(event: &CheckpointPublished, last: Option<&CheckpointCopy>) -> Result<(), CheckpointFault> {
    let key = Verifier::parse(&event.key).map_err(|_| CheckpointFault::Signature)?;
    let opened = Checkpoint::open(&event.note, std::slice::from_ref(&key));
    let new = opened.map_err(|_| CheckpointFault::Signature)?;
    if new.size != event.size || new.origin != key.name() {
        return Err(CheckpointFault::Signature);
    }
    let Some(last) = last else { return Ok(()) };
    if last.key != event.key {
        return Err(CheckpointFault::Key);
    }
    let old = Checkpoint::parse(&last.note).map_err(|_| CheckpointFault::Rewritten)?;
    if old.size == new.size {
        return if old.root == new.root { Ok(()) } else { Err(CheckpointFault::TwoHistories) };
    }
    let proof: Result<Vec<Hash>, _> = event.proof.iter().map(|hash| hash.parse()).collect();
    let proof = proof.map_err(|_| CheckpointFault::Rewritten)?;
    // Told from another place than the last copy, the proof says nothing of it.
    let fits = event.after == old.size
        && verify_consistency((old.size, old.root), (new.size, new.root), &proof).is_ok();
    if fits { Ok(()) } else { Err(CheckpointFault::Rewritten) }
}

#[cfg(test)]
#[path = "checkpoint_tests.rs"]
mod tests;
