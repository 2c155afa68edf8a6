//! `approve_governed_change`

use account_types::{ActContent, ApproveGovernedChange, CardBinding, GovernedAct};
use actix_web::{post, web};
use chassis::{Answer, Command, Problem, Result, Tx};
use kernel::ids::{PersonId, PostId};
use uuid::Uuid;

use crate::domain::agency::{Agency, System};
use crate::domain::governed::{GovernedChange, Hand, log_kind};
use crate::domain::person::{Card, CardStatus, Person, PersonError};
use crate::{acts, edge, problems, store};

/// Approves a proposed change as the second administrator and puts it into effect.
#[utoipa::path(post, path = "/v1/governed-changes/{id}/approval", params(("id" = Uuid, Path)),
    request_body = ApproveGovernedChange, responses((status = 200, body = GovernedChange)))]
#[post("/v1/governed-changes/{id}/approval")]
pub async fn approve_governed_change(
    command: Command<ApproveGovernedChange>,
    id: web::Path<Uuid>,
) -> Result<Answer<GovernedChange>> {
    command
        .run(async |tx| {
            let actor = edge::actor(tx, &command).await?;
            let mut change = tx.load::<GovernedChange>(*id).await?;
            command.expect_version(change.version)?;
            let endorsement = command.body.endorsement.clone();
            let hand = Hand { person: actor.person, post: actor.post, at: tx.now(), endorsement };
            change.approve(hand)?;
            let content = ActContent::new("approve_governed_change", *id, actor.post, &change.change);
            edge::endorsed(tx, &actor, &command.body.endorsement, &content, "invariant-11").await?;
            carry_out(tx, &change.change.clone()).await?;
            let version = tx.update(&change).await?;
            let digest = kernel::canonical::sha256_hex(&kernel::canonical::bytes(&change.doc)?);
            acts::record_governance(tx, log_kind(&change.change), &digest, "invariant-11").await?;
            Ok(Answer::ok(change.doc).version(version))
        })
        .await
}

async fn carry_out(tx: &mut Tx, change: &GovernedAct) -> Result<()> {
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
