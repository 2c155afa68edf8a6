//! The query log as it is read, and the feed of changes for agencies' systems.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kernel::ids::{AccountId, AgencyId, CaseId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::PersonalText;

/// The head of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogHead {
    /// The log.
    pub log: String,
    /// Entries ever appended.
    pub size: u64,
    /// Root of the Merkle tree over them (RFC 6962), hexadecimal.
    pub root_hash: String,
    /// Name of the log in its checkpoints (C2SP tlog-checkpoint).
    pub origin: String,
    /// The key that verifies its checkpoints, as C2SP signed-note writes verifier keys.
    pub verifier_key: String,
    /// The log that goes on where this one ended; none while it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
}

/// What a log lost: entries that were signed and are not in the database any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogLoss {
    /// The log.
    pub log: String,
    /// Entries that are left.
    pub size: u64,
    /// Root of the Merkle tree over them (RFC 6962), hexadecimal.
    pub root_hash: String,
    /// Entries under the largest head that was signed, as far as anybody who was asked knows.
    pub known_size: u64,
    /// Its root, hexadecimal.
    pub known_root: String,
    /// What two administrators approve (kind `log_loss`, the log's name), so that a successor goes on.
    pub digest: String,
    /// The name of the successor.
    pub successor: String,
    /// Whether it goes on already.
    pub ended: bool,
}

/// The heads of all logs.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LogHeads {
    /// Each log.
    pub heads: Vec<LogHead>,
}

/// The log that would go on where a log ended, with its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogSuccessor {
    /// Its name.
    pub successor: String,
    /// The key that verifies its checkpoints, as C2SP signed-note writes verifier keys.
    pub verifier_key: String,
    /// What two administrators approve (kind `log_key`, the successor's name), so that it goes on with this key.
    pub digest: String,
    /// Whether it goes on already.
    pub ended: bool,
}

/// An entry of a log: its public header.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LogEntryView {
    /// The log.
    pub log: String,
    /// Index.
    pub index: u64,
    /// The header as JSON.
    #[schema(value_type = Object)]
    pub header: serde_json::Value,
    /// The bytes that the leaf hash covers, base64.
    pub header_bytes: String,
    /// Leaf hash, hexadecimal.
    pub leaf_hash: String,
}

/// Reads the personal values of an entry; the reading is itself logged first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadLogEntry {
    /// What they are read for, e.g. the audit plan.
    #[schema(min_length = 1, max_length = 500)]
    pub purpose: PersonalText,
}

/// The personal values of an entry.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LogEntryBody {
    /// Values by field; each fits its commitment in the header.
    pub values: BTreeMap<String, PersonalText>,
    /// Whether the values were erased early, under an order: then there are none, for anybody.
    pub erased: bool,
    /// Index of the entry that records this reading, in the same log.
    pub reading: u64,
}

/// What to find in a log, and what for. What is left out does not narrow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchLogEntries {
    /// What it is searched for, e.g. the audit plan.
    #[schema(min_length = 1, max_length = 500)]
    pub purpose: PersonalText,
    /// Account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<AgencyId>,
    /// Case: entries of its query applications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    /// National id of the person asked about, as intents, refusals and searches have it; of an imported line, its condition
    /// as it was downloaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100)]
    pub subject: Option<PersonalText>,
    /// Recorded at or after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// Recorded before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// Cursor: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// Entries at most, 1–200 (50 unless told).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// A page of entries that were found, in the order of the log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FoundLogEntries {
    /// The entries; no personal value is in them.
    pub items: Vec<LogEntryView>,
    /// Pass as `after` for the next page; none at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// Index of the entry that records this search, in the same log.
    pub reading: u64,
}

/// Something that an agency's system should know of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// Cursor of this change.
    pub cursor: String,
    /// `application-submitted`, `application-endorsed`, `application-returned`, `application-expired`,
    /// `account-changed`, `case-registered`, `case-closed`; more may come.
    pub kind: String,
    /// The agency concerned.
    pub agency: AgencyId,
    /// Id of what changed.
    pub subject: Uuid,
    /// When.
    pub at: DateTime<Utc>,
}
