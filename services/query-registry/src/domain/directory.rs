//! What the gate knows of accounts, people, agencies and systems: projections of the account service's events,
//! compiled for decisions.

use std::collections::{BTreeSet, HashMap, HashSet};

use account_types::events::{AccountSnapshot, AgencyChanged, PersonChanged, PostSnapshot, SystemChanged};
use chrono::NaiveDate;
use identity::CertificateIdentity;
use kernel::configuration::{ConfigurationChanged, ConfigurationKind};
use kernel::ids::{AccountId, AgencyId, PersonId, PostId, SystemId, UnitId};
use uuid::Uuid;

use crate::domain::network::Network;
use crate::domain::rules::RuleBook;

/// One row of the directory.
#[derive(Debug, Clone)]
pub enum Record {
    /// An account.
    Account(AccountSnapshot),
    /// A person.
    Person(PersonChanged),
    /// An agency.
    Agency(AgencyChanged),
    /// A system.
    System(SystemChanged),
    /// Something that services run on, approved or not any more.
    Configuration(ConfigurationChanged),
}

/// A person as decisions need it.
#[derive(Debug, Clone)]
pub struct Person {
    /// False after leaving.
    pub in_service: bool,
    /// Keyed hashes of own and relatives' ids.
    pub declared: HashSet<String>,
    /// Cards bound to the person.
    pub cards: BTreeSet<String>,
    /// Posts.
    pub posts: Vec<PostSnapshot>,
    revision: i64,
}

/// An agency as decisions need it.
#[derive(Debug, Clone)]
pub struct Agency {
    /// Name in Traditional Chinese.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// Units and their names.
    pub units: Vec<(UnitId, String)>,
    networks: Vec<Network>,
    revision: i64,
}

impl Agency {
    /// The name of `unit`.
    pub fn unit_name(&self, unit: UnitId) -> Option<&str> {
        self.units.iter().find(|(id, _)| *id == unit).map(|(_, name)| name.as_str())
    }

    /// Whether `address` is in an office network.
    pub fn holds(&self, address: std::net::IpAddr) -> bool {
        self.networks.iter().any(|n| n.contains(address))
    }
}

/// The compiled index: everything that a decision looks up, in memory.
#[derive(Debug, Default)]
pub struct Index {
    /// Rules.
    pub rules: RuleBook,
    accounts: HashMap<AccountId, AccountSnapshot>,
    people: HashMap<PersonId, Person>,
    agencies: HashMap<AgencyId, Agency>,
    systems: HashMap<SystemId, SystemChanged>,
    configuration: HashMap<Uuid, ConfigurationChanged>,
    /// The last change of the directory that is in here.
    pub change: i64,
}

impl Index {
    /// An empty index under `rules`.
    pub fn new(rules: RuleBook) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Takes in one row; an older revision than the one that is here changes nothing.
    pub fn apply(&mut self, record: Record) {
        match record {
            Record::Account(a) => {
                if self.accounts.get(&a.id).is_none_or(|old| old.revision <= a.revision) {
                    self.accounts.insert(a.id, a);
                }
            }
            Record::Person(p) => {
                if self.people.get(&p.person).is_none_or(|old| old.revision <= p.revision) {
                    let declared = p.declared_subjects.into_iter().collect();
                    let person = Person {
                        in_service: p.in_service,
                        declared,
                        cards: p.cards,
                        posts: p.posts,
                        revision: p.revision,
                    };
                    self.people.insert(p.person, person);
                }
            }
            Record::Agency(a) => {
                if self.agencies.get(&a.agency).is_none_or(|old| old.revision <= a.revision) {
                    // A block that cannot be read opens nothing.
                    let networks = a.networks.iter().filter_map(|n| Network::parse(n)).collect();
                    let agency =
                        Agency { name: a.name, kind: a.kind, units: a.units, networks, revision: a.revision };
                    self.agencies.insert(a.agency, agency);
                }
            }
            Record::System(s) => {
                if self.systems.get(&s.system).is_none_or(|old| old.revision <= s.revision) {
                    self.systems.insert(s.system, s);
                }
            }
            Record::Configuration(c) => {
                let id = c.item.id();
                if self.configuration.get(&id).is_none_or(|old| old.revision <= c.revision) {
                    self.configuration.insert(id, c);
                }
            }
        }
    }

    /// The account `id`.
    pub fn account(&self, id: AccountId) -> Option<&AccountSnapshot> {
        self.accounts.get(&id)
    }

    /// Every account.
    pub fn accounts(&self) -> impl Iterator<Item = &AccountSnapshot> {
        self.accounts.values()
    }

    /// The person `id`.
    pub fn person(&self, id: PersonId) -> Option<&Person> {
        self.people.get(&id)
    }

    /// The agency `id`.
    pub fn agency(&self, id: AgencyId) -> Option<&Agency> {
        self.agencies.get(&id)
    }

    /// Every agency.
    pub fn agencies(&self) -> impl Iterator<Item = (AgencyId, &Agency)> {
        self.agencies.iter().map(|(id, agency)| (*id, agency))
    }

    /// The system `id`, if it may ask now.
    pub fn active_system(&self, id: SystemId) -> Option<&SystemChanged> {
        self.systems.get(&id).filter(|s| s.active)
    }

    /// Whether two persons approved the thing of this name and digest, to be used on `day` (invariant 11).
    pub fn is_approved(&self, kind: ConfigurationKind, name: &str, digest: &str, day: NaiveDate) -> bool {
        // Few things are approved: a look at each costs less than the id by which they are kept.
        self.configuration.values().any(|c| {
            c.approved
                && c.item.kind == kind
                && c.item.digest == digest
                && c.item.name == name
                && c.item.effective_on <= day
        })
    }

    /// Whether `person` holds `role` in `post` on `day`: the token says so at its issue, this as of now.
    pub fn holds_role(&self, person: PersonId, post: PostId, role: &str, day: NaiveDate) -> bool {
        self.person(person).is_some_and(|p| {
            p.in_service
                && p.posts.iter().any(|held| {
                    held.id == post
                        && held.from <= day
                        && held.until.is_none_or(|until| day <= until)
                        && held.roles.contains(role)
                })
        })
    }

    /// Whether the card is bound to the person: by issuer and serial, or by thumbprint.
    pub fn is_card_of(&self, person: PersonId, card: &CertificateIdentity) -> bool {
        self.person(person).is_some_and(|p| {
            p.in_service && (p.cards.contains(&card.subject()) || p.cards.contains(&card.thumbprint_sha256))
        })
    }
}
