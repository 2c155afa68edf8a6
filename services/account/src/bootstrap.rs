//! The first start: master data of what stands before the suite does, loaded once, answered for by two administrators.

use std::collections::BTreeMap;

use account_types::events::{AccountStatus, GovernanceRecorded};
use account_types::{AccountRecord, MasterData, PersonRecord, Summary};
use chassis::document::{self, Filter};
use chassis::{Context, Problem, Result, Tx};
use kernel::NationalId;
use kernel::ids::{PersonId, PostId};
use kernel::{canonical, days};
use uuid::Uuid;

use crate::domain::account::Account;
use crate::domain::agency::{Agency, System, is_network, is_origin};
use crate::domain::link::{DataLink, LinkManager, LinkStatus};
use crate::domain::person::{Card, CardStatus, Person, Post, check_roles};
use crate::problems;
use crate::state::AccountState;

/// Loads `data` into an empty database, in one transaction: agencies, systems, people with posts and cards, accounts
/// granted before, data links; each with its event. A second load is refused, as is a load whose two administrators
/// are one person or lack the role. The act goes to the governance log (invariant 11).
pub async fn load(context: &Context, data: MasterData) -> Result<Summary> {
    check(&data)?;
    context.transaction(async |tx| load_in(tx, &data).await).await
}

fn check(data: &MasterData) -> Result<()> {
    let [first, second] = data.administrators;
    let administers = |id: PersonId| {
        data.people
            .iter()
            .any(|p| p.id == id && p.posts.iter().any(|post| post.roles.contains("administrator")))
    };
    if first == second || !administers(first) || !administers(second) {
        let detail = "Name two different people who hold the role `administrator`.";
        return Err(Problem::invalid("/administrators", detail).clause("invariant-11").into());
    }
    for (i, agency) in data.agencies.iter().enumerate() {
        if let Some(n) = agency.networks.iter().position(|n| !is_network(n)) {
            return Err(Problem::invalid(
                format!("/agencies/{i}/networks/{n}"),
                "not a network in CIDR notation",
            )
            .into());
        }
    }
    for (i, system) in data.systems.iter().enumerate() {
        if let Some(n) = system.origins.iter().position(|origin| !is_origin(origin)) {
            let pointer = format!("/systems/{i}/origins/{n}");
            return Err(Problem::invalid(pointer, "not an origin as https://host").into());
        }
    }
    for (i, person) in data.people.iter().enumerate() {
        for post in &person.posts {
            let unit = data
                .agencies
                .iter()
                .any(|a| a.id == post.agency && a.units.iter().any(|u| u.id == post.unit));
            if !unit || check_roles(&post.roles).is_err() {
                return Err(
                    Problem::invalid(format!("/people/{i}/posts"), "unknown agency, unit or role").into()
                );
            }
        }
    }
    Ok(())
}

async fn load_in(tx: &mut Tx, data: &MasterData) -> Result<Summary> {
    if document::count::<Agency>(tx.conn(), Filter::all()).await? > 0 {
        let detail = "Master data are loaded once; later changes are governed changes.";
        return Err(Problem::new(&problems::LOADED_BEFORE, detail).into());
    }
    for record in &data.agencies {
        let agency = Agency {
            id: record.id,
            name: record.name.clone(),
            kind: record.kind,
            parent: record.parent,
            units: record.units.clone(),
            networks: record.networks.clone(),
            certificates: record.certificates.clone(),
            revision: 1,
        };
        tx.insert(&agency).await?;
        tx.emit(&agency.event()).await?;
    }
    for record in &data.systems {
        let system = System {
            id: record.id,
            code: record.code.clone(),
            name: record.name.clone(),
            agency: record.agency,
            thumbprint: record.thumbprint.clone(),
            attests_place: record.attests_place,
            origins: record.origins.clone(),
            active: true,
            revision: 1,
        };
        tx.insert(&system).await?;
        tx.emit(&system.event()).await?;
    }
    let mut posts: BTreeMap<PostId, (PersonId, Post)> = BTreeMap::new();
    for (i, record) in data.people.iter().enumerate() {
        let person = person(tx, record, i)?;
        tx.insert(&person).await?;
        tx.emit(&person.event()).await?;
        posts.extend(person.posts.iter().map(|p| (p.id, (person.id, p.clone()))));
    }
    for (i, record) in data.accounts.iter().enumerate() {
        let account = account(record, &posts, i)?;
        tx.insert(&account).await?;
        tx.emit(&account.event("opened", "H5.1.2")).await?;
    }
    load_links(tx, data).await?;
    summary(tx, data).await
}

