//! `approve_governed_change`

use account_types::{ActContent, ApproveGovernedChange};
use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use uuid::Uuid;

use crate::domain::governed::{GovernedChange, log_kind};
use crate::{acts, edge, governing};

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
            let hand = governing::hand(tx, &actor, &change.change.clone(), &command.body.endorsement).await?;
            change.approve(hand)?;
            let content = ActContent::new("approve_governed_change", *id, actor.post, &change.change);
            edge::endorsed(tx, &actor, &command.body.endorsement, &content, ("invariant-11", actor.matter()))
                .await?;
            governing::carry_out(tx, &change.change.clone()).await?;
            let version = tx.update(&change).await?;
            let digest = kernel::canonical::sha256_hex(&kernel::canonical::bytes(&change.doc)?);
            acts::record_governance(tx, log_kind(&change.change), &digest, "invariant-11").await?;
            Ok(Answer::ok(change.doc).version(version))
        })
        .await
}
