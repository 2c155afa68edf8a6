//! Values of a register, each sealed under a leaf of its own in the key tree of its register and month (invariant 8): one
//! is destroyed without the others, and a month as a whole, in every copy of the row that there is.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::aead::Aad;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::Personal;
use serde::{Deserialize, Serialize};

use crate::aead;
use crate::key_tree::{TreeKey, Walker};
use crate::keys::{KeyError, KeyStore};
use crate::month::Month;

/// A value at rest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedValue {
    /// The register.
    pub register: String,
    /// The month with which its key ends.
    pub month: Month,
    /// The leaf that is its key. Never used for another value.
    pub leaf: u32,
    /// AES-256-GCM: nonce ‖ ciphertext ‖ tag, base64.
    pub value: String,
}

impl std::fmt::Debug for SealedValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[sealed]")
    }
}

/// The keys of registers, in the key store that holds those of the logs.
#[derive(Clone)]
pub struct ValueKeys {
    store: Arc<dyn KeyStore>,
}

impl std::fmt::Debug for ValueKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[keys]")
    }
}

/// Opens values one after another: the key store is asked once for each register and month. Not to be kept: a key that
/// is destroyed meanwhile would live on in it.
#[derive(Debug)]
pub struct ValueReader<'a> {
    keys: &'a ValueKeys,
    walkers: BTreeMap<(String, Month), Walker>,
}

impl ValueKeys {
    /// The keys in `store`.
    pub fn new(store: Arc<dyn KeyStore>) -> Self {
        Self { store }
    }

    /// Seals `text` under `leaf` of the month's tree, which is made if there was none.
    pub async fn seal(
        &self,
        register: &str,
        month: Month,
        leaf: u32,
        text: &str,
    ) -> Result<SealedValue, KeyError> {
        let keys = self.store.month_keys(&log(register), month).await?;
        let key = Walker::new(keys.tree).leaf(leaf).ok_or_else(|| gone(register, month))?;
        let bound = bound_to(register, month, leaf);
        let sealed = aead::key(key.as_ref()).and_then(|key| aead::seal(&key, bound, text.as_bytes()));
        let value = STANDARD.encode(sealed.ok_or_else(|| altered(register, month))?);
        Ok(SealedValue { register: register.to_owned(), month, leaf, value })
    }

    /// Opens one value.
    pub async fn open(&self, sealed: &SealedValue) -> Result<Personal<String>, KeyError> {
        self.reader().open(sealed).await
    }

    /// Opens many.
    pub fn reader(&self) -> ValueReader<'_> {
        ValueReader { keys: self, walkers: BTreeMap::new() }
    }

    /// Destroys the key of a value for good, here and in every copy. May be repeated; true if it was there until now.
    pub async fn destroy(&self, sealed: &SealedValue) -> Result<bool, KeyError> {
        let (name, month) = (log(&sealed.register), sealed.month);
        let there = match self.store.existing_keys(&name, month).await {
            Ok(Some(keys)) => Walker::new(keys.tree).leaf(sealed.leaf).is_some(),
            Ok(None) | Err(KeyError::Destroyed { .. }) => return Ok(false),
            Err(error) => return Err(error),
        };
        let puncture = self.store.puncture(&name, month, sealed.leaf.into(), 0).await?;
        // Registers match by other keys: of these one is enough.
        self.store.retire_matching(&name, month, puncture.generation).await?;
        Ok(there)
    }

    /// Destroys the keys of all values of a month. May be repeated.
    pub async fn end_month(&self, register: &str, month: Month) -> Result<(), KeyError> {
        self.store.destroy(&log(register), month).await.map(drop)
    }
}

