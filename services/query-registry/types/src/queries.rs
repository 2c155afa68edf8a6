//! Queries through the gate (H4.2, H6) and what is recorded of them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use kernel::ids::{AccountId, AgencyId, CaseId, PersonId, QueryApplicationId, QueryId, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::PersonalText;
use crate::events::Decision;

/// Asks the provider about one person under an endorsed application.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateQuery {
    /// The application.
    pub application: QueryApplicationId,
    /// National id of the person.
    pub national_id: PersonalText,
    /// Items; all of the application's when absent.
    #[schema(max_items = 50)]
    pub items: Option<BTreeSet<String>>,
    /// The query whose answer was lost with its connection: asks for one more delivery, as often as the pack allows.
    pub delivery_of: Option<QueryId>,
}

/// The log's acknowledgement of an entry, with the proof of it. Keep it: it convinces others that the entry is in the log, and
/// anchors an offline verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogReceipt {
    /// The log.
    pub log: String,
    /// Index of the entry.
    pub index: u64,
    /// SHA-256(0x00 ‖ header bytes), hexadecimal.
    pub leaf_hash: String,
    /// When it was sequenced.
    pub recorded_at: DateTime<Utc>,
    /// Entries of the log that the proof was made for.
    pub size: u64,
    /// Root of the Merkle tree over them (RFC 6962), hexadecimal.
    pub root_hash: String,
    /// The proof of the entry as C2SP tlog-proof@v1, with the entry's public bytes as its extra data, against a checkpoint
    /// that the log signed. Fetched again after some seconds (`get_log_proof`) it carries the witnesses' cosignatures.
    pub proof: String,
    /// Keys of the commitments to personal values in the entry, by field, 64 hexadecimal digits each: HMAC-SHA256 of the
    /// value under its key is the commitment in the entry. Only in an answer, for whoever sent or got the values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub field_keys: BTreeMap<String, PersonalText>,
}

/// What every page and print of an answer must show (H6.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Watermark {
    /// Account number.
    pub account_number: String,
    /// When it was answered.
    pub at: DateTime<Utc>,
    /// Number of the application in the register.
    pub register_number: String,
}

/// The answer to a query. Not to be stored by anyone on the way.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct QueryAnswer {
    /// The query; also the provider's transaction number.
    pub query: QueryId,
    /// `answered` or `not_found`.
    pub decision: Decision,
    /// The approved fields that the provider has; absent when it knows no such person.
    #[schema(value_type = Option<Object>)]
    pub content: Option<serde_json::Map<String, serde_json::Value>>,
    /// Fields that were asked of the provider.
    pub fields_asked: Vec<String>,
    /// Fields that are in `content`.
    pub fields_returned: Vec<String>,
    /// Records that the provider returned.
    pub records: u32,
    /// `identity::salted_digest` of `content` under `digest_salt`: what the register and the log hold of it.
    pub digest: String,
    /// The digest's salt, 64 hexadecimal digits; the register does not keep it.
    pub digest_salt: String,
    /// 1 for the first delivery.
    pub delivery: i16,
    /// Acknowledgement of the intent in the query log: who asks about whom, and why, recorded before the provider was asked.
    pub intent: LogReceipt,
    /// Acknowledgement of the outcome in the query log.
    pub receipt: LogReceipt,
    /// What pages and prints must show.
    pub watermark: Watermark,
    /// Seconds after which a client must take it off the screen (H6.1).
    pub time_on_screen_seconds: u32,
}

/// One record (筆) of the register of queries; no content, no national id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueryRecord {
    /// Its id.
    pub id: QueryId,
    /// The application, if there was one.
    pub application: Option<QueryApplicationId>,
    /// Which delivery under the application; 0 when nothing was delivered.
    pub delivery: i16,
    /// Account.
    pub account: Option<AccountId>,
    /// The official.
    pub person: PersonId,
    /// Agency.
    pub agency: AgencyId,
    /// Unit.
    pub unit: Option<UnitId>,
    /// Case.
    pub case: Option<CaseId>,
    /// `household` or `tax`.
    pub regulation: String,
    /// Programme.
    pub programme: Option<String>,
    /// Legal basis.
    pub legal_basis: Option<String>,
    /// Keyed hash of the person asked about; `erased:` and the query's id once the record was erased early.
    pub subject: String,
    /// How it ended; absent while it is open.
    pub decision: Option<Decision>,
    /// Problem code of a refusal.
    pub refusal: Option<String>,
    /// Items asked.
    pub items: Vec<String>,
    /// Fields asked of the provider.
    pub fields_asked: Vec<String>,
    /// Fields handed over.
    pub fields_returned: Vec<String>,
    /// Records that the provider returned.
    pub records: i32,
    /// Commitment to the content.
    pub digest: Option<String>,
    /// The log.
    pub log: String,
    /// Index of the intent.
    pub intent_index: Option<i64>,
    /// Index of the outcome or refusal.
    pub log_index: Option<i64>,
    /// When it was asked.
    pub at: DateTime<Utc>,
    /// Marks (design.md, flow 9).
    #[schema(value_type = Object)]
    pub marks: BTreeMap<String, i64>,
    /// Rule pack.
    pub rule_pack: Option<String>,
}
