//! The seam to the key store that holds the data key of each log and month, apart from the log and its backups.

use async_trait::async_trait;
use zeroize::Zeroizing;

use crate::month::Month;

/// The 32-byte data key of one log and month; wiped from memory on drop.
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    /// Wraps key bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes. Each call site is a place to review.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// SHA-256 of the key behind a fixed label: names the key in records without helping to find it.
    pub fn fingerprint(&self) -> String {
        let mut input = Zeroizing::new(b"datawarden/key-fingerprint/v1\n".to_vec());
        input.extend_from_slice(self.expose());
        kernel::canonical::sha256_hex(&input)
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[key]")
    }
}

/// What a key store may answer instead of a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The key was destroyed and is never made again.
    #[error("the key of {log} {month} was destroyed")]
    Destroyed {
        /// The log.
        log: String,
        /// The month.
        month: Month,
    },
    /// The stored key does not unwrap: another key-encryption key, or altered bytes.
    #[error("the stored key of {log} {month} does not unwrap")]
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

/// Holds the data keys. Implementations answer for one key-encryption key.
#[async_trait]
pub trait KeyStore: Send + Sync + 'static {
    /// The data key of `log` and `month`; made, and durable before this returns, if there was none.
    async fn data_key(&self, log: &str, month: Month) -> Result<DataKey, KeyError>;

    /// The data key if there is one; never makes any.
    async fn existing_key(&self, log: &str, month: Month) -> Result<Option<DataKey>, KeyError>;

    /// Destroys the key for good and returns its fingerprint, `None` if there never was one. A destroyed key is never
    /// made again; destroying it twice is no error.
    async fn destroy(&self, log: &str, month: Month) -> Result<Option<String>, KeyError>;

    /// The seed of the Ed25519 key that signs the checkpoints of `log`; made, and durable before this returns, if
    /// there was none. It outlives the months: what they held is proved by it after they are gone.
    async fn signing_seed(&self, log: &str) -> Result<Zeroizing<[u8; 32]>, KeyError>;
}
