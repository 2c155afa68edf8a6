//! Registered welfare cases (H2.3).

use chrono::NaiveDate;
use kernel::ids::{AgencyId, CaseId, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::PersonalText;

/// Registers a case: an agency's system for one of its units, or an official for the own unit.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterCase {
    /// Number of the case in the agency's own files (案號), unique in the agency.
    #[schema(min_length = 1, max_length = 60)]
    pub number: String,
    /// Programme id of the rule pack, e.g. `low-income`.
    #[schema(max_length = 60, example = "low-income")]
    pub programme: String,
    /// First day of the case.
    pub opened_on: NaiveDate,
    /// Last day on which it may be used, where it is known.
    pub ends_on: Option<NaiveDate>,
    /// National ids of the persons of the case; kept as keyed hashes alone.
    #[schema(min_items = 1, max_items = 200)]
    pub persons: Vec<PersonalText>,
    /// The agency, when a system registers; an official's own agency otherwise.
    pub agency: Option<AgencyId>,
    /// The unit, when a system registers; an official's own unit otherwise.
    pub unit: Option<UnitId>,
}

/// A registered case. The persons are keyed hashes and are not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseView {
    /// Its id.
    pub id: CaseId,
    /// Number in the agency's own files.
    pub number: String,
    /// Programme id of the rule pack.
    pub programme: String,
    /// Agency.
    pub agency: AgencyId,
    /// Unit.
    pub unit: UnitId,
    /// First day.
    pub opened_on: NaiveDate,
    /// Last day on which it may be used.
    pub ends_on: Option<NaiveDate>,
    /// The day on which it was closed.
    pub closed_on: Option<NaiveDate>,
    /// How many persons it has.
    pub persons: usize,
}

/// Closes a case: nobody may be queried for it any more.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseCase {}
