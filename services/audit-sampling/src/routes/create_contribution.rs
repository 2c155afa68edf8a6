//! `create_contribution`: Adds what a party found out.

use actix_web::{post, web};
use audit_sampling_types::CreateContribution;
use chassis::{Answer, Command, Result};
use uuid::Uuid;

use crate::domain::investigation::{Investigation, Party};
use crate::edge;

/// Adds what a party found out.
#[utoipa::path(post, path = "/v1/investigations/{id}/contributions", params(("id" = Uuid, Path)), request_body = CreateContribution,
    responses((status = 200, body = Investigation)))]
#[post("/v1/investigations/{id}/contributions")]
pub async fn create_contribution(
    command: Command<CreateContribution>,
    id: web::Path<Uuid>,
) -> Result<Answer<Investigation>> {
    let person = command.person()?;
    edge::text("/text", &command.body.text, 4000)?;
    let party = Party::of(&command.principal.roles);
    command
        .run(async |tx| {
            let mut it = tx.load::<Investigation>(*id).await?;
            command.expect_version(it.version)?;
            let now = tx.now();
            it.doc.contribute(&command.body.text, person, party, now)?;
            let version = tx.update(&it).await?;
            Ok(Answer::ok(it.doc.clone()).version(version))
        })
        .await
}
