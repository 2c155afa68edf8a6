//! Spot checks of district offices (I4.2.1): a power of the bureau, planned, drawn, recorded; never overdue.

use chassis::Document;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::ids::{AgencyId, FindingId, PersonId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::projection::PersonView;
use super::{Fault, draw};

/// Where a spot check stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpotCheckState {
    /// Planned.
    Planned,
    /// The office is drawn.
    Drawn,
    /// The visit is recorded.
    Recorded,
}

/// A spot check.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SpotCheck {
    /// Its id.
    pub id: Uuid,
    /// The agency that checks.
    pub checking: AgencyId,
    /// Offices among which one is drawn, ordered by id.
    pub offices: Vec<AgencyId>,
    /// Day of the visit.
    pub visit_on: NaiveDate,
    /// Rule pack that it follows.
    pub rule_pack: String,
    /// State.
    pub state: SpotCheckState,
    /// Who planned it.
    pub planned_by: PersonId,
    /// Seed of the draw (hex): SHA-256 over random bytes, made when it is drawn.
    pub seed: Option<String>,
    /// The office.
    pub office: Option<AgencyId>,
    /// Day of the visit.
    pub visited_on: Option<NaiveDate>,
    /// What was seen.
    pub result: Option<String>,
    /// Whether all was in order.
    pub in_order: Option<bool>,
    /// Who visited.
    pub visited_by: Option<PersonId>,
    /// When it was recorded.
    pub recorded_at: Option<DateTime<Utc>>,
    /// The finding that it led to.
    pub finding: Option<FindingId>,
}

impl Document for SpotCheck {
    const TABLE: &'static str = "spot_checks";
    fn id(&self) -> Uuid {
        self.id
    }
}

impl SpotCheck {
    /// Draws the office with `seed`.
    pub fn draw(&mut self, seed: [u8; 32]) -> Result<(), Fault> {
        if self.state != SpotCheckState::Planned {
            return Err(Fault::WrongState);
        }
        let range = u64::try_from(self.offices.len()).unwrap_or(u64::MAX);
        let index = draw::sample(&seed, range, 1).first().and_then(|i| usize::try_from(*i).ok());
        self.office = index.and_then(|i| self.offices.get(i)).copied();
        self.seed = Some(hex::encode(seed));
        self.state = SpotCheckState::Drawn;
        Ok(())
    }

    /// Records the visit, by an outsider of the visited office (invariant 9): none of his posts is there, whichever he
    /// acts in.
    pub fn record(
        &mut self,
        by: &PersonView,
        visited_on: NaiveDate,
        result: &str,
        in_order: bool,
        now: DateTime<Utc>,
    ) -> Result<(), Fault> {
        if self.state != SpotCheckState::Drawn {
            return Err(Fault::WrongState);
        }
        let today = kernel::days::taipei_date(now);
        if by.current(today).any(|post| self.office == Some(post.agency)) {
            return Err(Fault::Insider);
        }
        self.visited_on = Some(visited_on);
        self.result = Some(result.to_owned());
        self.in_order = Some(in_order);
        self.visited_by = Some(by.person);
        self.recorded_at = Some(now);
        self.state = SpotCheckState::Recorded;
        Ok(())
    }
}
