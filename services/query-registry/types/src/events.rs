//! Events of the query registry. They carry ids, codes and counts, never conditions, reasons or citizens' ids.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use kernel::Event;
use kernel::ids::{AccountId, AgencyId, CaseId, PersonId, QueryApplicationId, QueryId, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a query ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Data were handed over.
    Answered,
    /// The provider knows no such person.
    NotFound,
    /// Refused by a rule; see the problem code.
    Refused,
    /// The provider failed; nothing was handed over.
    Failed,
    /// Imported from an outside system's log (immigration, I4.1.1).
    Imported,
}

/// `registry.query-recorded.v1`: one record (筆): one answered or refused query about one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryRecorded {
    /// Its id, also the provider's transaction number.
    pub query: QueryId,
    /// The application that covered it, if any.
    pub application: Option<QueryApplicationId>,
    /// The account, if the caller has one.
    pub account: Option<AccountId>,
    /// The official.
    pub person: PersonId,
    /// The official's agency.
    pub agency: AgencyId,
    /// The official's unit.
    pub unit: Option<UnitId>,
    /// The case.
    pub case: Option<CaseId>,
    /// Programme id of the rule pack.
    pub programme: Option<String>,
    /// `household`, `tax` or `immigration`.
    pub regulation: String,
    /// How it ended.
    pub decision: Decision,
    /// Problem code of a refusal.
    pub refusal: Option<String>,
    /// Item ids asked.
    pub items: Vec<String>,
    /// Records that the provider returned.
    pub records: u32,
    /// When it was decided.
    pub at: DateTime<Utc>,
    /// Position in the query log.
    pub log: String,
    /// Position in the query log.
    pub log_index: i64,
    /// Marks computed when it happened (design.md flow 9): e.g. `sequential-ids`, `repeated-subject`, `declared-relative`,
    /// `night`, `copied-reason`, `meaningless-reason`, `second-delivery`, `outside-case`; value = strength or count.
    pub marks: BTreeMap<String, i64>,
}

impl Event for QueryRecorded {
    const TYPE: &'static str = "registry.query-recorded.v1";
    const TOPIC: &'static str = "registry.queries.v1";
    fn key(&self) -> String {
        self.account.map_or_else(|| self.person.to_string(), |a| a.to_string())
    }
}

/// `registry.control-item-raised.v1`: something that daily or weekly control, reconciliation or import found and that
/// somebody must explain; audit-sampling follows it (H8.1, H8.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlItemRaised {
    /// Id of the item.
    pub item: uuid::Uuid,
    /// e.g. `unmatched-line`, `open-intent`, `missing-tax-query`, `past-the-gate`, `misuse-mark`, `unapproved-use`.
    pub kind: String,
    /// Agency concerned.
    pub agency: AgencyId,
    /// Account concerned, if known.
    pub account: Option<AccountId>,
    /// Person concerned, if known.
    pub person: Option<PersonId>,
    /// Queries concerned.
    pub queries: Vec<QueryId>,
    /// Clause id.
    pub clause: String,
    /// The day that it is about.
    pub day: NaiveDate,
    /// Codes and counts, never personal values.
    pub detail: BTreeMap<String, String>,
}

impl Event for ControlItemRaised {
    const TYPE: &'static str = "registry.control-item-raised.v1";
    const TOPIC: &'static str = "registry.items.v1";
    fn key(&self) -> String {
        self.item.to_string()
    }
}

/// `registry.control-item-settled.v1`: an item was explained or became a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlItemSettled {
    /// Id of the item.
    pub item: uuid::Uuid,
    /// `explained` or `finding`.
    pub outcome: String,
    /// Who settled it.
    pub by: PersonId,
}

impl Event for ControlItemSettled {
    const TYPE: &'static str = "registry.control-item-settled.v1";
    const TOPIC: &'static str = "registry.items.v1";
    fn key(&self) -> String {
        self.item.to_string()
    }
}

/// `registry.report-closed.v1`: a daily or weekly report was endorsed, or its deadline passed (H8.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportClosed {
    /// Id of the report.
    pub report: uuid::Uuid,
    /// `daily` or `weekly`.
    pub kind: String,
    /// Agency.
    pub agency: AgencyId,
    /// The day, or the week's first day.
    pub day: NaiveDate,
    /// Lines in it.
    pub lines: u32,
    /// Lines that did not match.
    pub unmatched: u32,
    /// `endorsed` or `overdue`.
    pub state: String,
    /// Whether the endorsement came after the deadline.
    pub late: bool,
}

impl Event for ReportClosed {
    const TYPE: &'static str = "registry.report-closed.v1";
    const TOPIC: &'static str = "registry.reports.v1";
    fn key(&self) -> String {
        self.report.to_string()
    }
}

