//! A key store in a directory, for development: one file per log and month and one per log's signing key, wrapped under
//! a key-encryption key.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::aead::{Aad, RandomizedNonceKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::aead;
use crate::keys::{KeyError, KeyStore, MonthKeys, Puncture, fresh};
use crate::month::Month;
use transparency::Hash;

mod files;

use files::{Replacement, publish, wipe};

/// A [`KeyStore`] in a directory. Destroyed keys leave a tombstone. Keep the directory out of the backups of the log.
#[derive(Clone)]
pub struct FileKeyStore {
    inner: Arc<Inner>,
}

struct Inner {
    directory: PathBuf,
    kek: RandomizedNonceKey,
}

/// Wrapped keys as stored.
#[derive(Serialize, Deserialize)]
struct Wrapped {
    version: u8,
    /// For the tombstone, which needs no key-encryption key.
    fingerprint: Option<Hash>,
    /// Nonce ‖ ciphertext ‖ tag, hexadecimal.
    keys: String,
}

/// What stays of a destroyed key.
#[derive(Serialize, Deserialize)]
struct Tombstone {
    fingerprint: Option<Hash>,
}

impl std::fmt::Debug for FileKeyStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileKeyStore").field("directory", &self.inner.directory).finish_non_exhaustive()
    }
}

impl FileKeyStore {
    /// Opens the store in `directory` under the key-encryption key in `kek_file` (64 hexadecimal digits); both are
    /// made, readable by their owner alone, if they do not exist.
    pub fn open(directory: &Path, kek_file: &Path) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        if !kek_file.exists() {
            publish(kek_file, Zeroizing::new(hex::encode(*fresh())).as_bytes())?;
        }
        let text = Zeroizing::new(fs::read_to_string(kek_file)?);
        let mut kek = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), kek.as_mut()).map_err(io::Error::other)?;
        let kek = aead::key(kek.as_ref()).ok_or_else(|| io::Error::other("not a key-encryption key"))?;
        Ok(Self { inner: Arc::new(Inner { directory: directory.to_owned(), kek }) })
    }
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn month_aad(log: &str, month: Month) -> Aad<String> {
    Aad::from(format!("datawarden/log-keys/v1\n{log}\n{month}"))
}

fn signing_aad(log: &str) -> Aad<String> {
    Aad::from(format!("datawarden/log-signing-key/v1\n{log}"))
}

impl Inner {
    fn key_path(&self, log: &str, month: Month) -> PathBuf {
        self.directory.join(format!("{log}_{month}.key"))
    }

    fn tombstone_path(&self, log: &str, month: Month) -> PathBuf {
        self.directory.join(format!("{log}_{month}.destroyed"))
    }

    fn signing_path(&self, log: &str) -> PathBuf {
        self.directory.join(format!("{log}.signing"))
    }

    /// Held by one process at a time for every change of a month's keys, until it is dropped; readers need none.
    fn lock(&self) -> io::Result<File> {
        let lock = File::create(self.directory.join("lock"))?;
        lock.lock()?;
        Ok(lock)
    }

    fn wrap(&self, aad: Aad<String>, fingerprint: Option<Hash>, keys: &[u8]) -> io::Result<Vec<u8>> {
        let sealed =
            aead::seal(&self.kek, aad, keys).ok_or_else(|| io::Error::other("keys cannot be wrapped"))?;
        let keys = hex::encode(sealed);
        serde_json::to_vec(&Wrapped { version: 1, fingerprint, keys }).map_err(io::Error::other)
    }

