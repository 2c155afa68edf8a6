//! `close_finding`: Closes a finding that proved to be no violation.

use actix_web::{post, web};
use audit_sampling_types::CloseFinding;
use chassis::{Answer, Command, Result};
use kernel::days;
use kernel::ids::FindingId;

use crate::domain::finding::Finding;
use crate::{acts, edge};

/// Closes a finding that proved to be no violation.
#[utoipa::path(post, path = "/v1/findings/{id}/closing", params(("id" = FindingId, Path)), request_body = CloseFinding,
    responses((status = 200, body = Finding)))]
#[post("/v1/findings/{id}/closing")]
pub async fn close_finding(
    command: Command<CloseFinding>,
    id: web::Path<FindingId>,
) -> Result<Answer<Finding>> {
    let person = command.person()?;
    edge::text("/reason", &command.body.reason, 2000)?;
    command
        .run(async |tx| {
            let mut finding = tx.load::<Finding>(*id).await?;
            command.expect_version(finding.version)?;
            finding.doc.close(&command.body.reason, person, days::taipei_date(tx.now()))?;
            let pack = edge::pack_of(&tx.context(), &finding.rule_pack)?;
            acts::finding_closed(tx, &pack, &finding, command.body.resume).await?;
            let version = tx.update(&finding).await?;
            Ok(Answer::ok(finding.doc.clone()).version(version))
        })
        .await
}
