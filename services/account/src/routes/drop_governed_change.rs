//! `drop_governed_change`

use account_types::Nothing;
use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use uuid::Uuid;

use crate::domain::governed::{Dropping, GovernedChange};
use crate::{acts, edge};

/// Withdraws or turns down a proposed change: either administrator may; nothing takes effect (invariant 11).
#[utoipa::path(post, path = "/v1/governed-changes/{id}/dropping", params(("id" = Uuid, Path)),
    request_body = Nothing, responses((status = 200, body = GovernedChange)))]
#[post("/v1/governed-changes/{id}/dropping")]
pub async fn drop_governed_change(
    command: Command<Nothing>,
    id: web::Path<Uuid>,
) -> Result<Answer<GovernedChange>> {
    command
        .run(async |tx| {
            let actor = edge::actor(tx, &command).await?;
            let mut change = tx.load::<GovernedChange>(*id).await?;
            command.expect_version(change.version)?;
            change.turn_down(Dropping { person: actor.person, post: actor.post, at: tx.now() })?;
            let version = tx.update(&change).await?;
            let digest = kernel::canonical::sha256_hex(&kernel::canonical::bytes(&change.doc)?);
            acts::record_governance(tx, "change-dropped", &digest, "invariant-11").await?;
            Ok(Answer::ok(change.doc).version(version))
        })
        .await
}
