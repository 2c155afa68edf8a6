//! `propose_governed_change`

use account_types::{ActContent, GovernedAct, ProposeGovernedChange};
use actix_web::post;
use chassis::{Answer, Command, Problem, Result, Tx};
use uuid::Uuid;

use crate::domain::agency::{Agency, System, is_network, is_origin};
use crate::domain::governed::{GovernedChange, GovernedStatus, Hand};
use crate::domain::person::{Person, check_roles};
use crate::{acts, edge};

/// Proposes a change of roles, cards, networks or systems; a second administrator approves it (invariant 11).
#[utoipa::path(post, path = "/v1/governed-changes", request_body = ProposeGovernedChange, responses((status = 201, body = GovernedChange)))]
#[post("/v1/governed-changes")]
pub async fn propose_governed_change(
    command: Command<ProposeGovernedChange>,
) -> Result<Answer<GovernedChange>> {
    edge::text("/reason", &command.body.reason, 500)?;
    command
        .run(async |tx| {
            let actor = edge::actor(tx, &command).await?;
            let body = &command.body;
            check(tx, &body.change).await?;
            let content = ActContent::new("propose_governed_change", Uuid::nil(), actor.post, &body.change);
            edge::endorsed(tx, &actor, &body.endorsement, &content, "invariant-11").await?;
            let change = GovernedChange {
                id: tx.new_id(),
                change: body.change.clone(),
                reason: body.reason.clone(),
                status: GovernedStatus::Proposed,
                proposed: Hand {
                    person: actor.person,
                    post: actor.post,
                    at: tx.now(),
                    endorsement: body.endorsement.clone(),
                },
                approved: None,
            };
            let version = tx.insert(&change).await?;
            let digest = kernel::canonical::sha256_hex(&kernel::canonical::bytes(&change)?);
            acts::record_governance(tx, "change-proposed", &digest, "invariant-11").await?;
            Ok(Answer::created(change).version(version))
        })
        .await
}

/// What a change names must be there, so that the second hand approves something that can be done.
async fn check(tx: &mut Tx, change: &GovernedAct) -> Result<()> {
    match change {
        GovernedAct::AppointPerson { person, post } => {
            tx.load::<Person>(*person).await?;
            if !tx.load::<Agency>(post.agency).await?.has_unit(post.unit) {
                return Err(Problem::invalid("/change/post/unit", "not a unit of this agency").into());
            }
            check_roles(&post.roles)?;
        }
        GovernedAct::EndPost { person, .. } | GovernedAct::BindCard { person, .. } => {
            tx.load::<Person>(*person).await?;
        }
        GovernedAct::ChangeRoles { person, roles, .. } => {
            tx.load::<Person>(*person).await?;
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
    }
    Ok(())
}

fn check_origins<'a>(origins: impl IntoIterator<Item = &'a String>) -> Result<()> {
    match origins.into_iter().position(|origin| !is_origin(origin)) {
        Some(n) => {
            Err(Problem::invalid(format!("/change/origins/{n}"), "not an origin as https://host").into())
        }
        None => Ok(()),
    }
}
