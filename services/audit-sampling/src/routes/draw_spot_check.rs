//! `draw_spot_check`: Draws the office of a spot check with fresh randomness; the seed is kept.

use actix_web::{post, web};
use audit_sampling_types::NoData;
use chassis::{Answer, Command, Result};
use uuid::Uuid;

use crate::acts;
use crate::domain::spot_check::SpotCheck;

/// Draws the office of a spot check with fresh randomness; the seed is kept.
#[utoipa::path(post, path = "/v1/spot-checks/{id}/draw", params(("id" = Uuid, Path)), request_body = NoData,
    responses((status = 200, body = SpotCheck)))]
#[post("/v1/spot-checks/{id}/draw")]
pub async fn draw_spot_check(command: Command<NoData>, id: web::Path<Uuid>) -> Result<Answer<SpotCheck>> {
    command.person()?;
    command
        .run(async |tx| {
            let mut check = tx.load::<SpotCheck>(*id).await?;
            command.expect_version(check.version)?;
            let seed = tx.context().random().bytes32();
            check.doc.draw(seed)?;
            acts::record_governance(tx, *id, "sample", &check.doc, "I4.2.1").await?;
            let version = tx.update(&check).await?;
            Ok(Answer::ok(check.doc.clone()).version(version))
        })
        .await
}
