//! The seam to the key store that holds the keys of each log and month, apart from the log and its backups.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_lc_rs::hmac;
use kernel::ids::AccountId;
use kernel::{Random, SystemRandom};
use zeroize::Zeroizing;

use crate::key_tree::{Punctured, TreeKey, leaf_of};
use crate::month::Month;
use transparency::Hash;

/// The keys of one log and month: the tree of body keys, the key of the account pseudonyms, and the keys by which
/// entries are matched to a subject. Each is random by itself: what one of them was derived from is never lost with
/// another. Wiped from memory on drop.
#[derive(Clone)]
pub struct MonthKeys {
    /// Names the whole: SHA-256 of the tree's root behind a label.
    pub fingerprint: Hash,
    /// What is left of the tree of body keys.
    pub tree: Punctured,
    pseudonym: TreeKey,
    /// By generation of the subject index. One, but two while an erasure writes the index anew.
    matching: BTreeMap<u32, TreeKey>,
    /// The erased entries, each with the fingerprint of its destroyed key.
    erased: BTreeMap<u64, Hash>,
}

impl std::fmt::Debug for MonthKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[keys]")
    }
}

/// What an erasure entry says of a destroyed key, and what is left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Puncture {
    /// Fingerprint of the destroyed body key.
    pub fingerprint: Hash,
    /// The subject index is to be written anew under the matching key of this generation.
    pub generation: u32,
}

/// SHA-256 of a key behind a fixed label: names it in records without helping to find it.
pub fn fingerprint(key: &TreeKey) -> Hash {
    let mut input = Zeroizing::new(b"datawarden/key-fingerprint/v1\n".to_vec());
    input.extend_from_slice(key.as_ref());
    Hash::of(&input)
}

pub(crate) fn fresh() -> TreeKey {
    let mut key = Zeroizing::new([0; 32]);
    SystemRandom.fill(key.as_mut());
    key
}

fn mac(key: &TreeKey, data: &[u8]) -> Hash {
    let mut out = [0; 32];
    out.copy_from_slice(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()), data).as_ref());
    Hash(out)
}

/// The pseudonym of `account` in the month of `key`.
pub(crate) fn pseudonym(key: &TreeKey, account: AccountId) -> Hash {
    mac(key, account.0.as_bytes())
}

/// The hash by which entries about `subject` are found.
pub(crate) fn subject(key: &TreeKey, subject: &str) -> Hash {
    mac(key, subject.as_bytes())
}

impl MonthKeys {
    /// Keys for a month that has none.
    pub fn fresh() -> Self {
        let root = fresh();
        Self {
            fingerprint: fingerprint(&root),
            tree: Punctured::whole(root),
            pseudonym: fresh(),
            matching: BTreeMap::from([(0, fresh())]),
            erased: BTreeMap::new(),
        }
    }

    pub(crate) fn pseudonym(&self) -> &TreeKey {
        &self.pseudonym
    }

    pub(crate) fn matching(&self, generation: u32) -> Option<&TreeKey> {
        self.matching.get(&generation)
    }

    /// What `subject` may be found by: one hash for each matching key.
    pub(crate) fn subjects(&self, text: &str) -> impl Iterator<Item = Hash> {
        self.matching.values().map(move |key| subject(key, text))
    }

    /// Destroys the body key of the entry at `index` and adds a fresh matching key, for a generation after `stands`, at
    /// which the subject index stands. Again for the same entry it changes nothing.
    pub fn puncture(&mut self, index: u64, stands: u32) -> Option<Puncture> {
        if let Some(key) = self.tree.puncture(leaf_of(index)) {
            let next = (*self.matching.last_key_value()?.0).max(stands).checked_add(1)?;
            self.matching.insert(next, fresh());
            self.erased.insert(index, fingerprint(&key));
        }
        let (&generation, _) = self.matching.last_key_value()?;
        Some(Puncture { fingerprint: *self.erased.get(&index)?, generation })
    }

    /// Destroys the matching keys before `generation`; false if there was none, or no later one would be left.
    pub fn retire_matching(&mut self, generation: u32) -> bool {
        if !self.matching.contains_key(&generation) {
            return false;
        }
        let kept = self.matching.split_off(&generation);
        !std::mem::replace(&mut self.matching, kept).is_empty()
    }

