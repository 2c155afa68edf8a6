//! Legal holds: records that must stay although their term is over (a dispute, an audit, an investigation).

use chrono::NaiveDate;
use query_registry_types::PersonalText;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a hold keeps; an absent member means "all".
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldScope {
    /// `household`, `tax` or `immigration`.
    #[schema(example = "household")]
    pub regulation: Option<String>,
    /// Record kind of the rule packs, e.g. `query_log`.
    #[schema(example = "query_log")]
    pub record_kind: Option<String>,
    /// First month (its first day).
    pub from_month: Option<NaiveDate>,
    /// Last month (its first day).
    pub to_month: Option<NaiveDate>,
}

/// Places a hold.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceHold {
    /// What must stay.
    pub scope: HoldScope,
    /// Why; kept sealed.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: PersonalText,
    /// Number of the document that asks for it, e.g. of a court or the ethics office.
    #[schema(max_length = 60)]
    pub document: Option<String>,
}

/// Lifts a hold; by another person than the one who placed it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LiftHold {
    /// Why it is no longer needed; kept sealed.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: PersonalText,
}
