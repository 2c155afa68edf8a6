//! `record_anomaly_course`: Records cause, effect and containment of an anomaly.

use actix_web::{post, web};
use audit_sampling_types::Course;
use chassis::{Answer, Command, Result};
use kernel::ids::FindingId;

use crate::domain::finding::Finding;

/// Records cause, effect and containment of an anomaly.
#[utoipa::path(post, path = "/v1/findings/{id}/course", params(("id" = FindingId, Path)), request_body = Course,
    responses((status = 200, body = Finding)))]
#[post("/v1/findings/{id}/course")]
pub async fn record_anomaly_course(
    command: Command<Course>,
    id: web::Path<FindingId>,
) -> Result<Answer<Finding>> {
    let person = command.person()?;
    command
        .run(async |tx| {
            let mut finding = tx.load::<Finding>(*id).await?;
            command.within(finding.agency_id)?;
            command.expect_version(finding.version)?;
            finding.doc.follow(command.body.clone(), person)?;
            let version = tx.update(&finding).await?;
            Ok(Answer::ok(finding.doc.clone()).version(version))
        })
        .await
}
