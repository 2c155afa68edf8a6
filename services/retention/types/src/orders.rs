//! Destruction orders (H4.3, H6.6, H8.3, I3.8): what is asked for, and exactly what approvers sign.

use chrono::NaiveDate;
use identity::Endorsement;
use kernel::ids::{OrderId, PersonId, PostId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Asks for the destruction of one month of one kind of records.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestDestruction {
    /// Record kind of the rule packs.
    #[schema(example = "query_log", max_length = 60)]
    pub record_kind: String,
    /// `household`, `tax` or `immigration`.
    #[schema(example = "household", max_length = 20)]
    pub regulation: String,
    /// First day of the month.
    pub month: NaiveDate,
    /// Name of the log, for logs.
    #[schema(max_length = 60)]
    pub log: Option<String>,
}

/// What one service holds of the month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HolderCount {
    /// The service, e.g. `query-registry`.
    pub service: String,
    /// Records when the order was requested.
    pub count: i64,
}

/// What an approver's card signs: exactly this value, endorsed with `identity::Endorsement::sign`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderContent {
    /// Always `approve-destruction`.
    pub act: String,
    /// The order.
    pub order: OrderId,
    /// Record kind of the rule packs.
    pub record_kind: String,
    /// `household`, `tax` or `immigration`.
    pub regulation: String,
    /// First day of the month.
    pub month: NaiveDate,
    /// Name of the log, for logs.
    pub log: Option<String>,
    /// What each service holds.
    pub holders: Vec<HolderCount>,
    /// Rule pack whose term is over.
    pub rule_pack: String,
    /// Clause of the term.
    pub clause: String,
    /// First day on which the month may end.
    pub may_end_on: NaiveDate,
    /// Who asked for it.
    pub requested_by: PersonId,
    /// The signer's own post.
    pub post: PostId,
}

/// Approves a requested order.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveDestruction {
    /// The approver's card signature over the order's [`OrderContent`].
    pub endorsement: Endorsement,
}

/// Gives a requested order back: it is a proposal again and its approvals are void.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnDestruction {
    /// Why, as a code: `under-review`, `wrong-scope`, `hold-expected` or `other`.
    #[schema(max_length = 40, example = "under-review")]
    pub cause: String,
}
