//! The first start (design, first start and emergency): master data under two signatures, once. What is wrong with the
//! data is told all at once, by JSON pointers and never by value.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::Hash;

use account_types::{AgencyKind, MasterData, PersonRecord, PostRecord};
use chassis::{Document, FieldError};
use chrono::{DateTime, NaiveDate, Utc};
use identity::{Endorsement, Role};
use kernel::NationalId;
use kernel::ids::{PersonId, PostId};
use rule_pack::Regulation;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::agency::{is_network, is_origin};

/// The record of the first start: one, ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FirstStart {
    /// Id of the act in the governance log.
    pub act: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// SHA-256 of the master data's canonical bytes.
    pub digest: String,
    /// The two administrators who answer for it, in the order of their signatures.
    pub administrators: [PersonId; 2],
    /// Their card signatures over `account_types::BootstrapContent`.
    pub endorsements: [Endorsement; 2],
}

impl FirstStart {
    /// The id of the one record: two first starts at once meet in it.
    pub const ID: Uuid = Uuid::from_u128(1);
}

impl Document for FirstStart {
    const TABLE: &'static str = "first_starts";
    fn id(&self) -> Uuid {
        Self::ID
    }
}

/// Collects faults.
struct Faults(Vec<FieldError>);

impl Faults {
    fn add(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.push(FieldError { pointer: pointer.into(), detail: detail.into() });
    }

    fn unless(&mut self, holds: bool, pointer: impl Into<String>, detail: &str) {
        if !holds {
            self.add(pointer, detail);
        }
    }

    fn text(&mut self, pointer: impl Into<String>, value: &str, most: usize) {
        let length = value.trim().chars().count();
        self.unless((1..=most).contains(&length), pointer, &format!("1 to {most} characters"));
    }

    /// Each of `values` is there once.
    fn once<'a, T: Hash + Eq>(&mut self, values: impl Iterator<Item = (String, T)> + 'a) {
        let mut seen = HashSet::new();
        for (pointer, value) in values {
            self.unless(seen.insert(value), pointer, "is there more than once");
        }
    }
}

/// Everything that is wrong with `data` on `day`; empty when it may be loaded.
pub fn faults(data: &MasterData, day: NaiveDate, sample_ids: bool) -> Vec<FieldError> {
    let mut faults = Faults(vec![]);
    administrators(&mut faults, data, day);
    agencies(&mut faults, data);
    people(&mut faults, data, sample_ids);
    rights(&mut faults, data);
    guards(&mut faults, data, day);
    faults.0
}

fn holds_administrator(person: &PersonRecord, day: NaiveDate) -> bool {
    let held = |post: &&PostRecord| post.from <= day && post.until.is_none_or(|until| day <= until);
    person.posts.iter().filter(held).any(|post| post.roles.contains(Role::Administrator.code()))
}

fn administrators(faults: &mut Faults, data: &MasterData, day: NaiveDate) {
    let [first, second] = data.administrators;
    faults.unless(first != second, "/administrators/1", "two different people are needed");
    for (i, id) in data.administrators.iter().enumerate() {
        let pointer = format!("/administrators/{i}");
        match data.people.iter().find(|p| p.id == *id) {
            None => faults.add(pointer, "nobody of `people`"),
            Some(person) => {
                faults.unless(
                    holds_administrator(person, day),
                    &pointer,
                    "does not hold `administrator` now",
                );
                faults.unless(!person.cards.is_empty(), &pointer, "has no card");
            }
        }
    }
}

fn agencies(faults: &mut Faults, data: &MasterData) {
    let known: BTreeSet<_> = data.agencies.iter().map(|a| a.id).collect();
    faults.once(data.agencies.iter().enumerate().map(|(i, a)| (format!("/agencies/{i}/id"), a.id)));
    let units = data.agencies.iter().enumerate().flat_map(|(i, a)| {
        a.units.iter().enumerate().map(move |(n, u)| (format!("/agencies/{i}/units/{n}/id"), u.id))
    });
    faults.once(units);
    let has_bureau = data.agencies.iter().any(|a| a.kind == AgencyKind::Bureau);
    faults.unless(has_bureau, "/agencies", "the bureau is missing");
    for (i, agency) in data.agencies.iter().enumerate() {
        let at = format!("/agencies/{i}");
        faults.text(format!("{at}/name"), &agency.name, 100);
        let parent = agency.parent.is_none_or(|parent| parent != agency.id && known.contains(&parent));
        faults.unless(parent, format!("{at}/parent"), "no other agency of `agencies`");
        for (n, network) in agency.networks.iter().enumerate() {
            faults.unless(
                is_network(network),
                format!("{at}/networks/{n}"),
                "not a network in CIDR notation",
            );
        }
        let known = agency.provides.iter().all(|name| name.parse::<Regulation>().is_ok());
        let fits = agency.provides.is_empty() || agency.kind == AgencyKind::Provider;
        faults.unless(known && fits, format!("{at}/provides"), "regulations, and of a data provider alone");
        for (n, unit) in agency.units.iter().enumerate() {
            faults.text(format!("{at}/units/{n}/name"), &unit.name, 100);
        }
    }
    faults.once(data.systems.iter().enumerate().map(|(i, s)| (format!("/systems/{i}/id"), s.id)));
    faults
        .once(data.systems.iter().enumerate().map(|(i, s)| (format!("/systems/{i}/code"), s.code.as_str())));
    for (i, system) in data.systems.iter().enumerate() {
        faults.text(format!("/systems/{i}/code"), &system.code, 100);
        faults.unless(known.contains(&system.agency), format!("/systems/{i}/agency"), "none of `agencies`");
        for (n, origin) in system.origins.iter().enumerate() {
            let pointer = format!("/systems/{i}/origins/{n}");
            faults.unless(is_origin(origin), pointer, "not an origin as https://host");
        }
    }
}

