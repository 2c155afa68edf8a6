//! Changes of what guards the guards (invariant 11): two administrators, two cards, a log entry each.

use std::collections::BTreeSet;

use account_types::GovernedAct;
use chassis::{Document, Problem};
use chrono::{DateTime, Duration, Utc};
use identity::Endorsement;
use kernel::ids::{EmergencyGrantId, PersonId, PostId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::emergency;
use crate::problems;

/// Where a change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GovernedStatus {
    /// Waits for the second administrator.
    Proposed,
    /// In effect.
    Approved,
    /// Withdrawn or turned down.
    Dropped,
    /// Nobody approved it in time.
    Expired,
}

/// One of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hand {
    /// Who.
    pub person: PersonId,
    /// In which own post.
    pub post: PostId,
    /// When.
    pub at: DateTime<Utc>,
    /// The break-glass grant that the right to it stood on, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<EmergencyGrantId>,
    /// The card signature.
    pub endorsement: Endorsement,
}

/// Who withdrew a change or turned it down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dropping {
    /// Who.
    pub person: PersonId,
    /// In which own post.
    pub post: PostId,
    /// When.
    pub at: DateTime<Utc>,
}

/// A governed change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GovernedChange {
    /// Its id.
    pub id: Uuid,
    /// What changes.
    pub change: GovernedAct,
    /// Why.
    pub reason: String,
    /// State.
    pub status: GovernedStatus,
    /// Who proposed it.
    pub proposed: Hand,
    /// Who approved it.
    pub approved: Option<Hand>,
    /// Who withdrew it or turned it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<Dropping>,
    /// From then on it can no longer be approved.
    pub expires_at: DateTime<Utc>,
}

impl Document for GovernedChange {
    const TABLE: &'static str = "governed_changes";
    fn id(&self) -> Uuid {
        self.id
    }
}

/// Why a change is not approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GovernedError {
    /// Approved or dropped before.
    #[error("the change no longer waits for approval")]
    Settled,
    /// The proposer approves.
    #[error("a second administrator approves, never the one who proposed")]
    SamePerson,
    /// The change is for one of the two.
    #[error("nobody proposes or approves a change that concerns himself")]
    Own,
    /// It waited too long.
    #[error("the proposal has expired: propose it again")]
    Expired,
    /// Beyond what may be done under a break-glass grant.
    #[error("under a break-glass grant only cards are bound, posts ended and emergency roles given")]
    BeyondEmergency,
}

impl From<GovernedError> for chassis::Error {
    fn from(error: GovernedError) -> Self {
        let kind = match error {
            GovernedError::Settled => &chassis::problem::CONFLICT,
            GovernedError::Expired => &problems::PROPOSAL_EXPIRED,
            GovernedError::BeyondEmergency => &problems::BEYOND_EMERGENCY,
            GovernedError::SamePerson | GovernedError::Own => &problems::OWN_MATTER,
        };
        Problem::new(kind, error.to_string()).clause("invariant-11").into()
    }
}

/// The people whose rights a change touches.
pub fn concerned(change: &GovernedAct) -> BTreeSet<PersonId> {
    match change {
        GovernedAct::AppointPerson { person, .. }
        | GovernedAct::EndPost { person, .. }
        | GovernedAct::ChangeRoles { person, .. }
        | GovernedAct::BindCard { person, .. } => [*person].into(),
        GovernedAct::NameCustodians { custodians } => custodians.clone(),
        _ => BTreeSet::new(),
    }
}

/// Whether a change may be made by somebody whose right stands on a break-glass grant: enough to let administrators in
/// again, nothing that lasts beyond it for the grant itself (custodians) or that opens data (networks, systems, roots,
/// endpoints, roles of those who query).
pub fn is_open_in_emergency(change: &GovernedAct) -> bool {
    match change {
        GovernedAct::BindCard { .. } | GovernedAct::EndPost { .. } => true,
        GovernedAct::AppointPerson { post, .. } => emergency::may_give(&post.roles),
        GovernedAct::ChangeRoles { roles, .. } => emergency::may_give(roles),
        _ => false,
    }
}

/// The kind under which the governance log holds a change.
pub fn log_kind(change: &GovernedAct) -> &'static str {
    match change {
        GovernedAct::AppointPerson { .. } | GovernedAct::EndPost { .. } | GovernedAct::ChangeRoles { .. } => {
            "role-change"
        }
        GovernedAct::BindCard { .. } | GovernedAct::BindAgencyCertificate { .. } => "certificate-change",
        GovernedAct::ChangeNetworks { .. } => "network-change",
        GovernedAct::RegisterSystem { .. } | GovernedAct::ChangeSystem { .. } => "system-change",
        GovernedAct::NameCustodians { .. } => "custodians-named",
        GovernedAct::ApproveConfiguration { .. } => "configuration-approved",
        GovernedAct::WithdrawConfiguration { .. } => "configuration-withdrawn",
    }
}

impl GovernedChange {
    /// A change as the first hand proposes it.
    pub fn propose(
        id: Uuid,
        change: GovernedAct,
        reason: String,
        hand: Hand,
        days: u32,
    ) -> Result<Self, GovernedError> {
        may_touch(&change, &hand)?;
        let expires_at = hand.at + Duration::days(days.into());
        let (status, approved, dropped) = (GovernedStatus::Proposed, None, None);
        Ok(Self { id, change, reason, status, proposed: hand, approved, dropped, expires_at })
    }

    /// Withdraws or turns it down while it waits.
    pub fn turn_down(&mut self, dropping: Dropping) -> Result<(), GovernedError> {
        if self.status != GovernedStatus::Proposed {
            return Err(GovernedError::Settled);
        }
        self.status = GovernedStatus::Dropped;
        self.dropped = Some(dropping);
        Ok(())
    }

    /// Marks it expired; false when it was settled or still waits at `now`.
    pub fn expire(&mut self, now: DateTime<Utc>) -> bool {
        let expired = self.status == GovernedStatus::Proposed && now >= self.expires_at;
        if expired {
            self.status = GovernedStatus::Expired;
        }
        expired
    }

    /// Approves it: by another administrator, in time; it concerns neither of the two.
    pub fn approve(&mut self, hand: Hand) -> Result<(), GovernedError> {
        match self.status {
            GovernedStatus::Proposed if hand.at < self.expires_at => {}
            GovernedStatus::Proposed | GovernedStatus::Expired => return Err(GovernedError::Expired),
            GovernedStatus::Approved | GovernedStatus::Dropped => return Err(GovernedError::Settled),
        }
        if self.proposed.person == hand.person {
            return Err(GovernedError::SamePerson);
        }
        may_touch(&self.change, &hand)?;
        self.status = GovernedStatus::Approved;
        self.approved = Some(hand);
        Ok(())
    }
}

fn may_touch(change: &GovernedAct, hand: &Hand) -> Result<(), GovernedError> {
    if concerned(change).contains(&hand.person) {
        return Err(GovernedError::Own);
    }
    if hand.emergency.is_some() && !is_open_in_emergency(change) {
        return Err(GovernedError::BeyondEmergency);
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
