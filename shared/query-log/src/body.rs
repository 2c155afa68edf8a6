//! The encrypted body of an entry and the salted commitments to its values.
//!
//! Stored body = version byte 0x01 ‖ nonce (12 bytes) ‖ AES-256-GCM ciphertext and tag of the RFC 8785 JSON
//! `{"seed": hex, "values": {field: text}}`, under leaf `index` of the month's key tree, with log, month and index as
//! associated data. The nonce is random and stored, because an index can be used twice: by a batch that was rolled
//! back, or by a leader that was taken over from.

use std::collections::BTreeMap;

use aws_lc_rs::aead::Aad;
use aws_lc_rs::hmac;
use kernel::sealed::derive;
use kernel::{Personal, canonical};
use serde::{Deserialize, Serialize};
use transparency::Hash;
use zeroize::{Zeroize, Zeroizing};

use crate::aead;
use crate::key_tree::TreeKey;
use crate::month::Month;

/// First byte of a stored body in the format of this module.
pub const BODY_VERSION: u8 = 0x01;

/// The name of the personal value by which entries are found again ([`crate::Filter::subject`]).
pub const SUBJECT: &str = "subject";

/// A body that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Unknown version, altered bytes, or another key.
    #[error("the body does not open")]
    Sealed,
    /// The key of its index was destroyed: nothing can be sealed or opened there any more.
    #[error("the key of the entry was destroyed")]
    Erased,
    /// A value does not fit the commitment in the header.
    #[error("a value of the body does not fit its commitment")]
    Commitment,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    seed: String,
    values: BTreeMap<String, String>,
}

impl Plain {
    /// RFC 8785 bytes: the fields are declared in its order, and names in ASCII are in it.
    fn to_bytes(&self) -> serde_json::Result<Vec<u8>> {
        let is_sorted = self.values.keys().all(|name| name.is_ascii());
        if is_sorted { serde_json::to_vec(self) } else { canonical::bytes(self) }
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        self.seed.zeroize();
        self.values.values_mut().for_each(Zeroize::zeroize);
    }
}

/// The key of the commitment to one value: HKDF-SHA256(seed, "log-commitment/v1/" ‖ field). Who gave or got the value is
/// given its key too, to check what the log holds of it; without the key a commitment to a guess cannot be told from others.
#[derive(Clone, PartialEq, Eq)]
pub struct FieldKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for FieldKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[key]")
    }
}

impl FieldKey {
    /// The key of `field` in an entry with `seed`.
    pub fn derive(seed: &[u8; 32], field: &str) -> Result<Self, BodyError> {
        let key = derive(seed, &format!("log-commitment/v1/{field}")).map_err(|_| BodyError::Sealed)?;
        Ok(Self(Zeroizing::new(key)))
    }

    /// The commitment to `value`: HMAC-SHA256 under this key.
    pub fn commitment(&self, value: &str) -> Hash {
        mac(&hmac::Key::new(hmac::HMAC_SHA256, self.0.as_ref()), value.as_bytes())
    }

    /// 64 hexadecimal digits, for the one who gave or got the value.
    pub fn expose(&self) -> String {
        hex::encode(*self.0)
    }
}

/// The commitment to `value` of `field` in an entry with `seed`.
pub fn commitment(seed: &[u8; 32], field: &str, value: &str) -> Result<Hash, BodyError> {
    Ok(FieldKey::derive(seed, field)?.commitment(value))
}

fn mac(key: &hmac::Key, data: &[u8]) -> Hash {
    let mut out = [0; 32];
    out.copy_from_slice(hmac::sign(key, data).as_ref());
    Hash(out)
}

/// Where a body stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub log: &'a str,
    pub month: Month,
    pub index: u64,
}

impl Place<'_> {
    fn aad(self) -> Aad<String> {
        Aad::from(format!("datawarden/log-body/v1\n{}\n{}\n{}", self.log, self.month, self.index))
    }
}

/// Version byte, nonce and tag of a stored body.
const FRAME: usize = 1 + 12 + 16;

/// A body before it has its place, with the commitments that do not depend on it.
pub(crate) struct UnsealedBody {
    plain: Zeroizing<Vec<u8>>,
    pub commitments: BTreeMap<String, Hash>,
    pub field_keys: BTreeMap<String, FieldKey>,
    pub subject: Option<Zeroizing<String>>,
}

