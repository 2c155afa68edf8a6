//! `submit_correction_report`: Submits the report on a correction.

use actix_web::{post, web};
use audit_sampling_types::SubmitCorrectionReport;
use chassis::{Answer, Command, Result};
use kernel::ids::FindingId;

use crate::domain::finding::Finding;
use crate::{acts, duties, edge};

/// Submits the report on a correction.
#[utoipa::path(post, path = "/v1/findings/{id}/correction-report", params(("id" = FindingId, Path)), request_body = SubmitCorrectionReport,
    responses((status = 200, body = Finding)))]
#[post("/v1/findings/{id}/correction-report")]
pub async fn submit_correction_report(
    command: Command<SubmitCorrectionReport>,
    id: web::Path<FindingId>,
) -> Result<Answer<Finding>> {
    let by = (command.person()?, command.agency()?);
    edge::text("/report", &command.body.report, 4000)?;
    command
        .run(async |tx| {
            let mut finding = tx.load::<Finding>(*id).await?;
            command.within(finding.agency_id)?;
            command.expect_version(finding.version)?;
            let subject = format!("{id}/{}", finding.reports.len());
            finding.doc.report_correction(&command.body.report, by, tx.now())?;
            let pack = edge::pack_of(&tx.context(), &finding.rule_pack)?;
            let what = ("the report was submitted", &*acts::finding_url(*id));
            duties::close_event(tx, &pack, "violation_found", &subject, what).await?;
            let version = tx.update(&finding).await?;
            Ok(Answer::ok(finding.doc.clone()).version(version))
        })
        .await
}