fn people(faults: &mut Faults, data: &MasterData, sample_ids: bool) {
    let each = || data.people.iter().enumerate();
    faults.once(each().map(|(i, p)| (format!("/people/{i}/id"), p.id)));
    faults.once(each().map(|(i, p)| (format!("/people/{i}/staff_number"), p.staff_number.as_str())));
    faults.once(each().map(|(i, p)| (format!("/people/{i}/national_id"), p.national_id.expose().as_str())));
    faults.once(each().flat_map(|(i, p)| {
        p.posts.iter().enumerate().map(move |(n, post)| (format!("/people/{i}/posts/{n}/id"), post.id))
    }));
    faults.once(each().flat_map(|(i, p)| {
        p.cards
            .iter()
            .enumerate()
            .map(move |(n, c)| (format!("/people/{i}/cards/{n}"), c.thumbprint.as_str()))
    }));
    for (i, person) in each() {
        let at = format!("/people/{i}");
        faults.text(format!("{at}/staff_number"), &person.staff_number, 40);
        faults.text(format!("{at}/name"), person.name.expose(), 100);
        if let Err(error) = NationalId::parse(person.national_id.expose(), sample_ids) {
            faults.add(format!("{at}/national_id"), error.to_string());
        }
        for (n, relative) in person.declared_relatives.iter().enumerate() {
            if let Err(error) = NationalId::parse(relative.expose(), sample_ids) {
                faults.add(format!("{at}/declared_relatives/{n}"), error.to_string());
            }
        }
        for (n, post) in person.posts.iter().enumerate() {
            a_post(faults, data, post, &format!("{at}/posts/{n}"));
        }
    }
}

fn a_post(faults: &mut Faults, data: &MasterData, post: &PostRecord, at: &str) {
    faults.text(format!("{at}/title"), &post.title, 100);
    match data.agencies.iter().find(|a| a.id == post.agency) {
        None => faults.add(format!("{at}/agency"), "none of `agencies`"),
        Some(agency) => {
            let unit = agency.units.iter().any(|u| u.id == post.unit);
            faults.unless(unit, format!("{at}/unit"), "not a unit of this agency");
        }
    }
    let roles = post.roles.iter().all(|role| {
        role.parse::<Role>().is_ok_and(|role| !matches!(role, Role::AgencySystem | Role::Service))
    });
    faults.unless(roles, format!("{at}/roles"), "holds something that is no role of a person");
    faults.unless(post.until.is_none_or(|until| post.from <= until), format!("{at}/until"), "before `from`");
}

fn rights(faults: &mut Faults, data: &MasterData) {
    let posts: BTreeMap<PostId, PersonId> =
        data.people.iter().flat_map(|p| p.posts.iter().map(|post| (post.id, p.id))).collect();
    let people: BTreeSet<PersonId> = data.people.iter().map(|p| p.id).collect();
    faults.once(data.accounts.iter().enumerate().map(|(i, a)| (format!("/accounts/{i}/id"), a.id)));
    faults.once(
        data.accounts
            .iter()
            .enumerate()
            .map(|(i, a)| (format!("/accounts/{i}/number"), (a.regulation.as_str(), a.number.as_str()))),
    );
    let regulation = |name: &str| name.parse::<Regulation>().is_ok();
    for (i, account) in data.accounts.iter().enumerate() {
        let at = format!("/accounts/{i}");
        faults.text(format!("{at}/number"), &account.number, 100);
        faults.unless(
            regulation(&account.regulation),
            format!("{at}/regulation"),
            "household, immigration or tax",
        );
        let own = posts.get(&account.post) == Some(&account.person);
        faults.unless(own, format!("{at}/post"), "not a post of this person");
        faults.unless(people.contains(&account.opened_by), format!("{at}/opened_by"), "nobody of `people`");
        let days = account.valid_until.is_none_or(|until| account.valid_from <= until);
        faults.unless(days, format!("{at}/valid_until"), "before `valid_from`");
    }
    faults.once(data.links.iter().enumerate().map(|(i, l)| (format!("/links/{i}/id"), l.id)));
    for (i, link) in data.links.iter().enumerate() {
        let at = format!("/links/{i}");
        faults.unless(
            regulation(&link.regulation),
            format!("{at}/regulation"),
            "household, immigration or tax",
        );
        let agency = data.agencies.iter().any(|a| a.id == link.agency);
        faults.unless(agency, format!("{at}/agency"), "none of `agencies`");
        let own = posts.get(&link.manager_post) == Some(&link.manager);
        faults.unless(own, format!("{at}/manager_post"), "not a post of the manager");
    }
}

fn guards(faults: &mut Faults, data: &MasterData, day: NaiveDate) {
    faults.unless(data.custodians.len() != 1, "/custodians", "none, or at least two");
    for (i, id) in data.custodians.iter().enumerate() {
        let fits =
            data.people.iter().any(|p| p.id == *id && !p.cards.is_empty() && !holds_administrator(p, day));
        faults.unless(
            fits,
            format!("/custodians/{i}"),
            "somebody of `people` with a card who is no administrator",
        );
    }
    for (i, item) in data.configuration.iter().enumerate() {
        if let Some((pointer, fault)) = item.fault() {
            faults.add(format!("/configuration/{i}{pointer}"), fault);
        }
    }
    let items = data.configuration.iter().enumerate();
    faults.once(items.map(|(i, item)| (format!("/configuration/{i}"), item.id())));
}