impl ValueReader<'_> {
    /// Opens one value.
    pub async fn open(&mut self, sealed: &SealedValue) -> Result<Personal<String>, KeyError> {
        let (register, month) = (sealed.register.as_str(), sealed.month);
        let place = (register.to_owned(), month);
        if !self.walkers.contains_key(&place) {
            let keys = self.keys.store.existing_keys(&log(register), month).await?;
            let tree = keys.ok_or_else(|| gone(register, month))?.tree;
            self.walkers.insert(place.clone(), Walker::new(tree));
        }
        let key = self.walkers.get_mut(&place).and_then(|walker| walker.leaf(sealed.leaf));
        let key = key.ok_or_else(|| gone(register, month))?;
        opened(&key, sealed).ok_or_else(|| altered(register, month))
    }
}

/// The name in the key store, apart from those of logs.
fn log(register: &str) -> String {
    format!("register-{register}")
}

fn gone(register: &str, month: Month) -> KeyError {
    KeyError::Destroyed { log: log(register), month }
}

fn altered(register: &str, month: Month) -> KeyError {
    KeyError::Unwrap { log: log(register), month }
}

fn bound_to(register: &str, month: Month, leaf: u32) -> Aad<String> {
    Aad::from(format!("datawarden/register-value/v1\n{register}\n{month}\n{leaf}"))
}

fn opened(key: &TreeKey, sealed: &SealedValue) -> Option<Personal<String>> {
    let bytes = STANDARD.decode(&sealed.value).ok()?;
    let bound = bound_to(&sealed.register, sealed.month, sealed.leaf);
    let plain = aead::open(&aead::key(key.as_ref())?, bound, &bytes)?;
    String::from_utf8(plain.to_vec()).ok().map(Personal::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileKeyStore;

    fn keys(folder: &std::path::Path) -> ValueKeys {
        let store = FileKeyStore::open(&folder.join("months"), &folder.join("kek")).unwrap();
        ValueKeys::new(Arc::new(store))
    }

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn a_value_whose_key_is_destroyed_opens_in_no_copy_and_its_neighbours_do() {
        let folder = tempfile::tempdir().unwrap();
        let keys = keys(folder.path());
        let seal = async |leaf| keys.seal("household", month("2026-03"), leaf, "事由").await.unwrap();
        let (one, two) = (seal(7).await, seal(8).await);
        let copy = one.clone();
        assert_eq!(keys.open(&one).await.unwrap().expose(), "事由");
        assert!(keys.destroy(&one).await.unwrap());
        assert!(!keys.destroy(&one).await.unwrap(), "it is gone already");
        // A process that starts now, with every key that is left.
        let later = self::keys(folder.path());
        assert!(matches!(later.open(&copy).await, Err(KeyError::Destroyed { .. })));
        assert_eq!(later.open(&two).await.unwrap().expose(), "事由");
        assert!(later.seal("household", month("2026-03"), 7, "x").await.is_err(), "nor is it made again");
    }

    #[tokio::test]
    async fn a_month_ends_as_a_whole_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let keys = keys(folder.path());
        let seal = async |register, at| keys.seal(register, month(at), 1, "x").await.unwrap();
        let ended = seal("household", "2026-03").await;
        let others = [seal("household", "2026-04").await, seal("tax", "2026-03").await];
        keys.end_month("household", month("2026-03")).await.unwrap();
        assert!(keys.open(&ended).await.is_err());
        assert!(keys.seal("household", month("2026-03"), 2, "x").await.is_err());
        for other in &others {
            assert_eq!(keys.open(other).await.unwrap().expose(), "x");
        }
    }

    #[tokio::test]
    async fn a_value_opens_in_its_own_place_alone() {
        let folder = tempfile::tempdir().unwrap();
        let keys = keys(folder.path());
        let one = keys.seal("household", month("2026-03"), 1, "x").await.unwrap();
        keys.seal("tax", month("2026-03"), 1, "y").await.unwrap();
        for moved in [
            SealedValue { leaf: 2, ..one.clone() },
            SealedValue { register: "tax".into(), ..one.clone() },
            SealedValue { value: STANDARD.encode([0; 40]), ..one.clone() },
        ] {
            assert!(matches!(keys.open(&moved).await, Err(KeyError::Unwrap { .. })), "{moved:?}");
        }
    }
}
