//! Requests. What an endorsement signs is `account_types::ActContent` with the operation id as act, the id in the path
//! (nil where there is none) as subject, and the body that each request names.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use identity::Endorsement;
use kernel::ids::{AccountId, AgencyId, FindingId, PersonId, QueryId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::draw::RandomnessSource;

/// Opens a quarterly audit (H8.2) for the period in which `day` lies.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAuditPlan {
    /// `household` or `tax`.
    pub regulation: String,
    /// A day of the period.
    pub day: NaiveDate,
}

/// Freezes the population of a plan and names the source of randomness.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FreezePopulation {
    /// The source.
    pub source: RandomnessSource,
}

/// The randomness as it was published, typed in by one person.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DrawNumbers {
    /// ASCII digits, letters, spaces and commas; 1 to 200.
    pub text: String,
}

/// An act without further data.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoData {}

/// Assigns a worksheet to an auditor.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignWorksheet {
    /// The auditor.
    pub auditor: PersonId,
}

/// What an auditor found about one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordOutcome {
    /// In order.
    Ok,
    /// Something is wrong with it.
    Finding,
}

/// The result of one drawn record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordResult {
    /// The query.
    pub query: QueryId,
    /// The outcome.
    pub outcome: RecordOutcome,
    /// What was seen; no personal data. Needed with `finding`.
    pub remark: Option<String>,
}

/// Records a worksheet (H8.2): usage, account and password use, register, anomalies, and each drawn record.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordWorksheetResult {
    /// Each drawn record once.
    pub records: Vec<RecordResult>,
    /// Whether the use of the data is in order (使用狀況).
    pub usage_in_order: bool,
    /// Whether the use of account and password is in order (帳號密碼使用情形).
    pub account_use_in_order: bool,
    /// Whether the query register is in order (查詢申請紀錄表).
    pub register_in_order: bool,
    /// Anomalies of the use (有無異常情形); no personal data.
    pub anomalies: Option<String>,
    /// Whether what was found is a violation, not only an anomaly to look into.
    #[serde(default)]
    pub violation: bool,
}

/// Carries a card signature alone. The signed body is what the operation names.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Endorse {
    /// Card signature.
    pub endorsement: Endorsement,
}

/// Raises a finding by hand (H8.3, H8.5).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateFinding {
    /// `household`, `tax` or `immigration`.
    pub regulation: String,
    /// Kind, in snake_case.
    pub kind: String,
    /// Agency concerned.
    pub agency: AgencyId,
    /// Account concerned.
    pub account: Option<AccountId>,
    /// Person concerned.
    pub person: Option<PersonId>,
    /// What was seen; no personal data.
    pub what: String,
}

/// Orders immediate correction (H8.5): from here on the finding is a violation. The card signs the request without its
/// endorsement.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderCorrection {
    /// What is to be corrected; no personal data.
    pub order: String,
    /// Whether the account is suspended at once (H9, I6).
    pub suspend: bool,
    /// Card signature.
    pub endorsement: Endorsement,
}

/// Submits the report on a correction (H8.5).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitCorrectionReport {
    /// What was done; no personal data.
    pub report: String,
}

/// Accepts a report, or sends it back.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptCorrectionReport {
    /// False sends it back.
    pub accepted: bool,
    /// Why, when it is sent back.
    pub remark: Option<String>,
    /// Whether a suspended account may be used again.
    pub resume: bool,
}

/// The course of an anomaly (I4.1.2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Course {
    /// Why it happened.
    pub cause: Option<String>,
    /// What it led to.
    pub effect: Option<String>,
    /// How it was contained.
    pub containment: Option<String>,
}

/// Closes a finding that proved to be none, or that the explanation settles.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseFinding {
    /// Why; no personal data.
    pub reason: String,
    /// Whether a suspended account may be used again.
    pub resume: bool,
}

/// The kind of liability that is pursued (H9, I6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Liability {
    /// 民事.
    Civil,
    /// 刑事.
    Criminal,
    /// 懲處 of the user.
    Disciplinary,
    /// 行政責任 of the agency, unit or IT unit that failed to manage.
    Administrative,
}

/// Records a referral (H9, I6).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordLegalReferral {
    /// Liability.
    pub liability: Liability,
    /// Authority that it went to.
    pub authority: String,
    /// Day.
    pub referred_on: NaiveDate,
    /// Document number.
    pub number: String,
}

/// Records how a referral ended.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordReferralOutcome {
    /// Place of the referral in the finding, from 0.
    pub referral: usize,
    /// The outcome.
    pub outcome: String,
    /// Day.
    pub decided_on: NaiveDate,
}

/// Opens a joint investigation (H8.3).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenInvestigation {
    /// The finding.
    pub finding: FindingId,
}

/// Adds what a party found out.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateContribution {
    /// What; no personal data.
    pub text: String,
}

/// How an investigation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// Nothing wrong.
    NoViolation,
    /// A violation: correction is ordered (H8.5).
    Violation,
}

/// The audit record that an investigation ends in (H8.3). Its RFC 8785 bytes are what the three parties sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvestigationRecord {
    /// Why it happened; no personal data.
    pub cause: String,
    /// What it led to.
    pub effect: String,
    /// How it was contained.
    pub containment: String,
    /// The conclusion.
    pub conclusion: Conclusion,
    /// Its reasons.
    pub reasons: String,
}

/// Opens an internal audit (I4.1.1 annex 2, I4.1.3 annex 3) of the caller's own agency.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateInternalAudit {
    /// 2 or 3.
    pub annex: u32,
    /// A day of the period.
    pub day: NaiveDate,
}

/// The answer to one row of the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FormAnswer {
    /// Option id of the form: `yes` or `no`.
    pub result: String,
    /// Explanation; needed with `no`. No personal data.
    pub explanation: Option<String>,
}

/// Records the answers of an internal audit. The auditor's card signs the request without its endorsement.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordInternalAudit {
    /// Date of the audit.
    pub audited_on: NaiveDate,
    /// Row id to answer, every row of the form.
    pub answers: BTreeMap<String, FormAnswer>,
    /// Card signature of the auditor.
    pub endorsement: Endorsement,
}

/// Plans a spot check of a district office (I4.2.1).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSpotCheck {
    /// Offices among which one is drawn; with a single one, that one is visited.
    pub offices: Vec<AgencyId>,
    /// Day of the visit.
    pub visit_on: NaiveDate,
}

/// Records a visit.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordSpotCheck {
    /// Day of the visit.
    pub visited_on: NaiveDate,
    /// What was seen; no personal data.
    pub result: String,
    /// Whether everything was in order; else a finding is opened.
    pub in_order: bool,
}

/// Makes a package for an external audit (H8.4, I4.2.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePackage {
    /// `household`, `tax` or `immigration`.
    pub regulation: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub until: NaiveDate,
    /// Agencies; all when empty.
    #[serde(default)]
    pub agencies: Vec<AgencyId>,
    /// The provider's letter that announces the audit.
    pub letter: String,
}

/// Asks a user to cooperate with an external audit (H8.4).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestCooperation {
    /// The package that it is for.
    pub package: Uuid,
    /// The user.
    pub person: PersonId,
    /// What is asked; no personal data.
    pub request: String,
}

/// Answers a request for cooperation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerCooperation {
    /// The answer; no personal data.
    pub answer: String,
}

/// An act that carries a card signature: whose, in which post, when. Kept whole as evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedAct {
    /// The person.
    pub person: PersonId,
    /// The post.
    pub post: kernel::ids::PostId,
    /// When it was taken.
    pub at: DateTime<Utc>,
    /// The signature.
    pub endorsement: Endorsement,
}
