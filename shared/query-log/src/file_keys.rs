//! A key store in a directory, for development: one file per log and month and one per log's signing key, wrapped under
//! a key-encryption key.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use kernel::{Random, SystemRandom};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::keys::{DataKey, KeyError, KeyStore};
use crate::month::Month;

/// A [`KeyStore`] in a directory. Destroyed keys leave a tombstone. Keep the directory out of the backups of the log.
#[derive(Clone)]
pub struct FileKeyStore {
    inner: Arc<Inner>,
}

struct Inner {
    directory: PathBuf,
    kek: RandomizedNonceKey,
}

/// A wrapped key as stored.
#[derive(Serialize, Deserialize)]
struct Wrapped {
    version: u8,
    fingerprint: String,
    /// Nonce ‖ ciphertext ‖ tag, hexadecimal.
    key: String,
}

/// What stays of a destroyed key.
#[derive(Serialize, Deserialize)]
struct Tombstone {
    fingerprint: Option<String>,
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
            let mut bytes = Zeroizing::new([0; 32]);
            SystemRandom.fill(bytes.as_mut());
            let text = Zeroizing::new(hex::encode(*bytes));
            publish(kek_file, text.as_bytes())?;
        }
        let text = Zeroizing::new(fs::read_to_string(kek_file)?);
        let mut kek = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), kek.as_mut()).map_err(io::Error::other)?;
        let kek = RandomizedNonceKey::new(&AES_256_GCM, kek.as_ref()).map_err(io::Error::other)?;
        Ok(Self { inner: Arc::new(Inner { directory: directory.to_owned(), kek }) })
    }
}

