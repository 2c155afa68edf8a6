//! `end_deputy`

use account_types::EndDeputy;
use actix_web::{post, web};
use chassis::{Answer, Command, Problem, Result};
use kernel::days;
use kernel::ids::PostId;
use uuid::Uuid;

use crate::domain::person::Person;
use crate::domain::records::Deputy;
use crate::{acts, edge, problems};

/// Ends a deputyship before its last day.
#[utoipa::path(post, path = "/v1/deputies/{id}/end", params(("id" = Uuid, Path)),
    request_body = EndDeputy, responses((status = 200, body = Deputy)))]
#[post("/v1/deputies/{id}/end")]
pub async fn end_deputy(command: Command<EndDeputy>, id: web::Path<Uuid>) -> Result<Answer<Deputy>> {
    edge::text("/reason", &command.body.reason, 500)?;
    command
        .run(async |tx| {
            let actor = edge::actor(tx, &command).await?;
            let mut deputy = tx.load::<Deputy>(*id).await?;
            command.within(deputy.agency_id)?;
            command.expect_version(deputy.version)?;
            if deputy.ended.is_some() {
                return Err(Problem::new(&chassis::problem::CONFLICT, "It ended before.").into());
            }
            if actor.agency != deputy.agency_id {
                return Err(
                    Problem::new(&problems::NOT_THE_ACTOR, "Somebody of the same agency ends it.").into()
                );
            }
            let now = tx.now();
            let yesterday = days::taipei_date(now).pred_opt().unwrap_or_default();
            let mut person = tx.load::<Person>(deputy.terms.deputy).await?;
            person.end_posts(yesterday, Some(PostId(*id)));
            acts::narrow_person(tx, &mut person).await?;
            deputy.ended = Some((now, command.body.reason.clone()));
            let version = tx.update(&deputy).await?;
            let digest = kernel::canonical::sha256_hex(&kernel::canonical::bytes(&deputy.doc)?);
            acts::record_governance(tx, "deputy-end", &digest, "H5.2.1").await?;
            Ok(Answer::ok(deputy.doc).version(version))
        })
        .await
}
