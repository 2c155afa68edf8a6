//! What this service knows of others: projections of their events.

use std::collections::{BTreeMap, BTreeSet};

use account_types::events::{AccountSnapshot, AccountStatus, AgencyChanged, PersonChanged, PostSnapshot};
use chassis::Document;
use chrono::NaiveDate;
use kernel::Event;
use kernel::ids::{AccountId, AgencyId, PersonId, QueryId, UnitId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An account, with why it is held back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccountView {
    /// The account.
    pub account: AccountSnapshot,
    /// What changed it last.
    pub cause: String,
    /// Clause of that change.
    pub clause: String,
}

/// How an account stands, as far as refusals are judged by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// In use.
    Active,
    /// Held back for a lost card.
    LostCard,
    /// Held back for another reason.
    Suspended,
    /// Ended.
    Stopped,
}

impl AccountView {
    /// How it stands.
    pub fn standing(&self) -> Standing {
        match self.account.status {
            AccountStatus::Active => Standing::Active,
            AccountStatus::Stopped => Standing::Stopped,
            AccountStatus::Suspended => {
                let lost = matches!(self.clause.as_str(), "I3.7" | "H5.2.3") || self.cause.contains("lost");
                if lost { Standing::LostCard } else { Standing::Suspended }
            }
        }
    }
}

impl Document for AccountView {
    const TABLE: &'static str = "accounts";
    fn id(&self) -> Uuid {
        self.account.id.0
    }
}

/// A person with posts and bound cards.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PersonView {
    /// The person.
    pub person: PersonId,
    /// False after leaving or retirement.
    pub in_service: bool,
    /// Posts, present and past.
    pub posts: Vec<PostSnapshot>,
    /// `identity::CertificateIdentity::subject()` of each bound card.
    #[serde(default)]
    pub cards: BTreeSet<String>,
    /// Counts changes.
    pub revision: i64,
}

impl PersonView {
    /// Whether the person holds a post with `role` on `day`.
    pub fn holds(&self, role: &str, day: NaiveDate) -> bool {
        self.current(day).any(|p| p.roles.contains(role))
    }

    /// The posts held on `day`.
    pub fn current(&self, day: NaiveDate) -> impl Iterator<Item = &PostSnapshot> {
        let serving = self.in_service;
        self.posts
            .iter()
            .filter(move |p| serving && p.from <= day && p.until.is_none_or(|until| day <= until))
    }

    /// Whether the person belongs to `unit` on `day`.
    pub fn belongs_to(&self, unit: UnitId, day: NaiveDate) -> bool {
        self.current(day).any(|p| p.unit == unit)
    }
}

impl Document for PersonView {
    const TABLE: &'static str = "people";
    fn id(&self) -> Uuid {
        self.person.0
    }
}

/// The account service's event about people, read as far as it is needed here.
impl Event for PersonView {
    const TYPE: &'static str = PersonChanged::TYPE;
    const TOPIC: &'static str = PersonChanged::TOPIC;
    fn key(&self) -> String {
        self.person.to_string()
    }
}

/// An agency.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AgencyView {
    /// The event.
    #[serde(flatten)]
    pub agency: AgencyChanged,
}

impl AgencyView {
    /// Its kind as rule packs name kinds (`district-office`).
    pub fn pack_kind(&self) -> String {
        self.agency.kind.replace('_', "-")
    }
}

impl Document for AgencyView {
    const TABLE: &'static str = "agencies";
    fn id(&self) -> Uuid {
        self.agency.agency.0
    }
}

/// A control item of the registry, until it is explained or becomes a finding (H8.1).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ControlItem {
    /// Its id.
    pub id: Uuid,
    /// Its kind.
    pub kind: String,
    /// Regulation, as far as the item tells.
    pub regulation: String,
    /// Agency concerned.
    pub agency_id: AgencyId,
    /// Account concerned.
    pub account: Option<AccountId>,
    /// Person concerned.
    pub person: Option<PersonId>,
    /// Queries concerned.
    pub queries: Vec<QueryId>,
    /// Clause.
    pub clause: String,
    /// The day that it is about.
    pub day: NaiveDate,
    /// Last day for its explanation; from the next on it is a finding.
    pub explain_by: NaiveDate,
    /// `waiting`, `explained` or `finding`.
    pub state: String,
    /// Codes and counts.
    pub detail: BTreeMap<String, String>,
}

impl Document for ControlItem {
    const TABLE: &'static str = "control_items";
    fn id(&self) -> Uuid {
        self.id
    }
}

/// A closed account inventory or a closed report, for packages and annex 3.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ControlRecord {
    /// Its id.
    pub id: Uuid,
    /// `inventory`, `daily` or `weekly`.
    pub kind: String,
    /// Regulation, where the event tells.
    pub regulation: Option<String>,
    /// Agency, where the event tells.
    pub agency_id: Option<AgencyId>,
    /// The day that it is about.
    pub day: NaiveDate,
    /// State.
    pub state: String,
    /// Digest, where the event tells.
    pub digest: Option<String>,
    /// Counts.
    pub counts: BTreeMap<String, u32>,
}

impl Document for ControlRecord {
    const TABLE: &'static str = "control_records";
    fn id(&self) -> Uuid {
        self.id
    }
}
