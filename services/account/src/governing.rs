//! Governed changes (invariant 11): what they need to be there, who lays hands on them, what they do.

use account_types::{CardBinding, GovernedAct};
use chassis::configuration::Approval;
use chassis::{Problem, Result, Tx};
use identity::Endorsement;
use kernel::configuration::ConfigurationItem;
use kernel::days;
use kernel::ids::{PersonId, PostId};

use crate::domain::actor::Actor;
use crate::domain::agency::{Agency, System, is_network, is_origin};
use crate::domain::emergency;
use crate::domain::governed::{GovernedError, Hand};
use crate::domain::person::{Card, CardStatus, Person, PersonError, check_roles};
use crate::{acts, emergencies, problems, store};

/// The hand that `actor` lays on `change`. Under a break-glass grant no card goes to somebody who queries or endorses:
/// a card is the right to act as its holder.
pub async fn hand(
    tx: &mut Tx,
    actor: &Actor,
    change: &GovernedAct,
    endorsement: &Endorsement,
) -> Result<Hand> {
    if let (Some(_), GovernedAct::BindCard { person, .. }) = (actor.emergency, change) {
        let holder = tx.load::<Person>(*person).await?;
        if !emergency::may_let_in(&holder, days::taipei_date(tx.now())) {
            return Err(GovernedError::BeyondEmergency.into());
        }
    }
    Ok(Hand {
        person: actor.person,
        post: actor.post,
        at: tx.now(),
        emergency: actor.emergency,
        endorsement: endorsement.clone(),
    })
}

/// What a change names must be there, so that the second hand approves something that can be done.
pub async fn check(tx: &mut Tx, change: &GovernedAct) -> Result<()> {
    match change {
        GovernedAct::AppointPerson { person, post } => {
            tx.load::<Person>(*person).await?;
            if !tx.load::<Agency>(post.agency).await?.has_unit(post.unit) {
                return Err(Problem::invalid("/change/post/unit", "not a unit of this agency").into());
            }
            check_roles(&post.roles)?;
        }
        GovernedAct::EndPost { person, post, .. } => has_post(tx, *person, *post).await?,
        GovernedAct::BindCard { person, .. } => {
            tx.load::<Person>(*person).await?;
        }
        GovernedAct::ChangeRoles { person, post, roles } => {
            has_post(tx, *person, *post).await?;
            check_roles(roles)?;
        }
        GovernedAct::ChangeNetworks { agency, networks } => {
            tx.load::<Agency>(*agency).await?;
            if let Some(n) = networks.iter().position(|n| !is_network(n)) {
                return Err(Problem::invalid(
                    format!("/change/networks/{n}"),
                    "not a network in CIDR notation",
                )
                .into());
            }
        }
        GovernedAct::BindAgencyCertificate { agency, .. } => {
            tx.load::<Agency>(*agency).await?;
        }
        GovernedAct::RegisterSystem { agency, origins, .. } => {
            tx.load::<Agency>(*agency).await?;
            check_origins(origins)?;
        }
        GovernedAct::ChangeSystem { system, origins, .. } => {
            tx.load::<System>(*system).await?;
            check_origins(origins.iter().flatten())?;
        }
        GovernedAct::NameCustodians { custodians } => emergencies::check_custodians(tx, custodians).await?,
        GovernedAct::ApproveConfiguration { item } => check_item(item)?,
        GovernedAct::WithdrawConfiguration { item } => {
            check_item(item)?;
            if !tx.find::<Approval>(item.id()).await?.is_some_and(|a| a.approved) {
                return Err(Problem::invalid("/change/item", "was never approved").into());
            }
        }
    }
    Ok(())
}

fn check_item(item: &ConfigurationItem) -> Result<()> {
    match item.fault() {
        Some((pointer, fault)) => Err(Problem::invalid(format!("/change/item{pointer}"), fault).into()),
        None => Ok(()),
    }
}

fn check_origins<'a>(origins: impl IntoIterator<Item = &'a String>) -> Result<()> {
    match origins.into_iter().position(|origin| !is_origin(origin)) {
        Some(n) => {
            Err(Problem::invalid(format!("/change/origins/{n}"), "not an origin as https://host").into())
        }
        None => Ok(()),
    }
}

async fn has_post(tx: &mut Tx, person: PersonId, post: PostId) -> Result<()> {
    let person = tx.load::<Person>(person).await?;
    if person.posts.iter().any(|p| p.id == post) { Ok(()) } else { Err(PersonError::NoPost.into()) }
}