/// Writes a new file at once and durably, mode 0600; a file that is there already is left alone (false).
fn publish(path: &Path, content: &[u8]) -> io::Result<bool> {
    let mut suffix = [0; 8];
    SystemRandom.fill(&mut suffix);
    let temporary = path.with_extension(format!("{}.tmp", hex::encode(suffix)));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    match linked {
        Ok(()) => sync_directory(path).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

fn sync_directory(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn aad(log: &str, month: Month) -> Aad<String> {
    Aad::from(format!("datawarden/log-key/v1\n{log}\n{month}"))
}

fn signing_aad(log: &str) -> Aad<String> {
    Aad::from(format!("datawarden/log-signing-key/v1\n{log}"))
}

fn fresh() -> DataKey {
    let mut bytes = Zeroizing::new([0; 32]);
    SystemRandom.fill(bytes.as_mut());
    DataKey::new(*bytes)
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

    fn wrap(&self, aad: Aad<String>, key: &DataKey) -> io::Result<Vec<u8>> {
        let mut data = key.expose().to_vec();
        let nonce = self.kek.seal_in_place_append_tag(aad, &mut data).map_err(io::Error::other)?;
        let wrapped = Wrapped {
            version: 1,
            fingerprint: key.fingerprint(),
            key: hex::encode([nonce.as_ref().as_slice(), &data].concat()),
        };
        serde_json::to_vec(&wrapped).map_err(io::Error::other)
    }

    fn unwrap(&self, aad: Aad<String>, wrapped: &Wrapped) -> Option<DataKey> {
        let bytes = hex::decode(&wrapped.key).ok()?;
        let (nonce, data) = bytes.split_at_checked(12)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut data = Zeroizing::new(data.to_vec());
        let plain = self.kek.open_in_place(nonce, aad, &mut data).ok()?;
        let mut key = Zeroizing::new([0; 32]);
        (plain.len() == key.len()).then(|| key.copy_from_slice(plain))?;
        Some(DataKey::new(*key))
    }

    fn read(&self, log: &str, month: Month) -> Result<Option<DataKey>, KeyError> {
        if self.tombstone_path(log, month).exists() {
            return Err(KeyError::Destroyed { log: log.to_owned(), month });
        }
        let wrapped: Option<Wrapped> =
            read_json(&self.key_path(log, month)).map_err(KeyError::Unavailable)?;
        let Some(wrapped) = wrapped else { return Ok(None) };
        let key = self.unwrap(aad(log, month), &wrapped);
        key.map(Some).ok_or_else(|| KeyError::Unwrap { log: log.to_owned(), month })
    }

    fn make(&self, log: &str, month: Month) -> Result<DataKey, KeyError> {
        if let Some(key) = self.read(log, month)? {
            return Ok(key);
        }
        let wrapped = self.wrap(aad(log, month), &fresh()).map_err(KeyError::Unavailable)?;
        publish(&self.key_path(log, month), &wrapped).map_err(KeyError::Unavailable)?;
        // Another process may have been first, or may have destroyed the key meanwhile: what is stored counts.
        self.read(log, month)?.ok_or_else(|| KeyError::Destroyed { log: log.to_owned(), month })
    }

    fn signing_seed(&self, log: &str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let (path, refused) = (self.signing_path(log), || KeyError::UnwrapSigning(log.to_owned()));
        if !path.exists() {
            // Another process may be first: what is stored counts.
            let wrapped = self.wrap(signing_aad(log), &fresh()).map_err(KeyError::Unavailable)?;
            publish(&path, &wrapped).map_err(KeyError::Unavailable)?;
        }
        let wrapped: Wrapped = read_json(&path).map_err(KeyError::Unavailable)?.ok_or_else(refused)?;
        let key = self.unwrap(signing_aad(log), &wrapped).ok_or_else(refused)?;
        Ok(Zeroizing::new(*key.expose()))
    }

    fn destroy(&self, log: &str, month: Month) -> io::Result<Option<String>> {
        let path = self.key_path(log, month);
        // A half-overwritten file of an interrupted destruction no longer parses; the tombstone has its fingerprint.
        let wrapped: Option<Wrapped> = read_json(&path).unwrap_or_default();
        let tombstone = Tombstone { fingerprint: wrapped.map(|w| w.fingerprint) };
        let place = self.tombstone_path(log, month);
        publish(&place, &serde_json::to_vec(&tombstone).map_err(io::Error::other)?)?;
        if path.exists() {
            // Overwritten first: a plain unlink leaves the bytes on simple file systems.
            let length = fs::metadata(&path)?.len();
            let mut file = OpenOptions::new().write(true).open(&path)?;
            file.write_all(&vec![0; usize::try_from(length).unwrap_or_default()])?;
            file.sync_all()?;
            fs::remove_file(&path)?;
            sync_directory(&path)?;
        }
        Ok(read_json::<Tombstone>(&place)?.and_then(|t| t.fingerprint))
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
    async fn data_key(&self, log: &str, month: Month) -> Result<DataKey, KeyError> {
        let (inner, log) = (Arc::clone(&self.inner), log.to_owned());
        blocking(move || inner.make(&log, month)).await
    }

    async fn existing_key(&self, log: &str, month: Month) -> Result<Option<DataKey>, KeyError> {
        let (inner, log) = (Arc::clone(&self.inner), log.to_owned());
        blocking(move || inner.read(&log, month)).await
    }

    async fn destroy(&self, log: &str, month: Month) -> Result<Option<String>, KeyError> {
        let (inner, log) = (Arc::clone(&self.inner), log.to_owned());
        blocking(move || inner.destroy(&log, month).map_err(KeyError::Unavailable)).await
    }

    async fn signing_seed(&self, log: &str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let (inner, log) = (Arc::clone(&self.inner), log.to_owned());
        blocking(move || inner.signing_seed(&log)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_destroyed_key_is_never_made_again_and_another_kek_opens_nothing() {
        let place = tempfile::tempdir().unwrap();
        let open =
            |kek: &str| FileKeyStore::open(&place.path().join("keys"), &place.path().join(kek)).unwrap();
        let store = open("kek");
        let (january, february): (Month, Month) = ("2026-01".parse().unwrap(), "2026-02".parse().unwrap());
        let key = store.data_key("three-year", january).await.unwrap();
        let again = open("kek").data_key("three-year", january).await.unwrap();
        assert_eq!(key.expose(), again.expose());
        let foreign = open("other").existing_key("three-year", january).await;
        assert!(matches!(foreign, Err(KeyError::Unwrap { .. })));
        assert!(store.existing_key("three-year", february).await.unwrap().is_none());

        assert_eq!(store.destroy("three-year", january).await.unwrap(), Some(key.fingerprint()));
        assert_eq!(store.destroy("three-year", january).await.unwrap(), Some(key.fingerprint()));
        assert!(matches!(store.data_key("three-year", january).await, Err(KeyError::Destroyed { .. })));
        assert!(!place.path().join("keys/three-year_2026-01.key").exists());
    }

    #[tokio::test]
    async fn a_log_signs_with_one_key_that_outlives_its_months() {
        let place = tempfile::tempdir().unwrap();
        let open =
            |kek: &str| FileKeyStore::open(&place.path().join("keys"), &place.path().join(kek)).unwrap();
        let (store, month) = (open("kek"), "2026-01".parse().unwrap());
        let seed = store.signing_seed("three-year").await.unwrap();
        assert_ne!(store.signing_seed("five-year").await.unwrap(), seed);
        store.data_key("three-year", month).await.unwrap();
        store.destroy("three-year", month).await.unwrap();
        assert_eq!(open("kek").signing_seed("three-year").await.unwrap(), seed);
        let foreign = open("other").signing_seed("three-year").await;
        assert!(matches!(foreign, Err(KeyError::UnwrapSigning(log)) if log == "three-year"));
    }
}
