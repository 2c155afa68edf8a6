//! Query applications (查詢申請紀錄表, H annex 2): one row each.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use identity::{BatchEndorsement, Endorsement};
use kernel::ids::{AccountId, AgencyId, CaseId, PersonId, PostId, QueryApplicationId, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::PersonalText;

/// What the user fills in and seals (annex 2). The user's card signs exactly this value
/// (`identity::Endorsement::sign`); the supervisor's batch names its `identity::salted_digest` under `salt`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationContent {
    /// `household` or `tax`.
    #[schema(example = "household", max_length = 20)]
    pub regulation: String,
    /// 日期: today in Taipei.
    pub date: NaiveDate,
    /// 使用者: the caller.
    pub user: PersonId,
    /// 申請使用單位: the caller's unit.
    pub unit: UnitId,
    /// 作業帳號.
    pub account: AccountId,
    /// The registered case (H2.3).
    pub case: CaseId,
    /// Id of a legal basis that is in force (H2.1).
    #[schema(example = "social-assistance-44-3", max_length = 60)]
    pub legal_basis: String,
    /// Words that name the statute, with the basis "others that expressly allow it".
    #[schema(max_length = 500)]
    pub citation: Option<String>,
    /// 查調事由 (H6.3).
    #[schema(max_length = 1000)]
    pub reason: PersonalText,
    /// 查詢條件: national ids of the persons.
    #[schema(min_items = 1, max_items = 200)]
    pub persons: Vec<PersonalText>,
    /// 查詢條件: ids of the items asked.
    #[schema(min_items = 1, max_items = 50)]
    pub items: BTreeSet<String>,
    /// 備註; may be blank.
    #[schema(max_length = 1000)]
    pub remarks: Option<PersonalText>,
    /// 32 fresh random bytes, 64 hexadecimal digits: digests of this content tell nothing without it.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub salt: String,
}

impl ApplicationContent {
    /// The salt's bytes; `None` when it is not 64 hexadecimal digits.
    pub fn salt_bytes(&self) -> Option<[u8; 32]> {
        let mut out = [0; 32];
        let text = self.salt.as_bytes();
        if text.len() != 64 || !text.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(out)
    }

    /// What a supervisor's batch names for this application.
    pub fn digest(&self) -> Result<String, identity::EndorsementError> {
        let salt = self.salt_bytes().ok_or(identity::EndorsementError::Malformed)?;
        identity::salted_digest(self, &salt)
    }
}

/// Creates a query application with the user's own endorsement (使用者核章).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateQueryApplication {
    /// What is applied for.
    pub content: ApplicationContent,
    /// The user's card signature over `content`.
    pub endorsement: Endorsement,
}

/// Where an application stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationState {
    /// Endorsed by the user; waits for the responsible supervisor.
    Submitted,
    /// Endorsed by the responsible supervisor: queries may be made.
    Endorsed,
    /// Returned by the responsible supervisor; it can never be used.
    Returned,
}

/// A query application without its personal values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueryApplicationView {
    /// Its id.
    pub id: QueryApplicationId,
    /// Number in the register, e.g. `H115-0000042`.
    pub register_number: String,
    /// `household` or `tax`.
    pub regulation: String,
    /// 日期.
    pub date: NaiveDate,
    /// 使用者.
    pub user: PersonId,
    /// Agency.
    pub agency: AgencyId,
    /// 申請使用單位.
    pub unit: UnitId,
    /// 作業帳號.
    pub account: AccountId,
    /// Account number as printed.
    pub account_number: String,
    /// Case.
    pub case: CaseId,
    /// Programme of the case.
    pub programme: String,
    /// Legal basis.
    pub legal_basis: String,
    /// Items asked.
    pub items: BTreeSet<String>,
    /// How many persons it covers.
    pub persons: usize,
    /// State.
    pub state: ApplicationState,
    /// The responsible supervisor who endorsed it.
    pub endorsed_by: Option<PersonId>,
    /// When.
    pub endorsed_at: Option<DateTime<Utc>>,
    /// Moment from which it is no longer good.
    pub valid_until: DateTime<Utc>,
    /// What a batch endorsement names for it.
    pub digest: String,
    /// What an auditor should look at: `copied-reason`, `meaningless-reason`.
    pub marks: BTreeMap<String, i64>,
    /// The rule pack that it follows.
    pub rule_pack: String,
    /// The reminder of liability as printed on annex 2.
    pub reminder: String,
}

/// A query application with what the user filled in, for the user, the supervisor and auditors.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct QueryApplicationDetail {
    /// The application.
    pub application: QueryApplicationView,
    /// What was filled in.
    pub content: ApplicationContent,
    /// The user's endorsement.
    pub user_endorsement: Endorsement,
    /// The supervisor's endorsement.
    pub supervisor_endorsement: Option<BatchEndorsement>,
}

/// Endorses applications (權責主管核章): one signature for many; each can be checked without the others.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndorseQueryApplications {
    /// The applications, in the order of the digests of `endorsement`.
    #[schema(min_items = 1, max_items = 1000)]
    pub applications: Vec<QueryApplicationId>,
    /// The supervisor's card signature over the list of their digests.
    pub endorsement: BatchEndorsement,
}

/// Applications after their endorsement.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EndorsedQueryApplications {
    /// Each application.
    pub applications: Vec<QueryApplicationView>,
}

/// Returns an application without endorsement.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnQueryApplication {
    /// Why; read by the user.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: PersonalText,
}

/// One printed row of annex 2.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct QueryRegisterRow {
    /// Number in the register.
    pub register_number: String,
    /// The application.
    pub application: QueryApplicationId,
    /// 日期.
    pub date: NaiveDate,
    /// 日期 in the Republic of China calendar.
    pub date_roc: String,
    /// 使用者: the person's id; names are the account service's.
    pub user: PersonId,
    /// 查調事由.
    pub reason: PersonalText,
    /// 查詢條件: persons.
    pub persons: Vec<PersonalText>,
    /// 查詢條件: titles of the items.
    pub items: Vec<String>,
    /// 作業帳號.
    pub account_number: String,
    /// 使用者核章: digest of what the user's card signed.
    pub user_seal: String,
    /// When the user's endorsement was taken.
    pub user_sealed_at: DateTime<Utc>,
    /// 單位主管核章: who.
    pub supervisor: Option<PersonId>,
    /// The post acted in; for a deputy the own one.
    pub supervisor_post: Option<PostId>,
    /// When the supervisor's endorsement was taken.
    pub supervisor_sealed_at: Option<DateTime<Utc>>,
    /// 備註.
    pub remarks: Option<PersonalText>,
}

/// The printed register of a unit and period (annex 2).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct QueryRegister {
    /// Title of the form as published.
    pub title: String,
    /// 申請使用單位.
    pub unit: UnitId,
    /// Name of the unit.
    pub unit_name: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// The reminder of liability as published.
    pub reminder: String,
    /// The rows, oldest first.
    pub rows: Vec<QueryRegisterRow>,
    /// SHA-256 (hex) over the canonical bytes of the register with an empty digest.
    pub digest: String,
}
