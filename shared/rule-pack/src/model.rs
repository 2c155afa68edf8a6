//! The typed pack: what a file in `rules/` holds.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{
    forms::Form,
    path::ApplicationPath,
    terms::{
        Actor, AgencyPart, DeadlineKind, EndorsementMode, LegalBasisKind, OutsideCase, ProviderKind,
        RecordKind, Regulation, RhythmKind,
    },
    times::{Deadline, Duty, Ratio, Retention, Rhythm},
};

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Traditional Chinese, as officials read it.
    pub zh: String,
    /// English.
    pub en: String,
}

/// One regulation in one version. Made by [`RulePack::from_toml`] alone, so it is always valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulePack {
    /// Stable id of the pack, such as `household-2017`.
    pub id: String,
    /// Version of the pack, from 1.
    pub version: u32,
    /// Which regulation's data it governs.
    pub regulation: Regulation,
    /// Short id of the regulation in clause ids: `H`, `I`, `T`.
    pub prefix: String,
    /// Title.
    pub title: Text,
    /// The letter that issued the regulation, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<Issue>,
    /// First day on which this version is followed.
    pub effective_from: NaiveDate,
    /// Last day, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_to: Option<NaiveDate>,
    /// Where the data come from.
    pub provider: Provider,
    /// Systems that may ask (H3.1); empty where queries do not pass the gate.
    #[serde(default)]
    pub systems: Vec<System>,
    /// Kinds of agencies in scope (H2.2, I2).
    pub agency_kinds: Vec<AgencyKind>,
    /// Legal bases and parent rules (H2.1, I2).
    pub legal_bases: Vec<LegalBasis>,
    /// Welfare programmes (H2.3).
    pub programmes: Vec<Programme>,
    /// Platform functions of annex 1, in published order; empty where the form ticks query items.
    #[serde(default)]
    pub permission_items: Vec<PermissionItem>,
    /// What can be asked of the provider.
    pub query_items: Vec<QueryItem>,
    /// Paths of permission applications.
    pub paths: Vec<ApplicationPath>,
    /// Endorsement of queries (H4.2).
    pub endorsement: EndorsementRules,
    /// Rules of a query.
    pub query: QueryRules,
    /// Rules of a session.
    pub session: SessionRules,
    /// Numbers of accounts. Whether access needs training, or an office a designated officer, is the switch of the additions
    /// `H5.1.5+training-for-access` and `I3.2+officer-required`.
    pub accounts: AccountRules,
    /// Samples of audits (H8.2), where the regulation draws them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<SamplingRules>,
    /// Thresholds of misuse detection.
    pub misuse: MisuseRules,
    /// What recurs.
    pub rhythms: BTreeMap<RhythmKind, Rhythm>,
    /// What must be done within a time.
    pub deadlines: BTreeMap<DeadlineKind, Deadline>,
    /// How long records are kept.
    pub retention: BTreeMap<RecordKind, Retention>,
    /// Official forms.
    #[serde(default)]
    pub forms: Vec<Form>,
    /// Statutory duties.
    pub obligations: Vec<Duty>,
    /// What goes beyond the text (＋), each with its switch.
    pub additions: Vec<Addition>,
    /// Digest at the time of reading.
    #[serde(skip)]
    pub(crate) digest: String,
}

/// The letter that issued a regulation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issue {
    /// Its day.
    pub date: NaiveDate,
    /// Its number, such as 高市社救助字第10630621900號函.
    pub number: String,
}

/// The data provider (資料提供機關).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Stable id, such as `household-registration`.
    pub id: String,
    /// Name.
    pub title: Text,
    /// Whether queries pass the gate or a log is imported.
    pub kind: ProviderKind,
}

/// A system that may ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Stable id, such as `welfare-platform`.
    pub id: String,
    /// Name.
    pub title: Text,
    /// Source clause.
    pub clause: String,
}

/// A kind of agency in scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgencyKind {
    /// Stable id: `bureau`, `subordinate`, `welfare-centre`, `district-office`.
    pub id: String,
    /// Name.
    pub title: Text,
    /// Its part.
    pub part: AgencyPart,
    /// Source clause.
    pub clause: String,
}

/// A legal basis or a parent rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalBasis {
    /// Stable id, such as `social-assistance-44-3`; the log entry's code.
    pub id: String,
    /// Statute.
    pub title: Text,
    /// Article, such as `44-3`; absent where the regulation names the statute alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<String>,
    /// What it is.
    pub kind: LegalBasisKind,
    /// Source clause of the naming.
    pub clause: String,
    /// First day in force.
    pub in_force_from: NaiveDate,
    /// Last day in force, where it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_force_to: Option<NaiveDate>,
}

impl LegalBasis {
    /// Whether a query application may cite it: statutes and "others", not parent rules.
    pub fn is_citable(&self) -> bool {
        self.kind != LegalBasisKind::Parent
    }

    /// Whether citing it takes words that name the statute ("others that expressly allow it").
    pub fn needs_citation(&self) -> bool {
        self.kind == LegalBasisKind::Other
    }

