//! Daily and weekly control (H8.1), control items, reconciliation with the providers.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use identity::Endorsement;
use kernel::ids::{AccountId, AgencyId, CaseId, PersonId, PostId, QueryApplicationId, QueryId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::PersonalText;

/// What a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportKind {
    /// The queries of one agency on one day, matched with the query register (H8.1.1).
    Daily,
    /// Users who made no tax query in time after a household query, of all agencies (H8.1.2).
    Weekly,
}

impl ReportKind {
    /// As it stands in events and columns.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
        }
    }
}

/// What is endorsed of a report: the card signs exactly this value (`identity::Endorsement::sign`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportContent {
    /// The report.
    pub report: Uuid,
    /// Kind.
    pub kind: ReportKind,
    /// The agency that owes it: the office, or the bureau for a weekly one.
    pub agency: AgencyId,
    /// First day that it is about.
    pub day: NaiveDate,
    /// Last day that it is about.
    pub until: NaiveDate,
    /// Lines: records of queries, refusals included; weekly: household queries that were judged.
    pub lines: u32,
    /// Lines that did not match.
    pub unmatched: u32,
    /// Lines of the platform's own report file.
    pub platform_lines: u32,
    /// What was found, by code: `no-application`, `open-intent`, `second-delivery`, `past-the-gate` …
    pub findings: BTreeMap<String, u32>,
    /// SHA-256 (hex) over the lines and their codes, in order of their ids.
    pub lines_digest: String,
}

/// The endorsement of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportSeal {
    /// Who.
    pub person: PersonId,
    /// The post acted in; for a deputy the own one.
    pub post: PostId,
    /// The post that a deputy stood in for.
    pub acting_for: Option<PostId>,
    /// When it was taken.
    pub at: DateTime<Utc>,
    /// Whether that was after the due day.
    pub late: bool,
    /// How many of the lines are the endorser's own queries; never all of them.
    pub own_lines: u32,
    /// The card's signature over the content.
    pub endorsement: Endorsement,
}

/// A daily or weekly report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ControlReport {
    /// Its id.
    pub id: Uuid,
    /// What is endorsed of it.
    pub content: ReportContent,
    /// Lines by user.
    #[schema(value_type = Object)]
    pub lines_by_user: BTreeMap<PersonId, u32>,
    /// `open` or `endorsed`.
    pub state: String,
    /// Last day on which its endorsement is in time.
    pub due_on: NaiveDate,
    /// Since when it is known to be overdue.
    pub overdue_since: Option<NaiveDate>,
    /// The endorsement.
    pub seal: Option<ReportSeal>,
    /// When it was built.
    pub built_at: DateTime<Utc>,
    /// The rule pack that it follows.
    pub rule_pack: String,
}

/// Endorses a report.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndorseReport {
    /// The card's signature over the report's `content`.
    pub endorsement: Endorsement,
}

/// A line of a daily report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportLine {
    /// The query.
    pub query: QueryId,
    /// When it was asked.
    pub at: DateTime<Utc>,
    /// The official.
    pub person: PersonId,
    /// The account.
    pub account: Option<AccountId>,
    /// The case.
    pub case: Option<CaseId>,
    /// `household` or `tax`.
    pub regulation: String,
    /// `answered`, `not_found`, `refused`, `failed` or `open`.
    pub decision: String,
    /// Which delivery of the answer.
    pub delivery: i16,
    /// The application that covers it.
    pub application: Option<QueryApplicationId>,
    /// Its number in the query register (annex 2).
    pub register_number: Option<String>,
    /// The control item that the line became, if it did not match.
    pub item: Option<Uuid>,
    /// The item's code.
    pub fault: Option<String>,
}

/// How an item was settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ItemSettlement {
    /// Who.
    pub by: PersonId,
    /// The post acted in.
    pub post: PostId,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether that was after the due day.
    pub late: bool,
}

/// Something that daily or weekly control, reconciliation or import found and that must be explained or become a
/// finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ControlItem {
    /// Its id.
    pub id: Uuid,
    /// `unmatched-line`, `open-intent`, `second-delivery`, `past-the-gate`, `missing-at-provider`, `repeated-call`,
    /// `missing-tax-query`, `unapproved-use`, `unusual-frequency`, `field` or `hours`.
    pub kind: String,
    /// `household`, `tax` or `immigration`.
    pub regulation: String,
    /// Agency concerned.
    pub agency: AgencyId,
    /// Account concerned, if known.
    pub account: Option<AccountId>,
    /// User concerned, if known.
    pub person: Option<PersonId>,
    /// Queries concerned.
    pub queries: Vec<QueryId>,
    /// Clause id.
    pub clause: String,
    /// The day that it is about.
    pub day: NaiveDate,
    /// The report, reconciliation or import that found it.
    pub source: Uuid,
    /// Codes and counts.
    pub detail: BTreeMap<String, String>,
    /// `open`, `explained` or `finding`.
    pub state: String,
    /// Last day on which it is settled in time.
    pub due_on: NaiveDate,
    /// When it was raised.
    pub raised_at: DateTime<Utc>,
    /// How it was settled.
    pub settlement: Option<ItemSettlement>,
    /// The words it was settled with, for those who may see the item.
    pub words: Option<PersonalText>,
}

/// Settles an item: explains it, or confirms it as a finding.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettleItem {
    /// The explanation, or why there is none that holds.
    #[schema(min_length = 1, max_length = 1000)]
    pub words: PersonalText,
}

/// A provider's month compared with the register of queries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reconciliation {
    /// Its id.
    pub id: Uuid,
    /// `household` or `tax`.
    pub regulation: String,
    /// First day of the month.
    pub month: NaiveDate,
    /// `pending` while the provider's count is not there, `done` after.
    pub state: String,
    /// Calls that the provider counts.
    pub calls: u32,
    /// Queries of the register that the provider must have counted.
    pub queries: u32,
    /// Calls that no query stands for.
    pub past_the_gate: u32,
    /// Queries that the provider did not count.
    pub missing_at_provider: u32,
    /// Transaction numbers that were called more than once.
    pub repeated: u32,
    /// Items raised; at most so many as the service raises of one kind at a time.
    pub items: Vec<Uuid>,
    /// When it was done.
    pub done_at: Option<DateTime<Utc>>,
}
