//! `endorse_investigation`: Endorses the record for one of the three parties (signed body: the record).

use actix_web::{post, web};
use audit_sampling_types::Endorse;
use chassis::endorsements::Matter;
use chassis::{Answer, Command, Result};
use uuid::Uuid;

use crate::domain::investigation::{Investigation, Party};
use crate::edge;

/// Endorses the record for one of the three parties (signed body: the record).
#[utoipa::path(post, path = "/v1/investigations/{id}/endorsements", params(("id" = Uuid, Path)), request_body = Endorse,
    responses((status = 200, body = Investigation)))]
#[post("/v1/investigations/{id}/endorsements")]
pub async fn endorse_investigation(
    command: Command<Endorse>,
    id: web::Path<Uuid>,
) -> Result<Answer<Investigation>> {
    let party = Party::of(&command.principal.roles);
    command
        .run(async |tx| {
            let mut it = tx.load::<Investigation>(*id).await?;
            command.expect_version(it.version)?;
            let record = it.record.clone();
            let act = ("endorse_investigation", *id, "H8.3");
            let matter = Matter { agency: Some(it.agency_id), regulation: None, records: &[*id] };
            let by = edge::signed(tx, &command, &command.body.endorsement, act, (&record, matter)).await?;
            it.doc.endorse(by, party)?;
            let version = tx.update(&it).await?;
            Ok(Answer::ok(it.doc.clone()).version(version))
        })
        .await
}
