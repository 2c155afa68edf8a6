//! Acts in the agency's own system (I3.6, I3.7): what must be done there, under the agency certificate, and whether the
//! agency confirmed it.

use account_types::events::AccountStatus;
use chassis::{Document, Problem};
use chrono::{DateTime, NaiveDate, Utc};
use identity::Endorsement;
use kernel::ids::{AccountId, AgencyId, PersonId, PostId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::problems;

/// What must be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgencyActKind {
    /// The account ends (I3.6).
    EndAccount,
    /// The account is held back (I6).
    SuspendAccount,
    /// Notice of a lost card (I3.7).
    LostCardNotice,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgencyActStatus {
    /// To be done.
    Open,
    /// Done there; not confirmed yet.
    Recorded,
    /// Confirmed by the agency.
    Confirmed,
}

/// An act in the agency's system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AgencyAct {
    /// Its id.
    pub id: Uuid,
    /// What.
    pub kind: AgencyActKind,
    /// Regulation.
    pub regulation: String,
    /// Rule pack that it follows.
    pub rule_pack: String,
    /// The account there.
    pub account_id: AccountId,
    /// State of the account in the suite when the act was opened.
    pub mirrored: AccountStatus,
    /// The holder.
    pub person_id: PersonId,
    /// The holder's agency, whose designated officer acts.
    pub agency_id: AgencyId,
    /// Why.
    pub cause: String,
    /// State.
    pub status: AgencyActStatus,
    /// When it became due.
    pub opened_at: DateTime<Utc>,
    /// Who recorded it, in which post, on which day, with which signature.
    pub recorded: Option<Recorded>,
    /// The agency's confirmation.
    pub confirmed: Option<Confirmed>,
}

/// The record of what was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Recorded {
    /// Designated officer.
    pub person: PersonId,
    /// His post.
    pub post: PostId,
    /// The day.
    pub on: NaiveDate,
    /// Document number.
    pub number: Option<String>,
    /// Signature with the agency certificate.
    pub endorsement: Endorsement,
}

/// The record of a confirmation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Confirmed {
    /// Who recorded it.
    pub person: PersonId,
    /// The day.
    pub on: NaiveDate,
    /// Document number.
    pub number: Option<String>,
}

impl Document for AgencyAct {
    const TABLE: &'static str = "agency_acts";
    fn id(&self) -> Uuid {
        self.id
    }
}

/// Why an act is not recorded or confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AgencyActError {
    /// Not its turn.
    #[error("the act is recorded first and confirmed after, each once")]
    Order,
    /// The holder himself.
    #[error("the designated officer does not act on his own account")]
    Own,
    /// A day in the future or before the act was due.
    #[error("the day lies in the future")]
    Future,
}

impl From<AgencyActError> for chassis::Error {
    fn from(error: AgencyActError) -> Self {
        let kind = match error {
            AgencyActError::Order => &chassis::problem::CONFLICT,
            AgencyActError::Own => &problems::OWN_MATTER,
            AgencyActError::Future => &problems::STAGE_INCOMPLETE,
        };
        Problem::new(kind, error.to_string()).clause("I3.6").into()
    }
}

impl AgencyAct {
    /// Notes what was done there.
    pub fn record(&mut self, recorded: Recorded, today: NaiveDate) -> Result<(), AgencyActError> {
        if self.status != AgencyActStatus::Open {
            return Err(AgencyActError::Order);
        }
        if recorded.person == self.person_id {
            return Err(AgencyActError::Own);
        }
        if recorded.on > today {
            return Err(AgencyActError::Future);
        }
        self.status = AgencyActStatus::Recorded;
        self.recorded = Some(recorded);
        Ok(())
    }

    /// Notes the confirmation.
    pub fn confirm(&mut self, confirmed: Confirmed, today: NaiveDate) -> Result<(), AgencyActError> {
        if self.status != AgencyActStatus::Recorded {
            return Err(AgencyActError::Order);
        }
        if confirmed.person == self.person_id {
            return Err(AgencyActError::Own);
        }
        if confirmed.on > today {
            return Err(AgencyActError::Future);
        }
        self.status = AgencyActStatus::Confirmed;
        self.confirmed = Some(confirmed);
        Ok(())
    }
}
