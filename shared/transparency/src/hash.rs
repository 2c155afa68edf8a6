//! SHA-256 values, and the hashes of a Merkle tree as in RFC 6962 §2.1.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A SHA-256 value; 64 lower-case hexadecimal digits in text and JSON.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

/// The text or the bytes are not a SHA-256 value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 32 bytes, or 64 hexadecimal digits")]
pub struct HashError;

/// Domain byte of a leaf (RFC 6962 §2.1).
const LEAF: u8 = 0x00;
/// Domain byte of an inner node (RFC 6962 §2.1).
const NODE: u8 = 0x01;

fn sha256(parts: &[&[u8]]) -> Hash {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    Hash(out)
}

impl Hash {
    /// SHA-256 of `data`, without a domain byte.
    pub fn of(data: &[u8]) -> Self {
        sha256(&[data])
    }

    /// The hash of a leaf with `data`: SHA-256(0x00 ‖ data).
    pub fn leaf(data: &[u8]) -> Self {
        sha256(&[&[LEAF], data])
    }

    /// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
    pub fn node(left: Self, right: Self) -> Self {
        sha256(&[&[NODE], &left.0, &right.0])
    }

    /// The root of a tree without leaves: SHA-256 of nothing.
    pub fn empty_tree() -> Self {
        sha256(&[])
    }

    /// 64 hexadecimal digits. Headers are full of hashes: without a string on the heap for each.
    fn with_digits<T>(&self, then: impl FnOnce(&str) -> T) -> T {
        let mut digits = [0; 64];
        let written = hex::encode_to_slice(self.0, &mut digits);
        debug_assert!(written.is_ok(), "two digits a byte");
        then(std::str::from_utf8(&digits).unwrap_or_default())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_digits(|digits| f.write_str(digits))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with_digits(|digits| serializer.serialize_str(digits))
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;
        impl Visitor<'_> for Digits {
            type Value = Hash;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("64 hexadecimal digits")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Hash, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Digits)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let mut out = [0; 32];
        hex::decode_to_slice(text, &mut out).map_err(|_| HashError)?;
        Ok(Self(out))
    }
}

impl TryFrom<&[u8]> for Hash {
    type Error = HashError;

    fn try_from(bytes: &[u8]) -> Result<Self, HashError> {
        bytes.try_into().map(Self).map_err(|_| HashError)
    }
}