async fn load_links(tx: &mut Tx, data: &MasterData) -> Result<()> {
    let from = days::taipei_date(tx.now());
    for record in &data.links {
        let link = DataLink {
            id: record.id,
            regulation: record.regulation.clone(),
            name: record.name.clone(),
            system_id: None,
            agency_id: record.agency,
            status: LinkStatus::Active,
            managers: vec![LinkManager { person: record.manager, post: record.manager_post, from }],
            letters: vec![],
            reviews: vec![],
        };
        tx.insert(&link).await?;
    }
    Ok(())
}

fn person(tx: &Tx, record: &PersonRecord, index: usize) -> Result<Person> {
    let context = tx.context();
    let state = context.state::<AccountState>();
    let parse = |text: &str| {
        NationalId::parse(text, context.settings().sample_ids)
            .map_err(|e| Problem::invalid(format!("/people/{index}/national_id"), e.to_string()))
    };
    let national_id = parse(record.national_id.expose())?;
    let mut declared_subjects = std::collections::BTreeSet::from([state.subjects.hash(national_id.expose())]);
    for relative in &record.declared_relatives {
        declared_subjects.insert(state.subjects.hash(parse(relative.expose())?.expose()));
    }
    let posts: Vec<Post> = record
        .posts
        .iter()
        .map(|p| Post {
            id: p.id,
            agency: p.agency,
            unit: p.unit,
            title: p.title.clone(),
            roles: p.roles.clone(),
            from: p.from,
            until: p.until,
            deputy_for: None,
        })
        .collect();
    let card = |binding: &account_types::CardBinding| Card {
        binding: binding.clone(),
        status: CardStatus::Active,
        bound_at: tx.now(),
    };
    Ok(Person {
        id: record.id,
        staff_number: record.staff_number.clone(),
        name: state.people.seal(record.name.expose())?,
        national_id: state.people.seal(national_id.expose())?,
        last_four: state.people.seal(national_id.last_four())?,
        in_service: true,
        agency_id: posts.first().map(|p| p.agency),
        posts,
        cards: record.cards.iter().map(card).collect(),
        declared_subjects,
        revision: 1,
    })
}

fn account(
    record: &AccountRecord,
    posts: &BTreeMap<PostId, (PersonId, Post)>,
    index: usize,
) -> Result<Account> {
    let (_, post) = posts
        .get(&record.post)
        .filter(|(person, _)| *person == record.person)
        .ok_or_else(|| Problem::invalid(format!("/accounts/{index}/post"), "not a post of this person"))?;
    Ok(Account {
        id: record.id,
        number: record.number.clone(),
        regulation: record.regulation.clone(),
        person_id: record.person,
        post_id: record.post,
        agency_id: post.agency,
        unit_id: post.unit,
        status: AccountStatus::Active,
        items: record.items.clone(),
        valid_from: record.valid_from,
        valid_until: record.valid_until,
        opened_by: record.opened_by,
        applications: vec![],
        granted_by: record.granted_by.clone(),
        suspensions: vec![],
        stopped: None,
        revision: 1,
    })
}

async fn summary(tx: &mut Tx, data: &MasterData) -> Result<Summary> {
    let act: Uuid = tx.new_id();
    let summary = Summary {
        act,
        agencies: data.agencies.len(),
        systems: data.systems.len(),
        people: data.people.len(),
        accounts: data.accounts.len(),
        links: data.links.len(),
    };
    let ids: Vec<PersonId> = data.people.iter().map(|p| p.id).collect();
    let digest = canonical::sha256_hex(&canonical::bytes(&(&summary, data.administrators, ids))?);
    let clause = "invariant-11".to_owned();
    tx.emit(&GovernanceRecorded { act, kind: "bootstrap".to_owned(), digest, clause }).await?;
    Ok(summary)
}
