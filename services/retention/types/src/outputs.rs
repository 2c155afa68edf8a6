//! Prints, files and portable media with retrieved data (H3.2, H7, I5).

use chrono::NaiveDate;
use identity::Endorsement;
use kernel::ids::{CaseId, PersonId, QueryId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What holds the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutputKind {
    /// 紙本文件 (H7.1).
    Paper,
    /// 電子檔 (H7.1).
    File,
    /// 儲存於電腦設備或系統之資料檔案 (H7.2).
    System,
    /// 儲存於可攜式媒體之資料檔案 (H7.3).
    Media,
}

/// How it was destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DestructionMethod {
    /// Shredded beyond recognition (銷毀至無法辨識).
    Shredded,
    /// Burnt beyond recognition.
    Burnt,
    /// Deleted and confirmed irrecoverable (刪除並確認無法復原).
    DeletedIrrecoverably,
    /// Degaussed (銷磁).
    Degaussed,
    /// The medium itself destroyed (銷毀).
    MediumDestroyed,
}

/// Enters an output that the gate did not see being made: immigration data, a file copied to a medium.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterOutput {
    /// What holds the data.
    pub kind: OutputKind,
    /// How many, 1–100.
    #[schema(minimum = 1, maximum = 100)]
    pub count: i32,
    /// `household`, `tax` or `immigration`.
    #[schema(example = "household")]
    pub regulation: String,
    /// The query whose result it shows, where it passed the gate.
    pub query: Option<QueryId>,
    /// The case that it belongs to.
    pub case: CaseId,
    /// The day on which it was made; not in the future.
    pub made_on: NaiveDate,
}

/// Files an output into its case (併入審核案件歸檔, H3.2).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FileOutput {
    /// The case; must be the output's own: another use is a violation.
    pub case: CaseId,
    /// The day on which it was filed.
    pub on: NaiveDate,
}

/// Confirms that an output need not be kept (確認無保存必要, H7).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmNoNeed {}

/// Records that an output was destroyed (H7.1–3).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DestroyOutput {
    /// How; must fit the kind.
    pub method: DestructionMethod,
    /// The day of destruction (銷毀日期).
    pub on: NaiveDate,
    /// Who saw it; neither the user nor the one who records it. Needed where the pack's addition asks for a witness.
    pub witness: Option<PersonId>,
    /// The witness's card signature over [`WitnessContent`], where it was given.
    pub witness_endorsement: Option<Endorsement>,
}

/// What a witness's card signs: exactly this value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WitnessContent {
    /// Always `witness-destruction`.
    pub act: String,
    /// The output.
    pub output: Uuid,
    /// How it was destroyed.
    pub method: DestructionMethod,
    /// The day.
    pub on: NaiveDate,
}