/// `registry.holding-counted.v1`: what a register holds for a month, so that retention can plan its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldingCounted {
    /// Record kind of the rule pack's retention table, e.g. `query-log`, `query-register`.
    pub record_kind: String,
    /// `household`, `tax` or `immigration`.
    pub regulation: String,
    /// First day of the month.
    pub month: NaiveDate,
    /// Records.
    pub count: i64,
    /// Name of the log, for logs.
    pub log: Option<String>,
}

impl Event for HoldingCounted {
    const TYPE: &'static str = "registry.holding-counted.v1";
    const TOPIC: &'static str = "registry.holdings.v1";
    fn key(&self) -> String {
        format!("{}/{}/{}", self.record_kind, self.regulation, self.month)
    }
}

/// `registry.destruction-carried-out.v1`: a destruction order was carried out on this service's records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestructionCarriedOut {
    /// The order.
    pub order: kernel::ids::OrderId,
    /// Records gone.
    pub count: i64,
    /// Digest (hex) of what went: the log month's chain root, or of the ids.
    pub root: String,
    /// Position of the destruction entry in the governance log.
    pub entry: Option<i64>,
    /// e.g. `partition dropped, data key destroyed`.
    pub method: String,
}

impl Event for DestructionCarriedOut {
    const TYPE: &'static str = "registry.destruction-carried-out.v1";
    const TOPIC: &'static str = "registry.destructions.v1";
    fn key(&self) -> String {
        self.order.to_string()
    }
}

/// An entry of a log that was erased early.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErasedEntry {
    /// Its position in the log.
    pub index: i64,
    /// Its leaf hash (hex): it still stands in the log, and every proof with it.
    pub leaf_hash: String,
    /// Position of its erasure entry in the governance log.
    pub erasure: i64,
}

/// `registry.erasure-carried-out.v1`: one record was erased early, in the log and in the registers (H6.6, I3.8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureCarriedOut {
    /// The order.
    pub order: kernel::ids::OrderId,
    /// The erased entries.
    pub entries: Vec<ErasedEntry>,
    /// Rows of the registers whose personal values were overwritten.
    pub rows: i64,
    /// e.g. `keys destroyed, register values overwritten`.
    pub method: String,
    /// Day when the last backup that could still give the record expires.
    pub backups_expire_on: NaiveDate,
}

impl Event for ErasureCarriedOut {
    const TYPE: &'static str = "registry.erasure-carried-out.v1";
    const TOPIC: &'static str = "registry.destructions.v1";
    fn key(&self) -> String {
        self.order.to_string()
    }
}

/// `registry.erasure-refused.v1`: an approved erasure does not fit what is recorded; nothing was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureRefused {
    /// The order.
    pub order: kernel::ids::OrderId,
    /// `not-found`: no such record with personal values in that log, regulation and month; `own-matter`: who asked for it
    /// or approved it made the query (invariant 9).
    pub fault: String,
}

impl Event for ErasureRefused {
    const TYPE: &'static str = "registry.erasure-refused.v1";
    const TOPIC: &'static str = "registry.destructions.v1";
    fn key(&self) -> String {
        self.order.to_string()
    }
}

/// `registry.output-recorded.v1`: a print, file or copy of a result was made; retention puts it on a register until it
/// is filed or destroyed (H3.2, H7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputRecorded {
    /// Its id.
    pub output: uuid::Uuid,
    /// `print`, `file` or `copy`.
    pub kind: String,
    /// How many.
    pub count: i32,
    /// The query whose result it shows.
    pub query: QueryId,
    /// Who made it.
    pub person: PersonId,
    /// Agency.
    pub agency: AgencyId,
    /// Unit.
    pub unit: Option<UnitId>,
    /// The case that it is to be filed into.
    pub case: CaseId,
    /// `household` or `tax`.
    pub regulation: String,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Last day on which it is filed or destroyed in time.
    pub due_on: NaiveDate,
}

impl Event for OutputRecorded {
    const TYPE: &'static str = "registry.output-recorded.v1";
    const TOPIC: &'static str = "registry.outputs.v1";
    fn key(&self) -> String {
        self.output.to_string()
    }
}

/// `registry.checkpoint-published.v1`: a log stands by a head of its tree; the audit service keeps a copy of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointPublished {
    /// The log.
    pub log: String,
    /// Number of entries under it.
    pub size: u64,
    /// The checkpoint as a signed note (C2SP tlog-checkpoint).
    pub note: String,
    /// The key that verifies it (C2SP signed-note).
    pub key: String,
    /// Entries under the checkpoint that was told before.
    pub after: u64,
    /// Proof that this one begins with those (RFC 6962 §2.1.2), hashes in hexadecimal.
    pub proof: Vec<String>,
}

impl Event for CheckpointPublished {
    const TYPE: &'static str = "registry.checkpoint-published.v1";
    const TOPIC: &'static str = "registry.checkpoints.v1";
    fn key(&self) -> String {
        self.log.clone()
    }
}