    fn unwrap<T>(
        &self,
        aad: Aad<String>,
        wrapped: &Wrapped,
        read: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Option<T> {
        let bytes = hex::decode(&wrapped.keys).ok()?;
        read(&aead::open(&self.kek, aad, &bytes)?)
    }

    fn read(&self, log: &str, month: Month) -> Result<Option<MonthKeys>, KeyError> {
        if self.tombstone_path(log, month).exists() {
            return Err(KeyError::Destroyed { log: log.to_owned(), month });
        }
        let wrapped: Option<Wrapped> =
            read_json(&self.key_path(log, month)).map_err(KeyError::Unavailable)?;
        let Some(wrapped) = wrapped else { return Ok(None) };
        let keys = self.unwrap(month_aad(log, month), &wrapped, MonthKeys::from_bytes);
        keys.map(Some).ok_or_else(|| KeyError::Unwrap { log: log.to_owned(), month })
    }

    fn write(&self, log: &str, month: Month, keys: &MonthKeys) -> Result<(), KeyError> {
        let path = self.key_path(log, month);
        self.wrap(month_aad(log, month), Some(keys.fingerprint), &keys.to_bytes())
            .and_then(|wrapped| Replacement::new(&path, &wrapped).run())
            .map_err(KeyError::Unavailable)
    }

    fn make(&self, log: &str, month: Month) -> Result<MonthKeys, KeyError> {
        if let Some(keys) = self.read(log, month)? {
            return Ok(keys);
        }
        let _lock = self.lock().map_err(KeyError::Unavailable)?;
        // Another process may have been first.
        if let Some(keys) = self.read(log, month)? {
            return Ok(keys);
        }
        let keys = MonthKeys::fresh();
        self.write(log, month, &keys)?;
        Ok(keys)
    }

    /// Changes the stored keys; written, and the old ones wiped, if `change` says that it did change them.
    fn change<T>(
        &self,
        log: &str,
        month: Month,
        change: impl FnOnce(&mut MonthKeys) -> Option<T>,
    ) -> Result<T, KeyError> {
        let missing = || KeyError::Destroyed { log: log.to_owned(), month };
        let _lock = self.lock().map_err(KeyError::Unavailable)?;
        let mut keys = self.read(log, month)?.ok_or_else(missing)?;
        let before = keys.to_bytes();
        let found = change(&mut keys).ok_or_else(missing)?;
        if keys.to_bytes() == before {
            // A repeated change may still find what a killed process left behind.
            let path = self.key_path(log, month);
            Replacement::new(&path, &[]).clear().map_err(KeyError::Unavailable)?;
        } else {
            self.write(log, month, &keys)?;
        }
        Ok(found)
    }

    fn destroy(&self, log: &str, month: Month) -> io::Result<Option<Hash>> {
        let _lock = self.lock()?;
        let path = self.key_path(log, month);
        // A half-overwritten file of an interrupted destruction no longer parses; the tombstone has its fingerprint.
        let wrapped: Option<Wrapped> = read_json(&path).unwrap_or_default();
        let tombstone = Tombstone { fingerprint: wrapped.and_then(|w| w.fingerprint) };
        let place = self.tombstone_path(log, month);
        publish(&place, &serde_json::to_vec(&tombstone).map_err(io::Error::other)?)?;
        Replacement::new(&path, &[]).clear()?;
        wipe(&path)?;
        Ok(read_json::<Tombstone>(&place)?.and_then(|t| t.fingerprint))
    }

    fn signing_seed(&self, log: &str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let (path, refused) = (self.signing_path(log), || KeyError::UnwrapSigning(log.to_owned()));
        if !path.exists() {
            // Another process may be first: what is stored counts.
            self.wrap(signing_aad(log), None, fresh().as_ref())
                .and_then(|wrapped| publish(&path, &wrapped))
                .map_err(KeyError::Unavailable)?;
        }
        let wrapped: Wrapped = read_json(&path).map_err(KeyError::Unavailable)?.ok_or_else(refused)?;
        let read = |bytes: &[u8]| bytes.try_into().ok().map(Zeroizing::new);
        self.unwrap(signing_aad(log), &wrapped, read).ok_or_else(refused)
    }
}

/// Runs file work off the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KeyError> + Send + 'static,
) -> Result<T, KeyError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(KeyError::Unavailable(io::Error::other(error))))
}

#[async_trait]
impl KeyStore for FileKeyStore {
    async fn month_keys(&self, log: &str, month: Month) -> Result<MonthKeys, KeyError> {
        let (inner, log) = (Arc::clone(&self.inner), log.to_owned());
        blocking(move || inner.make(&log, month)).await
    }

    async fn existing_keys(&self, log: &str, month: Month) -> Result<Option<MonthKeys>, KeyError> {
        let (inner, log) = (Arc::clone(&self.inner), log.to_owned());
        blocking(move || inner.read(&log, month)).await
    }

    async fn puncture(&self, log: &str, month: Month, index: u64, stands: u32) -> Result<Puncture, KeyError> {
        let (inner, log) = (Arc::clone(&self.inner), log.to_owned());
        blocking(move || inner.change(&log, month, |keys| keys.puncture(index, stands))).await
    }

    async fn retire_matching(&self, log: &str, month: Month, generation: u32) -> Result<(), KeyError> {
        let (inner, log) = (Arc::clone(&self.inner), log.to_owned());
        let retire = move |keys: &mut MonthKeys| Some(keys.retire_matching(generation));
        blocking(move || inner.change(&log, month, retire).map(drop)).await
    }

    async fn destroy(&self, log: &str, month: Month) -> Result<Option<Hash>, KeyError> {
        let (inner, log) = (Arc::clone(&self.inner), log.to_owned());
        blocking(move || inner.destroy(&log, month).map_err(KeyError::Unavailable)).await
    }

    async fn signing_seed(&self, log: &str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let (inner, log) = (Arc::clone(&self.inner), log.to_owned());
        blocking(move || inner.signing_seed(&log)).await
    }
}

#[cfg(test)]
mod tests;
