//! Early erasure of one record of a query log (H6.6, I3.8, invariant 8): what is asked for, and exactly what is signed.

use chrono::NaiveDate;
use identity::Endorsement;
use kernel::ids::{OrderId, PersonId, PostId, QueryId};
use query_registry_types::PersonalText;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an early erasure rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErasureBasis {
    /// A court's judgment or order (法院裁判).
    CourtOrder,
    /// The person's own request (個人資料保護法第11條), which the agency granted.
    DataSubjectRequest,
}

/// The record: a query with all its entries, or one entry that stands by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureTarget {
    /// Name of the log.
    #[schema(example = "three-year", max_length = 60)]
    pub log: String,
    /// `household`, `tax` or `immigration`.
    #[schema(example = "household", max_length = 20)]
    pub regulation: String,
    /// First day of the month in which it was recorded.
    pub month: NaiveDate,
    /// The query; this or `index`.
    pub query: Option<QueryId>,
    /// Position of the entry in the log; this or `query`.
    #[schema(minimum = 0)]
    pub index: Option<i64>,
}

/// Asks for the early erasure of one record.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestErasure {
    /// What is to go.
    pub target: ErasureTarget,
    /// What it rests on.
    pub basis: ErasureBasis,
    /// Number of the judgment, or of the document that grants the request.
    #[schema(min_length = 1, max_length = 60)]
    pub document: String,
    /// Why; kept sealed.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: PersonalText,
}

/// What the approver's card signs: exactly this value, endorsed with `identity::Endorsement::sign`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErasureContent {
    /// Always `approve-erasure`.
    pub act: String,
    /// The order.
    pub order: OrderId,
    /// What is to go.
    pub target: ErasureTarget,
    /// What it rests on.
    pub basis: ErasureBasis,
    /// Number of its document.
    pub document: String,
    /// Who asked for it.
    pub requested_by: PersonId,
    /// The signer's own post.
    pub post: PostId,
}

/// Approves a requested erasure.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveErasure {
    /// The approver's card signature over the order's [`ErasureContent`].
    pub endorsement: Endorsement,
}

/// Gives a requested erasure back: it is over, and nothing is erased.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnErasure {
    /// Why, as a code: `under-review`, `wrong-scope`, `hold-expected` or `other`.
    #[schema(max_length = 40, example = "wrong-scope")]
    pub cause: String,
}
