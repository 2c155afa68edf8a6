//! What goes into the log and what comes out of it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use kernel::ids::{AccountId, AgencyId, QueryApplicationId, QueryId};
use kernel::{Instant, Personal};
use serde::{Deserialize, Serialize};
use transparency::Hash;

use crate::body::FieldKey;
use crate::header::{Header, Kind, MonthRange};
use crate::month::Month;

/// An entry to append. Everything but `account` and `personal` becomes public in the header: no personal data there.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// What it records; [`Kind::Manifest`] is the sequencer's own.
    pub kind: Kind,
    /// When what it records happened.
    pub at: Instant,
    /// The agency that asked.
    pub agency: Option<AgencyId>,
    /// The account; the log holds its pseudonym of that month alone.
    pub account: Option<AccountId>,
    /// Legal basis as the rule pack names it (H2.1).
    pub legal_basis: Option<String>,
    /// Welfare programme as the rule pack names it (H2.3).
    pub programme: Option<String>,
    /// The decision, such as `granted`, `refused`, `approved`.
    pub decision: Option<String>,
    /// Problem code of a refusal.
    pub refusal: Option<String>,
    /// Rule pack with version and hash.
    pub rule_pack: Option<String>,
    /// Names of the fields asked or returned (H5.1.1).
    pub fields: BTreeSet<String>,
    /// The query application (H4.2).
    pub application: Option<QueryApplicationId>,
    /// The query.
    pub query: Option<QueryId>,
    /// Index of the intent that this entry closes, in the same log.
    pub closes: Option<u64>,
    /// What a governance entry does, such as [`crate::DESTRUCTION_ORDER`].
    pub action: Option<String>,
    /// The month that a destruction is about; of one entry alone for an erasure.
    pub range: Option<MonthRange>,
    /// Day when the last backup of a destroyed key expires.
    pub backups_expire: Option<NaiveDate>,
    /// Public digests by name.
    pub digests: BTreeMap<String, Hash>,
    /// Personal values by field name; [`crate::SUBJECT`] is the one that entries are found by.
    pub personal: BTreeMap<String, Personal<String>>,
}

impl NewEntry {
    /// An entry of `kind` about something that happened `at`, everything else empty.
    pub fn new(kind: Kind, at: Instant) -> Self {
        Self {
            kind,
            at,
            agency: None,
            account: None,
            legal_basis: None,
            programme: None,
            decision: None,
            refusal: None,
            rule_pack: None,
            fields: BTreeSet::new(),
            application: None,
            query: None,
            closes: None,
            action: None,
            range: None,
            backups_expire: None,
            digests: BTreeMap::new(),
            personal: BTreeMap::new(),
        }
    }
}

/// The acknowledgement of an append, given after COMMIT. Keep it: it proves that the entry is in the log, and anchors an
/// offline verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The log.
    pub log: String,
    /// Index of the entry, from 0.
    pub index: u64,
    /// SHA-256(0x00 ‖ header bytes).
    pub leaf_hash: Hash,
    /// When it was sequenced.
    pub recorded_at: Instant,
    /// The state of the log that the proof is made for.
    pub head: Head,
    /// The C2SP tlog-proof of the entry, with the header bytes as its extra data, against a checkpoint of that state.
    pub proof: String,
    /// The keys of the commitments to its personal values, by field: with them whoever knows a value checks it against the
    /// header. For the one who gave or got the values; never kept.
    pub field_keys: BTreeMap<String, FieldKey>,
}

/// The state of a log: `size` entries and the root of the Merkle tree over them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The log.
    pub log: String,
    /// Number of entries ever appended.
    pub size: u64,
    /// Root of its Merkle tree.
    pub root_hash: Hash,
}

/// An entry as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The public header.
    pub header: Header,
    /// The bytes that the leaf hash covers.
    pub header_bytes: Vec<u8>,
    /// SHA-256(0x00 ‖ header bytes).
    pub leaf_hash: Hash,
    /// The encrypted body, if it has one.
    pub body: Option<Vec<u8>>,
}

impl Entry {
    /// The month that its keys belong to.
    pub fn month(&self) -> Month {
        Month::of(self.header.recorded_at)
    }
}

/// What the body of an entry holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// The personal values by field name; none if the entry has no body.
    Values(BTreeMap<String, Personal<String>>),
    /// The key of the entry was destroyed by an early erasure: nobody reads it any more.
    Erased,
}

impl Body {
    /// The values; `None` of an erased entry.
    pub fn values(self) -> Option<BTreeMap<String, Personal<String>>> {
        match self {
            Self::Values(values) => Some(values),
            Self::Erased => None,
        }
    }
}

/// Which entries to read; what is `None` or empty does not narrow.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only this account's (in months whose key is not destroyed).
    pub account: Option<AccountId>,
    /// Only this agency's.
    pub agency: Option<AgencyId>,
    /// Only of these query applications.
    pub applications: Vec<QueryApplicationId>,
    /// Only of this query.
    pub query: Option<QueryId>,
    /// Only about this subject (in months whose key is not destroyed).
    pub subject: Option<Personal<String>>,
    /// Recorded at or after.
    pub from: Option<Instant>,
    /// Recorded before.
    pub until: Option<Instant>,
    /// Only these kinds.
    pub kinds: Vec<Kind>,
}

/// One page of entries in the order of the log.
#[derive(Debug, Clone)]
pub struct Page {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Pass as `after` for the next page; `None` at the end.
    pub next: Option<u64>,
}
