//! The keys of the month that a leader writes. They live as long as the lead: an early erasure takes the leader's lock,
//! and with the lead the keys from before it are gone from every process.

use crate::body::{BodyError, Place, UnsealedBody};
use crate::error::LogError;
use crate::key_tree::{TreeKey, Walker, leaf_of};
use crate::keys::{self, KeyStore};
use crate::month::Month;
use transparency::Hash;

/// A body ready to be stored.
pub struct SealedBody {
    pub bytes: Vec<u8>,
    pub hash: Hash,
    pub subject: Option<Hash>,
}

/// Seals the bodies of one log and month, one after another.
pub struct Sealing {
    log: String,
    pub month: Month,
    walker: Walker,
    matching: TreeKey,
}

impl Sealing {
    /// Loads the keys; `generation` is that of the month's subject index.
    pub async fn load(
        store: &dyn KeyStore,
        log: &str,
        month: Month,
        generation: i64,
    ) -> Result<Self, LogError> {
        let keys = store.month_keys(log, month).await?;
        let matching = u32::try_from(generation).ok().and_then(|generation| keys.matching(generation));
        let matching = matching.ok_or(LogError::Body(BodyError::Erased))?.clone();
        Ok(Self { log: log.to_owned(), month, walker: Walker::new(keys.tree), matching })
    }

    /// Seals `body` for the entry at `index`.
    pub fn seal(&mut self, index: u64, body: &UnsealedBody) -> Result<SealedBody, BodyError> {
        let place = Place { log: &self.log, month: self.month, index };
        let leaf = self.walker.leaf(leaf_of(index)).ok_or(BodyError::Erased)?;
        let bytes = body.seal(place, &leaf)?;
        let subject = body.subject.as_ref().map(|subject| keys::subject(&self.matching, subject));
        Ok(SealedBody { hash: Hash::of(&bytes), bytes, subject })
    }
}