    /// For the key store to wrap: fingerprint ‖ pseudonym key ‖ number of matching keys (u32) ‖ each as generation (u32)
    /// and key ‖ number of erased entries (u32) ‖ each as index (u64) and fingerprint ‖ the tree. Numbers big-endian.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let (count, tree) =
            (|n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_be_bytes(), self.tree.to_bytes());
        // With its full size from the start: a vector that grows leaves copies behind.
        let size = 72 + 36 * self.matching.len() + 40 * self.erased.len() + tree.len();
        let mut bytes = Zeroizing::new(Vec::with_capacity(size));
        bytes.extend_from_slice(&self.fingerprint.0);
        bytes.extend_from_slice(self.pseudonym.as_ref());
        bytes.extend_from_slice(&count(self.matching.len()));
        for (generation, key) in &self.matching {
            bytes.extend_from_slice(&generation.to_be_bytes());
            bytes.extend_from_slice(key.as_ref());
        }
        bytes.extend_from_slice(&count(self.erased.len()));
        for (index, fingerprint) in &self.erased {
            bytes.extend_from_slice(&index.to_be_bytes());
            bytes.extend_from_slice(&fingerprint.0);
        }
        bytes.extend_from_slice(&tree);
        bytes
    }

    /// Reads [`Self::to_bytes`]; `None` for anything else.
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let at = &mut bytes;
        let fingerprint = Hash(*take(at)?);
        let pseudonym = Zeroizing::new(*take(at)?);
        let mut matching = BTreeMap::new();
        for _ in 0..u32::from_be_bytes(*take(at)?) {
            matching.insert(u32::from_be_bytes(*take(at)?), Zeroizing::new(*take(at)?));
        }
        let mut erased = BTreeMap::new();
        for _ in 0..u32::from_be_bytes(*take(at)?) {
            erased.insert(u64::from_be_bytes(*take(at)?), Hash(*take(at)?));
        }
        let tree = Punctured::from_bytes(at)?;
        Some(Self { fingerprint, tree, pseudonym, matching, erased })
    }
}

fn take<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(taken)
}

/// What a key store may answer instead of a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The keys were destroyed, or there never were any, and none are made.
    #[error("the keys of {log} {month} were destroyed")]
    Destroyed {
        /// The log.
        log: String,
        /// The month.
        month: Month,
    },
    /// The stored keys do not unwrap: another key-encryption key, or altered bytes.
    #[error("the stored keys of {log} {month} do not unwrap")]
    Unwrap {
        /// The log.
        log: String,
        /// The month.
        month: Month,
    },
    /// The stored signing key of a log does not unwrap.
    #[error("the stored signing key of {0} does not unwrap")]
    UnwrapSigning(String),
    /// The store cannot be reached or written.
    #[error("the key store is unavailable")]
    Unavailable(#[source] std::io::Error),
}

/// Holds the keys. Implementations answer for one key-encryption key. What they change is durable before they return,
/// and what they destroy is then nowhere in the store.
#[async_trait]
pub trait KeyStore: Send + Sync + 'static {
    /// The keys of `log` and `month`; made if there were none.
    async fn month_keys(&self, log: &str, month: Month) -> Result<MonthKeys, KeyError>;

    /// The keys of `log` and `month` if there are any; never makes them.
    async fn existing_keys(&self, log: &str, month: Month) -> Result<Option<MonthKeys>, KeyError>;

    /// [`MonthKeys::puncture`] on the stored keys. May be repeated.
    async fn puncture(&self, log: &str, month: Month, index: u64, stands: u32) -> Result<Puncture, KeyError>;

    /// [`MonthKeys::retire_matching`] on the stored keys, once the subject index stands under `generation`. May be
    /// repeated.
    async fn retire_matching(&self, log: &str, month: Month, generation: u32) -> Result<(), KeyError>;

    /// Destroys all keys of the month for good and returns their fingerprint, `None` if there never were any. They are
    /// never made again; destroying them twice is no error.
    async fn destroy(&self, log: &str, month: Month) -> Result<Option<Hash>, KeyError>;

    /// The seed of the Ed25519 key that signs the checkpoints of `log`; made if there was none. It outlives the months:
    /// what they held is proved by it after they are gone.
    async fn signing_seed(&self, log: &str) -> Result<Zeroizing<[u8; 32]>, KeyError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_from_their_whole_bytes_alone() {
        let mut keys = MonthKeys::fresh();
        assert_eq!(keys.puncture(9, 0).unwrap().generation, 1);
        assert_eq!(keys.puncture(5, 7).unwrap().generation, 8);
        let bytes = keys.to_bytes();
        let found = MonthKeys::from_bytes(&bytes).unwrap();
        assert_eq!(found.to_bytes(), bytes);
        assert_eq!(found.subjects("S000000001").count(), 3);
        // A whole node less is another tree; anything else is none.
        for cut in (1..=200).filter(|cut| cut % 37 != 0) {
            assert!(MonthKeys::from_bytes(&bytes[..bytes.len() - cut]).is_none(), "{cut} bytes less");
        }
        assert!(MonthKeys::from_bytes(&[0xff; 300]).is_none());

        assert!(!keys.retire_matching(5), "a generation that never was");
        assert!(keys.retire_matching(8) && !keys.retire_matching(8));
        assert_eq!(keys.subjects("S000000001").count(), 1);
        assert!(keys.matching(1).is_none() && keys.matching(8).is_some());
    }
}
