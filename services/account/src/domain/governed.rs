//! Changes of what guards the guards (invariant 11): two administrators, two cards, a log entry each.

use account_types::GovernedAct;
use chassis::{Document, Problem};
use chrono::{DateTime, Utc};
use identity::Endorsement;
use kernel::ids::{PersonId, PostId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

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
    /// The card signature.
    pub endorsement: Endorsement,
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
    /// The change is for the approver himself.
    #[error("nobody approves a change of his own posts or cards")]
    Own,
}

impl From<GovernedError> for chassis::Error {
    fn from(error: GovernedError) -> Self {
        let kind = match error {
            GovernedError::Settled => &chassis::problem::CONFLICT,
            GovernedError::SamePerson | GovernedError::Own => &problems::OWN_MATTER,
        };
        Problem::new(kind, error.to_string()).clause("invariant-11").into()
    }
}

/// The person whose rights a change touches, if any.
pub fn concerned(change: &GovernedAct) -> Option<PersonId> {
    match change {
        GovernedAct::AppointPerson { person, .. }
        | GovernedAct::EndPost { person, .. }
        | GovernedAct::ChangeRoles { person, .. }
        | GovernedAct::BindCard { person, .. } => Some(*person),
        _ => None,
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
    }
}

impl GovernedChange {
    /// Withdraws or turns it down while it waits.
    pub fn turn_down(&mut self) -> Result<(), GovernedError> {
        if self.status != GovernedStatus::Proposed {
            return Err(GovernedError::Settled);
        }
        self.status = GovernedStatus::Dropped;
        Ok(())
    }

    /// Approves it: by another administrator, who is not the one it is for.
    pub fn approve(&mut self, hand: Hand) -> Result<(), GovernedError> {
        if self.status != GovernedStatus::Proposed {
            return Err(GovernedError::Settled);
        }
        if self.proposed.person == hand.person {
            return Err(GovernedError::SamePerson);
        }
        if concerned(&self.change) == Some(hand.person) {
            return Err(GovernedError::Own);
        }
        self.status = GovernedStatus::Approved;
        self.approved = Some(hand);
        Ok(())
    }
}
