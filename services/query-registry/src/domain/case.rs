//! Registered cases (H2.3).

use std::collections::BTreeSet;

use chrono::NaiveDate;
use kernel::ids::{AgencyId, CaseId, UnitId};
use query_registry_types::cases::CaseView;
use serde::{Deserialize, Serialize};

/// A registered case. Persons are keyed hashes alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// Number in the agency's own files.
    pub number: String,
    /// Programme.
    pub programme: String,
    /// Agency.
    pub agency_id: AgencyId,
    /// Unit.
    pub unit_id: UnitId,
    /// First day.
    pub opened_on: NaiveDate,
    /// Last day, where it is known.
    pub ends_on: Option<NaiveDate>,
    /// The day on which it was closed.
    pub closed_on: Option<NaiveDate>,
    /// Keyed hashes of its persons (`subjects`).
    pub subjects: BTreeSet<String>,
    /// Who registered it: the principal's subject.
    pub registered_by: String,
}

impl Case {
    /// Whether queries may be made for it on `day`.
    pub fn is_open(&self, day: NaiveDate) -> bool {
        self.opened_on <= day && self.ends_on.is_none_or(|end| day <= end) && self.closed_on.is_none()
    }

    /// As it is shown.
    pub fn view(&self) -> CaseView {
        CaseView {
            id: self.id,
            number: self.number.clone(),
            programme: self.programme.clone(),
            agency: self.agency_id,
            unit: self.unit_id,
            opened_on: self.opened_on,
            ends_on: self.ends_on,
            closed_on: self.closed_on,
            persons: self.subjects.len(),
        }
    }
}

impl chassis::Document for Case {
    const TABLE: &'static str = "cases";
    fn id(&self) -> uuid::Uuid {
        self.id.0
    }
}
