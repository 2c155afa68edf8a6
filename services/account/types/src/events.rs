//! Events of the account service. No names, no national ids: people are ids (invariant 8).

use std::collections::BTreeSet;

use chrono::NaiveDate;
use kernel::Event;
use kernel::ids::{AccountId, AgencyId, PersonId, PostId, SystemId, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an account may be used for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// In use.
    Active,
    /// Held back: lost card, overdue inventory decision, suspected misuse; may become active again.
    Suspended,
    /// Ended: left, retired, transferred, cancelled. Never active again.
    Stopped,
}

/// An account as other services need it (H4.1, I3.4): whose, through which post, for which data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountSnapshot {
    /// Its id.
    pub id: AccountId,
    /// Account number (帳號) as printed on forms; not personal by itself.
    pub number: String,
    /// `household`, `immigration` or `tax`.
    pub regulation: String,
    /// The holder.
    pub person: PersonId,
    /// The post it was granted for.
    pub post: PostId,
    /// The holder's agency in that post.
    pub agency: AgencyId,
    /// The holder's unit in that post.
    pub unit: UnitId,
    /// State.
    pub status: AccountStatus,
    /// Permission items granted (ids of the rule pack's annex 1 items; for immigration the sub-items).
    pub permission_items: BTreeSet<String>,
    /// First day on which it may be used.
    pub valid_from: NaiveDate,
    /// Day of expiry, if the grant has one.
    pub valid_until: Option<NaiveDate>,
    /// Who opened it (IT unit, H5.1.2): nobody audits accounts that he opened.
    pub opened_by: PersonId,
    /// Counts changes, so that a late event never overwrites a newer one.
    pub revision: i64,
}

/// `account.account-changed.v1`: the account's state after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountChanged {
    /// The state now.
    pub account: AccountSnapshot,
    /// What changed it, e.g. `opened`, `changed`, `suspended`, `resumed`, `stopped`, `replayed`.
    pub cause: String,
    /// Clause id, e.g. `H5.1.2`.
    pub clause: String,
}

impl Event for AccountChanged {
    const TYPE: &'static str = "account.account-changed.v1";
    const TOPIC: &'static str = "account.accounts.v1";
    fn key(&self) -> String {
        self.account.id.to_string()
    }
}

/// A post that a person holds or holds in somebody's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PostSnapshot {
    /// Its id.
    pub id: PostId,
    /// Agency.
    pub agency: AgencyId,
    /// Unit.
    pub unit: UnitId,
    /// Roles, snake_case names of `identity::Role`.
    pub roles: BTreeSet<String>,
    /// First day.
    pub from: NaiveDate,
    /// Last day; open when absent.
    pub until: Option<NaiveDate>,
    /// For a deputy (職務代理人): the post that is stood in for.
    pub deputy_for: Option<PostId>,
}

/// `account.person-changed.v1`: a person's posts after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonChanged {
    /// The person.
    pub person: PersonId,
    /// False after leaving or retirement.
    pub in_service: bool,
    /// Posts, present and past.
    pub posts: Vec<PostSnapshot>,
    /// Keyed hashes of national ids that the person declared as his own or close relatives'
    /// (`RegisterKey` named `subjects`).
    pub declared_subjects: BTreeSet<String>,
    /// Cards in use: `identity::CertificateIdentity::subject()` of each (issuer key id, colon, certificate serial).
    #[serde(default)]
    pub cards: BTreeSet<String>,
    /// Counts changes.
    pub revision: i64,
}

impl Event for PersonChanged {
    const TYPE: &'static str = "account.person-changed.v1";
    const TOPIC: &'static str = "account.people.v1";
    fn key(&self) -> String {
        self.person.to_string()
    }
}

/// `account.agency-changed.v1`: a public body, its units and office networks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgencyChanged {
    /// Its id.
    pub agency: AgencyId,
    /// Name in Traditional Chinese.
    pub name: String,
    /// `bureau`, `subordinate`, `district_office`, `provider`, `it_centre`.
    pub kind: String,
    /// Units: id and name.
    pub units: Vec<(UnitId, String)>,
    /// Office networks (CIDR) from which its officials may work (H3.1).
    pub networks: Vec<String>,
    /// Counts changes.
    pub revision: i64,
}

impl Event for AgencyChanged {
    const TYPE: &'static str = "account.agency-changed.v1";
    const TOPIC: &'static str = "account.agencies.v1";
    fn key(&self) -> String {
        self.agency.to_string()
    }
}

/// `account.system-changed.v1`: a registered agency system (H3.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemChanged {
    /// Its id.
    pub system: SystemId,
    /// Code that rule packs list, e.g. `welfare-platform`.
    pub code: String,
    /// The agency that runs it.
    pub agency: AgencyId,
    /// Whether it may ask now.
    pub active: bool,
    /// Counts changes.
    pub revision: i64,
}

