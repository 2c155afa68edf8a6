//! The public header of an entry: what the leaf hash covers. Its bytes are one version byte and RFC 8785 JSON.
//! The format is frozen: a later one gets another version byte, and old entries stay as they are.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use kernel::ids::{AgencyId, QueryApplicationId, QueryId};
use kernel::{Instant, canonical};
use serde::{Deserialize, Serialize};
use transparency::Hash;

use crate::month::Month;

/// First byte of header bytes in the format of this module.
pub const HEADER_VERSION: u8 = 0x01;

/// What an entry records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A query is about to be asked of the provider (invariant 2).
    Intent,
    /// What became of an intent.
    Outcome,
    /// A query that was refused (H6.6).
    Refusal,
    /// One line of a log downloaded from a provider's own system (I4.1.1).
    Import,
    /// An act on the log or on what guards it.
    Governance,
    /// The boundary of a month, written by the sequencer.
    Manifest,
}

impl Kind {
    /// The word that headers and tables carry.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Outcome => "outcome",
            Self::Refusal => "refusal",
            Self::Import => "import",
            Self::Governance => "governance",
            Self::Manifest => "manifest",
        }
    }
}

/// A whole month of a log: what a manifest closes and what a destruction order names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonthRange {
    /// Number of its entries.
    pub count: u64,
    /// Index of its first entry.
    pub first: u64,
    /// Index of its last entry.
    pub last: u64,
    /// The log.
    pub log: String,
    /// The month.
    pub month: Month,
    /// Root of the log's tree after its last entry.
    pub root: Hash,
}

/// The account behind an entry, under a pseudonym of that log and month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountMark {
    /// HMAC-SHA256 of the account id under a key of that log and month.
    pub pseudonym: Hash,
    /// Dense counter of the account in that log and month, from 1.
    pub seq: u64,
}

/// The public header of an entry. Its fields, and those of what stands in it, are declared in the order of RFC 8785, so
/// that they are written in it without being sorted first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The account, under its pseudonym.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountMark>,
    /// What a governance entry does, such as `destruction-order`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The agency that asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<AgencyId>,
    /// Dense counter of the agency in that log and month, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency_seq: Option<u64>,
    /// The query application (H4.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<QueryApplicationId>,
    /// When what it records happened.
    #[serde(with = "stamp")]
    pub at: Instant,
    /// Day when the last backup of a destroyed key expires; until then a backup of the key store opens what was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backups_expire: Option<NaiveDate>,
    /// SHA-256 of the encrypted body as stored (version byte, nonce, ciphertext).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Hash>,
    /// Index of the intent that this entry closes, in the same log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes: Option<u64>,
    /// Salted commitments to the personal values of the body, by field name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub commitments: BTreeMap<String, Hash>,
    /// The decision, such as `granted`, `refused`, `approved`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// Public digests by name: of a draw plan, an endorsement, a rule pack.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digests: BTreeMap<String, Hash>,
    /// Names of the fields asked or returned (H5.1.1).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub fields: BTreeSet<String>,
    /// Position in the log, from 0.
    pub index: u64,
    /// What it records.
    pub kind: Kind,
    /// Legal basis as the rule pack names it (H2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_basis: Option<String>,
    /// The log.
    pub log: String,
    /// Welfare programme as the rule pack names it (H2.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programme: Option<String>,
    /// The query, also the transaction number given to the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<QueryId>,
    /// The month that a manifest or a destruction is about. An erasure names a range of one entry, whose root is its
    /// leaf hash (the tree hash of one leaf, RFC 6962 §2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<MonthRange>,
    /// When it was sequenced; never earlier than the entry before.
    #[serde(with = "stamp")]
    pub recorded_at: Instant,
    /// Problem code of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// Rule pack with version and hash that was followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_pack: Option<String>,
}

/// Header bytes that are not in this format.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// The version byte is none that this program knows.
    #[error("unknown header version")]
    Version,
    /// Not a header in JSON.
    #[error("the header does not parse")]
    Json(#[from] serde_json::Error),
    /// A header, but not in its canonical bytes.
    #[error("the header is not in canonical form")]
    NotCanonical,
}

impl Header {
    /// The canonical bytes: version byte ‖ RFC 8785 JSON. They are UTF-8.
    pub fn to_bytes(&self) -> Result<Vec<u8>, HeaderError> {
        // RFC 8785 counts UTF-16 units, Rust's maps count bytes: beyond ASCII they may disagree.
        let mut names = self.commitments.keys().chain(self.digests.keys());
        let mut bytes = Vec::with_capacity(1_024);
        bytes.push(HEADER_VERSION);
        if names.all(|name| name.is_ascii()) {
            serde_json::to_writer(&mut bytes, self)?;
        } else {
            bytes.append(&mut canonical::bytes(self)?);
        }
        Ok(bytes)
    }

    /// About as many bytes as [`Self::to_bytes`] gives, and hardly ever fewer, without writing them.
    pub(crate) fn size(&self) -> usize {
        /// What every header has, or may have, with the names of its fields.
        const FIXED: usize = 1_024;
        let texts = [
            &self.action,
            &self.decision,
            &self.legal_basis,
            &self.programme,
            &self.refusal,
            &self.rule_pack,
        ];
        let texts = texts.into_iter().flatten().chain(&self.fields).map(|text| text.len() + 3);
        let hashes = self.commitments.keys().chain(self.digests.keys()).map(|name| name.len() + 70);
        FIXED + texts.chain(hashes).sum::<usize>()
    }

    /// Reads canonical bytes; any other spelling of the same header is refused.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HeaderError> {
        let Some((&HEADER_VERSION, json)) = bytes.split_first() else { return Err(HeaderError::Version) };
        let header: Self = serde_json::from_slice(json)?;
        if header.to_bytes()? == bytes { Ok(header) } else { Err(HeaderError::NotCanonical) }
    }
}

/// Times as RFC 3339 in UTC with six digits of a second, so that equal moments have equal bytes.
mod stamp {
    use chrono::{DateTime, SecondsFormat, Utc};
    use kernel::Instant;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(at: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Micros, true))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Instant, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        DateTime::parse_from_rfc3339(&text).map(|at| at.with_timezone(&Utc)).map_err(D::Error::custom)
    }
}
