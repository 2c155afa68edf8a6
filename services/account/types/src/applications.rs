//! Requests about permission applications (使用者權限申請表, H annex 1; 申請表, I annex 1).

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use identity::{Endorsement, EndorsementError};
use kernel::ids::{AccountId, PostId, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A result of a review (社會局審核結果).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResultKind {
    /// 准予申請, from a date.
    Granted,
    /// 不同意, with a reason.
    Refused,
    /// 其他, with words.
    Other,
}

/// A result with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Which.
    pub result: ResultKind,
    /// 生效日期: first day of the permission; with `granted`.
    pub effective_on: Option<NaiveDate>,
    /// Reason of a refusal, or the words of `other`.
    pub note: Option<String>,
}

/// The form as filled in. Fields are those of the rule pack's form, by their ids.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationForm {
    /// `household`, `immigration` or `tax`.
    pub regulation: String,
    /// 申請類別: `add`, `change` or `cancel`.
    pub kind: String,
    /// The applicant's post for which the permission is asked.
    pub post: PostId,
    /// The account that changes or ends; blank on a new application (帳號，新申請勿填).
    pub account: Option<AccountId>,
    /// Fields of the form by id.
    pub fields: BTreeMap<String, String>,
    /// Ticked permission or query items.
    pub items: BTreeSet<String>,
}

impl std::fmt::Debug for ApplicationForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApplicationForm")
            .field("regulation", &self.regulation)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl ApplicationForm {
    /// The digest that every stage of this application signs; `salt` is 64 hexadecimal digits, chosen at random.
    pub fn digest(&self, salt: &str) -> Result<String, EndorsementError> {
        let bytes = hex_bytes(salt).ok_or(EndorsementError::Malformed)?;
        identity::salted_digest(self, &bytes)
    }
}

fn hex_bytes(text: &str) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (i, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(out)
}

/// Files a permission application (H4.1, H5.2.1, I3.3).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApplication {
    /// The form.
    pub form: ApplicationForm,
    /// 64 hexadecimal digits, random: salt of the form's digest.
    pub salt: String,
    /// The applicant's seal over [`crate::StageContent`] of the first stage, where the path asks for it.
    pub endorsement: Option<Endorsement>,
}

/// Endorses the present stage.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndorseApplication {
    /// The stage, so that nobody endorses another one than he saw.
    pub stage: String,
    /// Result, at stages that have results.
    pub outcome: Option<Outcome>,
    /// The unit for which a joint section (會辦科) signs.
    pub joint_unit: Option<UnitId>,
    /// Card signature over [`crate::StageContent`].
    pub endorsement: Endorsement,
}

/// Records a step that is done outside the suite: a letter, an entry in the agency's system (I3.3).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordStage {
    /// The stage.
    pub stage: String,
    /// The day on which it was done.
    pub on: NaiveDate,
    /// Document number (文號).
    pub number: Option<String>,
    /// Result, at stages that have results.
    pub outcome: Option<Outcome>,
    /// The account number that the agency allotted, at the stage that allots.
    pub account_number: Option<String>,
}

/// Sends an application back to the applicant.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnApplication {
    /// What is to be mended.
    pub reason: String,
}

/// Refuses an application at the present stage.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefuseApplication {
    /// The stage.
    pub stage: String,
    /// Why.
    pub reason: String,
    /// Card signature over [`crate::StageContent`] with outcome `refused` and the reason as its note.
    pub endorsement: Endorsement,
}

/// Asks another section to endorse too (會辦).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddJointUnit {
    /// The section.
    pub unit: UnitId,
}

/// Opens, changes or ends the account as decided (H5.1.2).
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OpenAccount {
    /// Last day of the permission, where it is limited.
    pub valid_until: Option<NaiveDate>,
}
