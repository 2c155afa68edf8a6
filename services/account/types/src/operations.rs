//! Requests of the other operations.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use identity::Endorsement;
use kernel::Personal;
use kernel::ids::{AccountId, AgencyId, PersonId, PostId, SystemId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Enters a person without posts, cards and rights; those are governed changes.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolPerson {
    /// Staff number (員工代號).
    pub staff_number: String,
    /// Name.
    #[schema(value_type = String)]
    pub name: Personal<String>,
    /// National id.
    #[schema(value_type = String)]
    pub national_id: Personal<String>,
}

/// Declares national ids of close relatives; only their keyed hashes are kept.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclareRelatives {
    /// National ids.
    #[schema(value_type = Vec<String>)]
    pub national_ids: Vec<Personal<String>>,
}

/// Suspends, resumes or stops an account ex officio.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountAct {
    /// Why.
    pub reason: String,
    /// Clause id on which it rests, e.g. `H5.2.2`.
    pub clause: String,
}

/// Changes an account ex officio: only fewer items or an earlier end; more takes an application.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeAccount {
    /// Items that stay.
    pub items: BTreeSet<String>,
    /// Last day.
    pub valid_until: Option<NaiveDate>,
    /// Why.
    pub reason: String,
    /// Clause id.
    pub clause: String,
}

/// Reports a lost card (I3.7): stops everything of that person at once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportLostCard {
    /// The person; the caller when absent.
    pub person: Option<PersonId>,
    /// The card; all of the person's when absent.
    pub thumbprint: Option<String>,
    /// The day on which it was lost, as far as known.
    pub lost_on: NaiveDate,
}

/// Records what was done in the agency's system, under the agency certificate (I3.6, I3.7). It signs
/// [`crate::ActContent`] with act `record_agency_act`, the act's id and `{"on", "number"}` as body.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordAgencyAct {
    /// The day.
    pub on: NaiveDate,
    /// Document number, where there is one.
    pub number: Option<String>,
    /// Signature with the agency certificate.
    pub endorsement: Endorsement,
}

/// Body under the signature of [`RecordAgencyAct`].
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AgencyActBody {
    /// The day.
    pub on: NaiveDate,
    /// Document number.
    pub number: Option<String>,
}

/// Records a confirmation by the other side.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// The day.
    pub on: NaiveDate,
    /// Document number, where there is one.
    pub number: Option<String>,
}

/// A personnel file: CSV, UTF-8, header 通報日期,生效日期,員工代號,姓名,異動類別,異動代碼,原機關,新機關.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportPersonnelChanges {
    /// The file's text.
    pub csv: String,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportSummary {
    /// Rows read.
    pub rows: usize,
    /// Changes that are new.
    pub new: usize,
    /// Changes known from before.
    pub known: usize,
}

/// What is done with an account after an inventory (帳號清查).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InventoryEffect {
    /// Stays as it is.
    Keep,
    /// Held back until explained.
    Suspend,
    /// Ended.
    Stop,
}

/// Decides on one line of an inventory.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideInventoryLine {
    /// What is to be done.
    pub effect: InventoryEffect,
    /// Why; needed where the evidence speaks against the decision.
    pub reason: String,
}

/// Nothing to say.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Nothing {}

/// Registers a data link (連結作業).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterLink {
    /// `household`, `immigration` or `tax`.
    pub regulation: String,
    /// What is linked to what.
    pub name: String,
    /// The system that uses it.
    pub system: Option<SystemId>,
    /// The agency that applied for it.
    pub agency: AgencyId,
    /// Link manager (管理者).
    pub manager: PersonId,
    /// Link manager's post.
    pub manager_post: PostId,
}

/// Changes the manager of a data link (H5.1.4).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeLinkManager {
    /// The new manager.
    pub manager: PersonId,
    /// His post.
    pub manager_post: PostId,
    /// First day.
    pub from: NaiveDate,
}

/// Reviews a data link (H6.5).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewLink {
    /// Whether it is still needed.
    pub needed: bool,
    /// How it was used, in a few words.
    pub finding: String,
}

/// Records that the open letter on a data link was sent (H5.1.4, H6.5).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendLinkLetter {
    /// The letter.
    pub letter: Uuid,
    /// The day.
    pub on: NaiveDate,
    /// Document number (文號).
    pub number: String,
}

/// Records the answer to a letter on a data link.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmLinkLetter {
    /// The letter.
    pub letter: Uuid,
    /// The day.
    pub on: NaiveDate,
    /// Document number of the answer.
    pub number: Option<String>,
}

/// Records a security training (H5.1.5).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordTraining {
    /// Title.
    pub title: String,
    /// The day.
    pub held_on: NaiveDate,
    /// Hours.
    pub hours: u32,
    /// Who took part.
    pub participants: BTreeSet<PersonId>,
}

/// What is attested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttestationKind {
    /// PIN and platform password were changed (H5.2.3).
    PinChanged,
    /// The instruction to log out when done was read and is kept (I3.5).
    LogOut,
}

/// Attests a duty of one's own account (H5.2.3, I3.5).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Attest {
    /// The account; the caller's own.
    pub account: AccountId,
    /// What is attested.
    pub kind: AttestationKind,
    /// The day on which it was done.
    pub done_on: NaiveDate,
}

/// Records a host security or maintenance act (H6.2).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordHostSecurity {
    /// Host or group of hosts.
    pub host: String,
    /// What was done: patching, backup check, access review …
    pub duty: String,
    /// The day.
    pub done_on: NaiveDate,
    /// Evidence: a document number or a path in the records.
    pub evidence: String,
}

/// Lets a deputy (職務代理人) act in a post. The caller's card signs [`crate::ActContent`] with act `create_deputy`, the
/// post's id and [`DeputyTerms`] as body.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateDeputy {
    /// Terms.
    pub terms: DeputyTerms,
    /// Card signature.
    pub endorsement: Endorsement,
}

/// The terms of a deputyship.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeputyTerms {
    /// Who is stood in for.
    pub principal: PersonId,
    /// The post that is stood in for.
    pub post: PostId,
    /// The deputy.
    pub deputy: PersonId,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub until: NaiveDate,
    /// Scope: roles of the post that the deputy gets.
    pub roles: BTreeSet<String>,
}

/// Ends a deputyship early.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndDeputy {
    /// Why.
    pub reason: String,
}
