//! Copies of results need the unit supervisor's approval first (H6.4).

use identity::Endorsement;
use kernel::ids::{AgencyId, PersonId, PostId, QueryId, UnitId};
use kernel::{Instant, Sealed};
use query_registry_types::outputs::CopyRequestView;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CopyState {
    /// Waits for the unit supervisor.
    Requested,
    /// Copies may be made.
    Approved,
    /// Copies may not be made.
    Refused,
    /// The copies were made.
    Used,
}

impl CopyState {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Used => "used",
        }
    }
}

/// A decision on a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyDecided {
    /// The unit supervisor.
    pub person: PersonId,
    /// The post acted in.
    pub post: PostId,
    /// The signature over the decision.
    pub endorsement: Endorsement,
    /// When.
    pub at: Instant,
}

/// A request for copies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyRequest {
    /// Its id.
    pub id: Uuid,
    /// The query.
    pub query_id: QueryId,
    /// Who asks.
    pub person: PersonId,
    /// Agency.
    pub agency_id: AgencyId,
    /// Unit whose supervisor decides.
    pub unit_id: UnitId,
    /// Why.
    pub reason: Sealed,
    /// How many.
    pub count: i32,
    /// State.
    pub state: CopyState,
    /// The decision.
    pub decided: Option<CopyDecided>,
    /// When it was asked for.
    pub requested_at: Instant,
}

impl chassis::Document for CopyRequest {
    const TABLE: &'static str = "copy_requests";
    fn id(&self) -> Uuid {
        self.id
    }
}

/// Why a request cannot be decided or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CopyFault {
    /// Invariant 9.
    #[error("Nobody approves his own copies.")]
    OwnRequest,
    /// The supervisor of the user's own unit decides.
    #[error("The supervisor of the user's own unit decides.")]
    OtherUnit,
    /// It was decided already.
    #[error("It was decided already.")]
    Settled,
    /// There is no approval that covers these copies.
    #[error("Ask the unit supervisor for approval first; it covers its own query and number of copies.")]
    NotApproved,
}

impl CopyRequest {
    /// Takes the unit supervisor's decision.
    pub fn decide(
        &mut self,
        unit: Option<UnitId>,
        decided: CopyDecided,
        approved: bool,
    ) -> Result<(), CopyFault> {
        if unit != Some(self.unit_id) {
            return Err(CopyFault::OtherUnit);
        }
        if decided.person == self.person {
            return Err(CopyFault::OwnRequest);
        }
        if self.state != CopyState::Requested {
            return Err(CopyFault::Settled);
        }
        self.state = if approved { CopyState::Approved } else { CopyState::Refused };
        self.decided = Some(decided);
        Ok(())
    }

    /// Uses the approval for `count` copies of the result of `query` by `person`; it is used once.
    pub fn consume(&mut self, query: QueryId, person: PersonId, count: i32) -> Result<(), CopyFault> {
        let covers = self.query_id == query && self.person == person && count <= self.count;
        if self.state != CopyState::Approved || !covers {
            return Err(CopyFault::NotApproved);
        }
        self.state = CopyState::Used;
        Ok(())
    }

    /// As it is shown.
    pub fn view(&self) -> CopyRequestView {
        CopyRequestView {
            id: self.id,
            query: self.query_id,
            person: self.person,
            agency: self.agency_id,
            unit: self.unit_id,
            count: self.count,
            state: self.state.as_str().to_owned(),
            decided_by: self.decided.as_ref().map(|d| d.person),
            requested_at: self.requested_at,
            decided_at: self.decided.as_ref().map(|d| d.at),
        }
    }
}