/// Approves an item, or takes the approval back, and tells every service.
pub async fn configure(tx: &mut Tx, item: &ConfigurationItem, approved: bool) -> Result<()> {
    let revision = tx.find::<Approval>(item.id()).await?.map_or(1, |known| known.revision + 1);
    let approval = Approval { item: item.clone(), approved, revision };
    tx.put(&approval).await?;
    tx.emit(&approval.event()).await
}

/// Puts an approved change into effect.
pub async fn carry_out(tx: &mut Tx, change: &GovernedAct) -> Result<()> {
    match change {
        GovernedAct::AppointPerson { person, post } => {
            let id = tx.new_id();
            with_person(tx, *person, Course::More, |p| p.appoint(id, post)).await
        }
        GovernedAct::EndPost { person, post, until } => {
            with_person(tx, *person, Course::Less, |p| {
                p.end_posts(*until, Some(*post));
                Ok(())
            })
            .await
        }
        GovernedAct::ChangeRoles { person, post, roles } => {
            with_person(tx, *person, Course::Less, |p| set_roles(p, *post, roles)).await
        }
        GovernedAct::BindCard { person, card } => bind_card(tx, *person, card).await,
        GovernedAct::ChangeNetworks { agency, networks } => {
            let mut stored = tx.load::<Agency>(*agency).await?;
            stored.networks.clone_from(networks);
            stored.revision += 1;
            tx.update(&stored).await?;
            tx.emit(&stored.event()).await
        }
        GovernedAct::BindAgencyCertificate { agency, thumbprint } => {
            let mut stored = tx.load::<Agency>(*agency).await?;
            stored.certificates.insert(thumbprint.clone());
            stored.revision += 1;
            tx.update(&stored).await?;
            tx.emit(&stored.event()).await
        }
        GovernedAct::RegisterSystem { code, name, agency, thumbprint, attests_place, origins } => {
            let system = System {
                id: tx.new_id(),
                code: code.clone(),
                name: name.clone(),
                agency: *agency,
                thumbprint: Some(thumbprint.clone()),
                attests_place: *attests_place,
                origins: origins.clone(),
                active: true,
                revision: 1,
            };
            tx.insert(&system).await?;
            tx.emit(&system.event()).await
        }
        GovernedAct::NameCustodians { custodians } => emergencies::name_custodians(tx, custodians).await,
        GovernedAct::ApproveConfiguration { item } => configure(tx, item, true).await,
        GovernedAct::WithdrawConfiguration { item } => configure(tx, item, false).await,
        GovernedAct::ChangeSystem { system, active, thumbprint, origins } => {
            let mut stored = tx.load::<System>(*system).await?;
            stored.active = *active;
            stored.thumbprint = thumbprint.clone().or(stored.thumbprint.take());
            if let Some(origins) = origins {
                stored.origins.clone_from(origins);
            }
            stored.revision += 1;
            tx.update(&stored).await?;
            tx.emit(&stored.event()).await?;
            store::revocations::note_system(tx, &stored.event()).await
        }
    }
}

/// Whether a person may have lost something by a change.
enum Course {
    /// Tokens go on.
    More,
    /// Tokens that were issued before end.
    Less,
}

async fn with_person(
    tx: &mut Tx,
    id: PersonId,
    course: Course,
    change: impl FnOnce(&mut Person) -> Result<(), PersonError>,
) -> Result<()> {
    let mut person = tx.load::<Person>(id).await?;
    change(&mut person.doc)?;
    match course {
        Course::More => acts::save_person(tx, &mut person).await?,
        Course::Less => acts::narrow_person(tx, &mut person).await?,
    };
    Ok(())
}

fn set_roles(
    person: &mut Person,
    post: PostId,
    roles: &std::collections::BTreeSet<String>,
) -> Result<(), PersonError> {
    let post = person.posts.iter_mut().find(|p| p.id == post).ok_or(PersonError::NoPost)?;
    post.roles.clone_from(roles);
    Ok(())
}

/// One certificate belongs to one person.
async fn bind_card(tx: &mut Tx, id: PersonId, binding: &CardBinding) -> Result<()> {
    if store::people::by_thumbprint(tx.conn(), &binding.thumbprint).await?.is_some() {
        return Err(Problem::new(&problems::FOREIGN_CARD, "The certificate is bound already.").into());
    }
    let card = Card { binding: binding.clone(), status: CardStatus::Active, bound_at: tx.now() };
    with_person(tx, id, Course::More, |p| {
        p.cards.push(card);
        Ok(())
    })
    .await
}
