//! `write_investigation_record`: Writes the audit record, or writes it anew: endorsements of another text fall.

use actix_web::{post, web};
use audit_sampling_types::InvestigationRecord;
use chassis::{Answer, Command, Result};
use uuid::Uuid;

use crate::domain::investigation::{Investigation, Party};
use crate::edge;

/// Writes the audit record, or writes it anew: endorsements of another text fall.
#[utoipa::path(post, path = "/v1/investigations/{id}/record", params(("id" = Uuid, Path)), request_body = InvestigationRecord,
    responses((status = 200, body = Investigation)))]
#[post("/v1/investigations/{id}/record")]
pub async fn write_investigation_record(
    command: Command<InvestigationRecord>,
    id: web::Path<Uuid>,
) -> Result<Answer<Investigation>> {
    let person = command.person()?;
    for (pointer, text) in [
        ("/cause", &command.body.cause),
        ("/effect", &command.body.effect),
        ("/containment", &command.body.containment),
        ("/reasons", &command.body.reasons),
    ] {
        edge::text(pointer, text, 4000)?;
    }
    let party = Party::of(&command.principal.roles);
    command
        .run(async |tx| {
            let mut it = tx.load::<Investigation>(*id).await?;
            command.expect_version(it.version)?;
            it.doc.write_record(command.body.clone(), person, party)?;
            let version = tx.update(&it).await?;
            Ok(Answer::ok(it.doc.clone()).version(version))
        })
        .await
}
