//! What this service keeps of people and agencies: projections of the account service's events.

use std::collections::BTreeSet;

use account_types::events::{AgencyChanged, PersonChanged};
use chassis::Document;
use kernel::ids::{AgencyId, PersonId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A person, as far as witnesses and approvers need it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Person {
    /// The person.
    pub id: PersonId,
    /// False after leaving.
    pub in_service: bool,
    /// Cards in use.
    pub cards: BTreeSet<String>,
    /// Revision of the event.
    pub revision: i64,
}

impl Document for Person {
    const TABLE: &'static str = "people";
    fn id(&self) -> Uuid {
        self.id.0
    }
}

impl From<PersonChanged> for Person {
    fn from(event: PersonChanged) -> Self {
        Self { id: event.person, in_service: event.in_service, cards: event.cards, revision: event.revision }
    }
}

/// An agency.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Agency {
    /// The agency.
    pub id: AgencyId,
    /// `bureau`, `subordinate`, `district_office`, `provider`, `it_centre`.
    pub kind: String,
    /// Revision of the event.
    pub revision: i64,
}

impl Document for Agency {
    const TABLE: &'static str = "agencies";
    fn id(&self) -> Uuid {
        self.id.0
    }
}

impl From<AgencyChanged> for Agency {
    fn from(event: AgencyChanged) -> Self {
        Self { id: event.agency, kind: event.kind, revision: event.revision }
    }
}
