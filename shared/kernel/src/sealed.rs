//! Personal values in registers: a keyed hash for matching beside an encrypted value for reading.
//! (The query log seals its bodies itself, under keys of its own.)

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::{hkdf, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::personal::Personal;

/// A personal value at rest: `hash` = HMAC-SHA256 under the register's matching key (hex), `value` = AES-256-GCM
/// (nonce ‖ ciphertext, base64) under its encryption key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sealed {
    /// Keyed hash, equal for equal values of one register.
    pub hash: String,
    /// Ciphertext, readable with the register's key alone.
    pub value: String,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[sealed]")
    }
}

/// The keys of one register: one for matching, one for encryption, both derived from a 32-byte root key.
pub struct RegisterKey {
    matching: hmac::Key,
    encryption: [u8; 32],
}

impl fmt::Debug for RegisterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[key]")
    }
}

/// The value could not be opened: another key, or altered bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed value does not open under this key")]
pub struct SealError;

struct Bytes32;

impl hkdf::KeyType for Bytes32 {
    fn len(&self) -> usize {
        32
    }
}

/// `HKDF-SHA256(root, purpose)`, 32 bytes.
pub fn derive(root: &[u8; 32], purpose: &str) -> Result<[u8; 32], SealError> {
    let mut out = [0; 32];
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"datawarden")
        .extract(root)
        .expand(&[purpose.as_bytes()], Bytes32)
        .and_then(|okm| okm.fill(&mut out))
        .map_err(|_| SealError)?;
    Ok(out)
}

impl RegisterKey {
    /// The keys of register `name` under `root`.
    pub fn derive(root: &[u8; 32], name: &str) -> Result<Self, SealError> {
        let matching = derive(root, &format!("register/{name}/matching"))?;
        let encryption = derive(root, &format!("register/{name}/encryption"))?;
        Ok(Self { matching: hmac::Key::new(hmac::HMAC_SHA256, &matching), encryption })
    }

    /// The keyed hash of `value`, lower-case hexadecimal, 64 characters.
    pub fn hash(&self, value: &str) -> String {
        hex::encode(hmac::sign(&self.matching, value.as_bytes()).as_ref())
    }

    /// Seals `value`.
    pub fn seal(&self, value: &str) -> Result<Sealed, SealError> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.encryption).map_err(|_| SealError)?;
        let mut data = value.as_bytes().to_vec();
        let nonce = key.seal_in_place_append_tag(Aad::empty(), &mut data).map_err(|_| SealError)?;
        let mut out = nonce.as_ref().to_vec();
        out.append(&mut data);
        Ok(Sealed { hash: self.hash(value), value: STANDARD.encode(out) })
    }

    /// Opens `sealed`.
    pub fn open(&self, sealed: &Sealed) -> Result<Personal<String>, SealError> {
        let bytes = STANDARD.decode(&sealed.value).map_err(|_| SealError)?;
        let (nonce, data) = bytes.split_at_checked(12).ok_or(SealError)?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.encryption).map_err(|_| SealError)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError)?;
        let mut data = data.to_vec();
        let plain = key.open_in_place(nonce, Aad::empty(), &mut data).map_err(|_| SealError)?;
        String::from_utf8(plain.to_vec()).map(Personal::new).map_err(|_| SealError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_match_by_hash_and_open_under_their_key_alone() {
        let key = RegisterKey::derive(&[1; 32], "cases").unwrap();
        let other = RegisterKey::derive(&[1; 32], "accounts").unwrap();
        let (a, b) = (key.seal("S000000001").unwrap(), key.seal("S000000001").unwrap());
        assert_eq!(a.hash, b.hash);
        assert_ne!(a.value, b.value);
        assert_ne!(a.hash, other.hash("S000000001"));
        assert_eq!(key.open(&a).unwrap().expose(), "S000000001");
        assert_eq!(other.open(&a), Err(SealError));
    }
}
