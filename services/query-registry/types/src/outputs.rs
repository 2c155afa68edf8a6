//! Prints, files and copies of results (H3.2, H6.4).

use chrono::{DateTime, NaiveDate, Utc};
use identity::Endorsement;
use kernel::ids::{AccountId, AgencyId, CaseId, PersonId, QueryId, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::PersonalText;

/// What was made of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutputKind {
    /// On paper.
    Print,
    /// A saved file.
    File,
    /// A copy of either; needs the unit supervisor's approval first (H6.4).
    Copy,
}

impl OutputKind {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Print => "print",
            Self::File => "file",
            Self::Copy => "copy",
        }
    }
}

/// Records a print, a saved file or a copy.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordOutput {
    /// What was made.
    pub kind: OutputKind,
    /// How many, 1–100.
    #[schema(minimum = 1, maximum = 100)]
    pub count: i32,
    /// With a copy: the approved request.
    pub copy_request: Option<Uuid>,
}

/// A print, file or copy that must be filed into its case or destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Output {
    /// Its id.
    pub id: Uuid,
    /// The query whose result it shows.
    pub query: QueryId,
    /// What was made.
    pub kind: OutputKind,
    /// How many.
    pub count: i32,
    /// Who made it.
    pub person: PersonId,
    /// Account.
    pub account: AccountId,
    /// Agency.
    pub agency_id: AgencyId,
    /// Unit.
    pub unit: Option<UnitId>,
    /// The case that it is to be filed into.
    pub case: CaseId,
    /// `household` or `tax`.
    pub regulation: String,
    /// With a copy: the approved request.
    pub copy_request: Option<Uuid>,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// Last day on which it is filed or destroyed in time.
    pub due_on: NaiveDate,
    /// `open`, `filed` or `destroyed`, as retention's register says.
    pub state: String,
}

/// Asks the unit supervisor for approval of a copy (H6.4).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestCopy {
    /// Why the copy is needed for the business.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: PersonalText,
    /// How many copies, 1–100.
    #[schema(minimum = 1, maximum = 100)]
    pub count: i32,
}

/// What a supervisor signs to decide on a copy: exactly this value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyDecision {
    /// The request.
    pub request: Uuid,
    /// The query.
    pub query: QueryId,
    /// How many copies.
    pub count: i32,
    /// Approved or not.
    pub approved: bool,
}

/// Decides on a copy.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveCopy {
    /// What is decided.
    pub decision: CopyDecision,
    /// The unit supervisor's card signature over `decision`.
    pub endorsement: Endorsement,
}

/// A request for copies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CopyRequestView {
    /// Its id.
    pub id: Uuid,
    /// The query.
    pub query: QueryId,
    /// Who asks.
    pub person: PersonId,
    /// Agency.
    pub agency: AgencyId,
    /// Unit whose supervisor decides.
    pub unit: UnitId,
    /// How many.
    pub count: i32,
    /// `requested`, `approved`, `refused` or `used`.
    pub state: String,
    /// Who decided.
    pub decided_by: Option<PersonId>,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When it was decided.
    pub decided_at: Option<DateTime<Utc>>,
}