    /// Whether it is in force on `day`.
    pub fn in_force(&self, day: NaiveDate) -> bool {
        self.in_force_from <= day && self.in_force_to.is_none_or(|to| day <= to)
    }
}

/// A welfare programme (社會救助及社會福利業務).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Programme {
    /// Stable id, such as `low-income`.
    pub id: String,
    /// Name.
    pub title: Text,
    /// Ids of the legal bases that its cases may cite.
    pub legal_bases: Vec<String>,
}

/// A platform function of annex 1 (申請系統使用權限項目).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermissionItem {
    /// Stable id, such as `low-income-management`.
    pub id: String,
    /// Label exactly as published.
    pub label: String,
    /// Label in English.
    pub label_en: String,
    /// Column of the published form, 1 or 2.
    pub column: u32,
    /// Ids of the programmes whose cases its holder may handle; empty: no household data.
    pub programmes: Vec<String>,
}

/// Something that can be asked of the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryItem {
    /// Stable id, such as `basic`, `entry-exit`.
    pub id: String,
    /// Name; the Chinese one exactly as published where the form lists it.
    pub title: Text,
    /// Service that it stands under (I annex 1), as published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Ordinal on the form, as published (`一`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordinal: Option<String>,
    /// The provider's fields that it covers.
    pub fields: Vec<ProviderField>,
}

/// A field of the provider's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderField {
    /// Name in the provider's answer.
    pub name: String,
    /// Title on screens.
    pub title: Text,
}

/// Endorsement of query applications (H4.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndorsementRules {
    /// When it must be there.
    pub mode: EndorsementMode,
    /// Id of the legal basis that allows another mode than `before`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_basis: Option<String>,
    /// Whether the user endorses too (使用者核章).
    pub user: bool,
    /// Who endorses besides the user.
    pub endorser: Actor,
    /// How many applications one signature may cover.
    pub largest_batch: u32,
    /// Source clause.
    pub clause: String,
}

/// Rules of a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryRules {
    /// An application is good until the end of this many working days after its day (1: the next working day).
    pub valid_working_days: u32,
    /// How often an answer may be delivered again after a broken connection.
    pub deliveries_after_broken_connection: u32,
    /// A person outside the case (H2.3).
    pub person_outside_case: OutsideCase,
    /// A programme that the account may not handle (H2.3).
    pub programme_not_permitted: OutsideCase,
    /// Most persons in one application.
    pub most_persons: u32,
    /// Seconds that a client may show an answer (H6.1).
    pub time_on_screen_seconds: u32,
    /// Fewest characters of a reason (H6.3).
    pub reason_least_chars: u32,
}

/// Rules of a session (H6.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionRules {
    /// Minutes without an act after which it ends.
    pub idle_minutes: u32,
    /// Hours after which it ends in any case.
    pub longest_hours: u32,
}

/// Numbers of accounts. Whether access needs training, or an office a designated officer, is the switch of the additions
/// `H5.1.5+training-for-access` and `I3.2+officer-required`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountRules {
    /// Days without use after which an inventory calls an account idle (閒置).
    pub idle_after_days: u32,
    /// Months for which training is valid.
    pub training_valid_months: u32,
}

/// The quarterly sample (H8.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplingRules {
    /// Part of the accounts used, rounded up.
    pub accounts: Ratio,
    /// Fewest records per drawn person; fewer exist: all, and the shortfall is stated.
    pub least_records: u32,
    /// Source clause.
    pub clause: String,
}

impl SamplingRules {
    /// How many of `used` accounts are drawn.
    pub fn accounts_to_draw(&self, used: u64) -> u64 {
        self.accounts.ceil_of(used)
    }

    /// How many of a person's `records` are drawn.
    pub fn records_to_draw(&self, records: u64) -> u64 {
        records.min(self.least_records.into())
    }
}

/// Thresholds of misuse detection (all of it ＋).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MisuseRules {
    /// Ids that follow each other by this many are a sequence.
    pub sequence_length: u32,
    /// Queries of one person by one account, within `repetition_days`, that are too many.
    pub repetition_count: u32,
    /// Days of that window.
    pub repetition_days: u32,
    /// Accounts' months that must be known before more than `repetition_count` times the usual number is unusual.
    pub usual_least: u32,
    /// First hour of the night in Taipei, 0–23.
    pub night_from_hour: u32,
    /// First hour of the day in Taipei, 0–23.
    pub night_to_hour: u32,
    /// Queries of one account in an hour that are too many.
    pub hourly_count: u32,
    /// Likeness from which two reasons are copies.
    pub reason_likeness: Ratio,
    /// Copies of a reason, within `reason_days`, that are too many.
    pub reason_copies: u32,
    /// Days of that window.
    pub reason_days: u32,
}

/// Something that goes beyond the text (＋).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Addition {
    /// Stable id: clause, `+`, words; such as `H2.1+case-basis`.
    pub id: String,
    /// Title.
    pub title: Text,
    /// Whether it is done.
    pub enabled: bool,
}
