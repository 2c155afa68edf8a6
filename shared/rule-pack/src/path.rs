//! The path of a permission application: H5.2.1, I3.3, as ordered stages.

use serde::{Deserialize, Serialize};

use crate::{model::Text, terms::Actor};

/// What an application asks for (申請類別: □新增 □異動 □註銷).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationKind {
    /// 新增; the account number stays blank.
    Add,
    /// 異動.
    Change,
    /// 註銷.
    Cancel,
}

/// The way of an application through the agencies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationPath {
    /// Stable id, such as `office`.
    pub id: String,
    /// Title.
    pub title: Text,
    /// Ids of [`crate::AgencyKind`] whose users take this path.
    pub agency_kinds: Vec<String>,
    /// What may be asked for on this path.
    pub application_kinds: Vec<ApplicationKind>,
    /// Id of the [`crate::Form`] that is filled in.
    pub form: String,
    /// Source clause.
    pub clause: String,
    /// The addition that it belongs to, where the path is ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addition: Option<String>,
    /// The stages, in order.
    pub stages: Vec<Stage>,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Stable id within the path, such as `agency-head`.
    pub id: String,
    /// Title.
    pub title: Text,
    /// Who acts.
    pub actor: Actor,
    /// What the act is.
    pub action: StageAction,
    /// Source clause.
    pub clause: String,
    /// Whether a delegate (授權人員) of the actor may act.
    #[serde(default)]
    pub delegate: bool,
    /// Whether a card signature over the application is needed (核章, 蓋章).
    #[serde(default)]
    pub endorsed: bool,
    /// 會辦: the stage occurs only for the sections that are asked, each on its own; none asked, it is skipped.
    #[serde(default)]
    pub joint: bool,
    /// Id of the form or the kind of document (`letter`, `electronic-form`, `provider-system`) that the act concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Whether the document's number is recorded.
    #[serde(default)]
    pub number: NumberUse,
    /// The results that can be chosen here (社會局審核結果); empty: the stage is done or sent back.
    #[serde(default)]
    pub results: Vec<ResultKind>,
}

/// The act of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageAction {
    /// The applicant fills in and seals.
    Apply,
    /// A post endorses.
    Endorse,
    /// A letter goes out (函送).
    SendLetter,
    /// A unit reviews and seals.
    Review,
    /// The handler proposes the result (擬).
    Propose,
    /// The handler's supervisor decides on the proposal.
    Decide,
    /// Passed on in the provider's system.
    Forward,
    /// The provider reviews and allots.
    Allot,
    /// The account is opened or changed (開通).
    Open,
}

/// Results of the review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultKind {
    /// 准予申請, from a date.
    Granted,
    /// 不同意, with a reason.
    Refused,
    /// 其他, with words.
    Other,
}

/// Whether a stage records a document number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberUse {
    /// Never.
    #[default]
    None,
    /// May.
    Optional,
    /// Must.
    Required,
}
