//! `propose_governed_change`

use account_types::{ActContent, ProposeGovernedChange};
use actix_web::post;
use chassis::{Answer, Command, Result};
use uuid::Uuid;

use crate::domain::governed::GovernedChange;
use crate::{acts, edge, governing};

/// Proposes a change of what guards the guards: roles, cards, networks, systems, custodians, roots, keys, endpoints, rule
/// packs. A second administrator approves it (invariant 11).
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
            governing::check(tx, &body.change).await?;
            let content = ActContent::new("propose_governed_change", Uuid::nil(), actor.post, &body.change);
            edge::endorsed(tx, &actor, &body.endorsement, &content, ("invariant-11", actor.matter())).await?;
            let hand = governing::hand(tx, &actor, &body.change, &body.endorsement).await?;
            let days = tx.context().settings().governance.proposal_days;
            let (id, act, reason) = (tx.new_id(), body.change.clone(), body.reason.clone());
            let change = GovernedChange::propose(id, act, reason, hand, days)?;
            let version = tx.insert(&change).await?;
            let digest = kernel::canonical::sha256_hex(&kernel::canonical::bytes(&change)?);
            acts::record_governance(tx, "change-proposed", &digest, "invariant-11").await?;
            Ok(Answer::created(change).version(version))
        })
        .await
}
