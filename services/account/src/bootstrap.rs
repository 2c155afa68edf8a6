//! The first start: master data of what stands before the suite does, loaded once, answered for by two administrators.

use std::collections::BTreeMap;

use account_types::events::{AccountStatus, GovernanceRecorded};
use account_types::{AccountRecord, BootstrapContent, MasterData, PersonRecord, Summary};
use chassis::document::{self, Filter};
use chassis::endorsements::{self, Matter};
use chassis::{Context, Problem, Result, Tx};
use identity::{CertificateIdentity, Endorsement, Usage};
use kernel::NationalId;
use kernel::ids::{PersonId, PostId};
use kernel::{canonical, days};

use crate::domain::account::Account;
use crate::domain::agency::{Agency, System};
use crate::domain::first_start::{FirstStart, faults};
use crate::domain::link::{DataLink, LinkManager, LinkStatus};
use crate::domain::person::{Card, CardStatus, Person, Post, is_bound};
use crate::state::AccountState;
use crate::{edge, emergencies, governing, problems};

/// The clause under which it is recorded.
const CLAUSE: &str = "invariant-11";

mod file;

pub use file::parse;

/// Loads `data` into an empty database, in one transaction: agencies, systems, people with posts and cards, accounts
/// granted before, data links, custodians, approved configuration; each with its event. Both administrators that the
/// data name answer for it with their cards' signatures over [`BootstrapContent`]. Once: whoever comes second is
/// refused, whatever he brings. The act goes to the governance log (invariant 11).
pub async fn load(context: &Context, data: &MasterData, endorsements: &[Endorsement; 2]) -> Result<Summary> {
    let faults = faults(data, days::taipei_date(context.now()), context.settings().sample_ids);
    if !faults.is_empty() {
        let mut problem = Problem::new(&chassis::problem::MALFORMED, "Nothing was loaded: mend the file.");
        problem.errors = faults;
        return Err(problem.clause(CLAUSE).into());
    }
    let digest = data.digest()?;
    let signers = signers(context, data, &digest, endorsements).await?;
    context.transaction(async |tx| load_in(tx, data, &digest, &signers, endorsements).await).await
}

/// An administrator whose card signed.
struct Signer {
    person: PersonId,
    card: CertificateIdentity,
}

/// The administrators whose cards signed, in the order of the signatures: both, each with a card that the data bind to
/// him.
async fn signers(
    context: &Context,
    data: &MasterData,
    digest: &str,
    endorsements: &[Endorsement; 2],
) -> Result<[Signer; 2]> {
    let content = BootstrapContent::new(digest);
    let signer = async |i: usize, endorsement: &Endorsement| -> Result<Signer> {
        let pointer = format!("/endorsements/{i}");
        let card = endorsements::verify(context, endorsement, &content, Usage::CitizenSignature).await;
        let card = card.map_err(|error| {
            let detail = "The card signs this very file: compare the digest and sign again.";
            Problem::new(&problems::ENDORSEMENT_INVALID, detail).clause(CLAUSE).field(&pointer, error.code())
        })?;
        let holder = data.people.iter().find(|p| p.cards.iter().any(|binding| is_bound(binding, &card)));
        let holder = holder.map(|p| p.id).filter(|id| data.administrators.contains(id));
        holder.map(|person| Signer { person, card }).ok_or_else(|| {
            let detail = "Both administrators sign, each with the card that the file binds to him.";
            let problem = Problem::new(&problems::FOREIGN_CARD, detail).clause(CLAUSE);
            problem.field(&pointer, "not a card of an administrator of the file").into()
        })
    };
    let [first, second] = endorsements;
    let both = [signer(0, first).await?, signer(1, second).await?];
    if both[0].person == both[1].person {
        let detail = "A second administrator signs, never the same one twice.";
        let problem = Problem::new(&problems::OWN_MATTER, detail).clause(CLAUSE);
        return Err(problem.field("/endorsements/1", "signed by the same person as the first").into());
    }
    Ok(both)
}

async fn load_in(
    tx: &mut Tx,
    data: &MasterData,
    digest: &str,
    signers: &[Signer; 2],
    endorsements: &[Endorsement; 2],
) -> Result<Summary> {
    let there = document::count::<FirstStart>(tx.conn(), Filter::all()).await?
        + document::count::<Agency>(tx.conn(), Filter::all()).await?
        + document::count::<Person>(tx.conn(), Filter::all()).await?;
    if there > 0 {
        let detail = "Master data are loaded once; later changes are governed changes.";
        return Err(Problem::new(&problems::LOADED_BEFORE, detail).into());
    }
    let first_start = FirstStart {
        act: tx.new_id(),
        at: tx.now(),
        digest: digest.to_owned(),
        administrators: signers.each_ref().map(|signer| signer.person),
        endorsements: endorsements.clone(),
    };
    // First of all: of two at the same moment one waits here, and then finds the other's.
    tx.insert(&first_start).await?;
    for record in &data.agencies {
        let agency = Agency {
            id: record.id,
            name: record.name.clone(),
            kind: record.kind,
            parent: record.parent,
            units: record.units.clone(),
            networks: record.networks.clone(),
            certificates: record.certificates.clone(),
            provides: record.provides.clone(),
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
    if !data.custodians.is_empty() {
        emergencies::name_custodians(tx, &data.custodians).await?;
    }
    for item in &data.configuration {
        governing::configure(tx, item, true).await?;
    }
    let content = BootstrapContent::new(digest);
    for (endorsement, signer) in endorsements.iter().zip(signers) {
        edge::keep(
            tx,
            endorsement,
            (&content, &signer.card, Usage::CitizenSignature),
            (CLAUSE, Matter::default()),
        )
        .await?;
    }
    let record = canonical::sha256_hex(&canonical::bytes(&first_start)?);
    tx.emit(&GovernanceRecorded {
        act: first_start.act,
        kind: "bootstrap".to_owned(),
        digest: record,
        clause: CLAUSE.to_owned(),
    })
    .await?;
    Ok(Summary {
        act: first_start.act,
        agencies: data.agencies.len(),
        systems: data.systems.len(),
        people: data.people.len(),
        accounts: data.accounts.len(),
        links: data.links.len(),
        digest: digest.to_owned(),
    })
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
