//! The encrypted body of an entry, the salted commitments to its values, and the keys of a log and month.
//!
//! Stored body = version byte 0x01 ‖ nonce (12 bytes) ‖ AES-256-GCM ciphertext and tag of the RFC 8785 JSON
//! `{"seed": hex, "values": {field: text}}`, under the month's body key, with log and month as associated data.

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use kernel::ids::AccountId;
use kernel::sealed::derive;
use kernel::{Personal, canonical};
use serde::{Deserialize, Serialize};
use transparency::Hash;
use zeroize::{Zeroize, Zeroizing};

use crate::keys::DataKey;
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

impl Drop for Plain {
    fn drop(&mut self) {
        self.seed.zeroize();
        self.values.values_mut().for_each(Zeroize::zeroize);
    }
}

/// The commitment to `value` of `field` in an entry with `seed`: HMAC-SHA256 under
/// HKDF-SHA256(seed, "log-commitment/v1/" ‖ field). Whoever holds the field's key and value can check it.
pub fn commitment(seed: &[u8; 32], field: &str, value: &str) -> Result<Hash, BodyError> {
    let key =
        Zeroizing::new(derive(seed, &format!("log-commitment/v1/{field}")).map_err(|_| BodyError::Sealed)?);
    Ok(mac(&hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()), value.as_bytes()))
}

fn mac(key: &hmac::Key, data: &[u8]) -> Hash {
    let mut out = [0; 32];
    out.copy_from_slice(hmac::sign(key, data).as_ref());
    Hash(out)
}

/// The keys of one log and month, derived from its data key.
pub(crate) struct MonthKeys {
    body: RandomizedNonceKey,
    pseudonym: hmac::Key,
    subject: hmac::Key,
    aad: String,
}

/// A body ready to be stored.
pub(crate) struct SealedBody {
    pub bytes: Vec<u8>,
    pub hash: Hash,
    pub commitments: BTreeMap<String, Hash>,
    pub subject: Option<Hash>,
}

impl MonthKeys {
    pub fn derive(log: &str, month: Month, key: &DataKey) -> Result<Self, BodyError> {
        let part =
            |purpose: &str| derive(key.expose(), purpose).map(Zeroizing::new).map_err(|_| BodyError::Sealed);
        let body = part("log-month/v1/body")?;
        Ok(Self {
            body: RandomizedNonceKey::new(&AES_256_GCM, body.as_ref()).map_err(|_| BodyError::Sealed)?,
            pseudonym: hmac::Key::new(hmac::HMAC_SHA256, part("log-month/v1/pseudonym")?.as_ref()),
            subject: hmac::Key::new(hmac::HMAC_SHA256, part("log-month/v1/subject")?.as_ref()),
            aad: format!("datawarden/log-body/v1\n{log}\n{month}"),
        })
    }

    pub fn pseudonym(&self, account: AccountId) -> Hash {
        mac(&self.pseudonym, account.0.as_bytes())
    }

    pub fn subject(&self, subject: &str) -> Hash {
        mac(&self.subject, subject.as_bytes())
    }

    /// Seals the values; `None` if there are none.
    pub fn seal(
        &self,
        seed: &[u8; 32],
        values: &BTreeMap<String, Personal<String>>,
    ) -> Result<Option<SealedBody>, BodyError> {
        if values.is_empty() {
            return Ok(None);
        }
        let commitments = values
            .iter()
            .map(|(field, value)| Ok((field.clone(), commitment(seed, field, value.expose())?)))
            .collect::<Result<_, BodyError>>()?;
        let plain = Plain {
            seed: hex::encode(seed),
            values: values.iter().map(|(field, value)| (field.clone(), value.expose().clone())).collect(),
        };
        let mut data = Zeroizing::new(canonical::bytes(&plain).map_err(|_| BodyError::Sealed)?);
        let nonce = self
            .body
            .seal_in_place_append_tag(Aad::from(self.aad.as_bytes()), &mut *data)
            .map_err(|_| BodyError::Sealed)?;
        let bytes = [&[BODY_VERSION], nonce.as_ref().as_slice(), &data].concat();
        let subject = values.get(SUBJECT).map(|value| self.subject(value.expose()));
        Ok(Some(SealedBody { hash: Hash::of(&bytes), bytes, commitments, subject }))
    }

    /// Opens a stored body and checks every value against its commitment.
    pub fn open(
        &self,
        body: &[u8],
        commitments: &BTreeMap<String, Hash>,
    ) -> Result<BTreeMap<String, Personal<String>>, BodyError> {
        let Some((&BODY_VERSION, rest)) = body.split_first() else { return Err(BodyError::Sealed) };
        let (nonce, data) = rest.split_at_checked(12).ok_or(BodyError::Sealed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| BodyError::Sealed)?;
        let mut data = Zeroizing::new(data.to_vec());
        let json = self
            .body
            .open_in_place(nonce, Aad::from(self.aad.as_bytes()), &mut data)
            .map_err(|_| BodyError::Sealed)?;
        let plain: Plain = serde_json::from_slice(json).map_err(|_| BodyError::Sealed)?;
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
}