impl UnsealedBody {
    /// The body for `values`; `None` if there are none.
    pub fn new(
        seed: &[u8; 32],
        values: &BTreeMap<String, Personal<String>>,
    ) -> Result<Option<Self>, BodyError> {
        if values.is_empty() {
            return Ok(None);
        }
        let field_keys = values
            .keys()
            .map(|field| Ok((field.clone(), FieldKey::derive(seed, field)?)))
            .collect::<Result<BTreeMap<_, _>, BodyError>>()?;
        let commitments = field_keys
            .iter()
            .zip(values.values())
            .map(|((field, key), value)| (field.clone(), key.commitment(value.expose())))
            .collect();
        let plain = Plain {
            seed: hex::encode(seed),
            values: values.iter().map(|(field, value)| (field.clone(), value.expose().clone())).collect(),
        };
        let plain = Zeroizing::new(plain.to_bytes().map_err(|_| BodyError::Sealed)?);
        let subject = values.get(SUBJECT).map(|value| Zeroizing::new(value.expose().clone()));
        Ok(Some(Self { plain, commitments, field_keys, subject }))
    }

    /// Bytes that it will take as stored.
    pub fn sealed_size(&self) -> usize {
        self.plain.len() + FRAME
    }

    /// The bytes to store at `place`, under the key of its leaf.
    pub fn seal(&self, place: Place<'_>, leaf: &TreeKey) -> Result<Vec<u8>, BodyError> {
        let sealed = aead::key(leaf.as_ref()).and_then(|key| aead::seal(&key, place.aad(), &self.plain));
        Ok([&[BODY_VERSION], sealed.ok_or(BodyError::Sealed)?.as_slice()].concat())
    }
}

fn open_plain(place: Place<'_>, leaf: &TreeKey, body: &[u8]) -> Result<Plain, BodyError> {
    let Some((&BODY_VERSION, rest)) = body.split_first() else { return Err(BodyError::Sealed) };
    let json = aead::key(leaf.as_ref()).and_then(|key| aead::open(&key, place.aad(), rest));
    serde_json::from_slice(&json.ok_or(BodyError::Sealed)?).map_err(|_| BodyError::Sealed)
}

/// Opens a stored body and checks every value against its commitment.
pub(crate) fn open(
    place: Place<'_>,
    leaf: &TreeKey,
    body: &[u8],
    commitments: &BTreeMap<String, Hash>,
) -> Result<BTreeMap<String, Personal<String>>, BodyError> {
    let plain = open_plain(place, leaf, body)?;
    let mut seed = Zeroizing::new([0; 32]);
    hex::decode_to_slice(&plain.seed, seed.as_mut()).map_err(|_| BodyError::Sealed)?;
    let mut found = BTreeMap::new();
    for (field, value) in &plain.values {
        if commitments.get(field) != Some(&commitment(&seed, field, value)?) {
            return Err(BodyError::Commitment);
        }
        found.insert(field.clone(), Personal::new(value.clone()));
    }
    if found.len() == commitments.len() { Ok(found) } else { Err(BodyError::Commitment) }
}

/// The subject of a stored body alone, for a month's subject index that is written anew.
pub(crate) fn open_subject(
    place: Place<'_>,
    leaf: &TreeKey,
    body: &[u8],
) -> Result<Option<Zeroizing<String>>, BodyError> {
    let mut plain = open_plain(place, leaf, body)?;
    Ok(plain.values.get_mut(SUBJECT).map(|subject| Zeroizing::new(std::mem::take(subject))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by an independent program.
    #[test]
    fn stored_bodies_are_frozen() {
        let place = Place { log: "three-year", month: "2026-01".parse().unwrap(), index: 42 };
        let leaf = Zeroizing::new([7; 32]);
        let stored = hex::decode(concat!(
            "01000102030405060708090a0b63a39a15786dfb735582dcacdb6855cad80c8fbe21524e012ffe5a8ab7e75435e75f7f",
            "d2aeff08cdcdd5fa8665c78c03cd006549ede5dda6487f8dbc99f022ff747f3a8ca36321a011178b9e47ee47f7cf21e9",
            "e43d1f5496c2b31d7520172863e4c0242f3e182e61e818717a1915111289c8459d863a7744805746ec79",
        ))
        .unwrap();
        let values = BTreeMap::from([(SUBJECT.to_owned(), Personal::new("S000000003".to_owned()))]);
        let fresh = UnsealedBody::new(&[9; 32], &values).unwrap().unwrap();
        let found = open(place, &leaf, &stored, &fresh.commitments).unwrap();
        assert_eq!(found[SUBJECT].expose(), "S000000003");
        assert_eq!(open_subject(place, &leaf, &stored).unwrap().unwrap().as_str(), "S000000003");

        let sealed = fresh.seal(place, &leaf).unwrap();
        assert_eq!((sealed.len(), fresh.sealed_size()), (stored.len(), stored.len()));
        assert_ne!(sealed, fresh.seal(place, &leaf).unwrap(), "two nonces for one index");
        let next = Place { index: 43, ..place };
        for (place, leaf) in [(next, leaf), (place, Zeroizing::new([8; 32]))] {
            assert_eq!(open(place, &leaf, &sealed, &fresh.commitments).unwrap_err(), BodyError::Sealed);
        }
    }
}