impl Event for SystemChanged {
    const TYPE: &'static str = "account.system-changed.v1";
    const TOPIC: &'static str = "account.systems.v1";
    fn key(&self) -> String {
        self.system.to_string()
    }
}

/// `account.inventory-closed.v1`: an account inventory (帳號清查) is done (H5.1.3, I4.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryClosed {
    /// The campaign's id.
    pub inventory: uuid::Uuid,
    /// `household` or `immigration`.
    pub regulation: String,
    /// The day on which it closed.
    pub closed_on: NaiveDate,
    /// Accounts reviewed.
    pub reviewed: u32,
    /// Accounts changed, suspended or stopped by it.
    pub changed: u32,
    /// Decisions that were missing at the deadline.
    pub undecided: u32,
    /// SHA-256 (hex) over the canonical record; the registry enters it in the governance log.
    pub digest: String,
}

impl Event for InventoryClosed {
    const TYPE: &'static str = "account.inventory-closed.v1";
    const TOPIC: &'static str = "account.inventories.v1";
    fn key(&self) -> String {
        self.inventory.to_string()
    }
}

/// `account.governance-recorded.v1`: an act that the governance log must hold (invariant 11): endorsements, changes of
/// roles, networks, systems, roots, keys, endpoints, rule packs. Only a digest travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GovernanceRecorded {
    /// Id of the act in this service.
    pub act: uuid::Uuid,
    /// e.g. `endorsement`, `role-change`, `network-change`, `system-change`.
    pub kind: String,
    /// SHA-256 (hex) of the act's canonical bytes.
    pub digest: String,
    /// Clause id or `invariant-11`.
    pub clause: String,
}

impl Event for GovernanceRecorded {
    const TYPE: &'static str = "account.governance-recorded.v1";
    const TOPIC: &'static str = "account.governance.v1";
    fn key(&self) -> String {
        self.act.to_string()
    }
}

/// `account.emergency-changed.v1`: a break-glass grant was given, ended or reviewed. No reasons travel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmergencyChanged {
    /// The grant.
    pub grant: kernel::ids::EmergencyGrantId,
    /// `in_effect`, `ended`, `reviewed`.
    pub state: String,
    /// Who has the roles.
    pub receiver: PersonId,
    /// Which roles.
    pub roles: BTreeSet<String>,
    /// Until when.
    pub until: chrono::DateTime<chrono::Utc>,
    /// The two custodians.
    pub custodians: BTreeSet<PersonId>,
    /// Counts changes.
    pub revision: i64,
}

impl Event for EmergencyChanged {
    const TYPE: &'static str = "account.emergency-changed.v1";
    const TOPIC: &'static str = "account.emergencies.v1";
    fn key(&self) -> String {
        self.grant.to_string()
    }
}

/// `account.two-places-found.v1`: one person asked for a token from a second place while the first was in use, or a refresh
/// token of a session was in two hands; refused (H5.2.3). Places are office addresses; they do not travel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TwoPlacesFound {
    /// The person.
    pub person: PersonId,
    /// The person's agency.
    pub agency: AgencyId,
    /// Clause id.
    pub clause: String,
}

impl Event for TwoPlacesFound {
    const TYPE: &'static str = "account.two-places-found.v1";
    const TOPIC: &'static str = "account.people.v1";
    fn key(&self) -> String {
        self.person.to_string()
    }
}

/// `account.holding-counted.v1`: records of a month, so that retention can plan their end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldingCounted {
    /// Record kind of the rule pack's retention table.
    pub record_kind: String,
    /// `household`, `tax` or `immigration`.
    pub regulation: String,
    /// First day of the month.
    pub month: NaiveDate,
    /// Records.
    pub count: i64,
}

impl Event for HoldingCounted {
    const TYPE: &'static str = "account.holding-counted.v1";
    const TOPIC: &'static str = "account.holdings.v1";
    fn key(&self) -> String {
        format!("{}/{}/{}", self.record_kind, self.regulation, self.month)
    }
}

/// `account.destruction-carried-out.v1`: a destruction order was carried out on this service's records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestructionCarriedOut {
    /// The order.
    pub order: kernel::ids::OrderId,
    /// Records gone.
    pub count: i64,
    /// Digest (hex) over the ids of what went.
    pub root: String,
    /// e.g. `rows deleted`.
    pub method: String,
}

impl Event for DestructionCarriedOut {
    const TYPE: &'static str = "account.destruction-carried-out.v1";
    const TOPIC: &'static str = "account.destructions.v1";
    fn key(&self) -> String {
        self.order.to_string()
    }
}
