//! `accept_correction_report`: Accepts a report, which closes the finding, or sends it back.

use actix_web::{post, web};
use audit_sampling_types::AcceptCorrectionReport;
use chassis::{Answer, Command, Result};
use kernel::days;
use kernel::ids::FindingId;
use rule_pack::DeadlineKind;

use crate::domain::finding::Finding;
use crate::duties::{self, About};
use crate::{acts, edge};

/// Accepts a report, which closes the finding, or sends it back.
#[utoipa::path(post, path = "/v1/findings/{id}/correction-acceptance", params(("id" = FindingId, Path)), request_body = AcceptCorrectionReport,
    responses((status = 200, body = Finding)))]
#[post("/v1/findings/{id}/correction-acceptance")]
pub async fn accept_correction_report(
    command: Command<AcceptCorrectionReport>,
    id: web::Path<FindingId>,
) -> Result<Answer<Finding>> {
    let person = command.person()?;
    let body = &command.body;
    if !body.accepted {
        edge::text("/remark", body.remark.as_deref().unwrap_or_default(), 2000)?;
    }
    command
        .run(async |tx| {
            let mut finding = tx.load::<Finding>(*id).await?;
            command.expect_version(finding.version)?;
            let (today, context) = (days::taipei_date(tx.now()), tx.context());
            finding.doc.decide_report(body.accepted, body.remark.clone(), person, today)?;
            let pack = edge::pack_of(&context, &finding.rule_pack)?;
            if body.accepted {
                acts::finding_closed(tx, &pack, &finding, body.resume).await?;
            } else {
                let subject = format!("{id}/{}", finding.reports.len());
                let url = acts::finding_url(*id);
                let about = About { subject: &subject, agency: Some(finding.agency_id), url };
                let deadline = pack.deadline(DeadlineKind::CorrectionReport);
                let due = deadline.map_or(today, |d| d.due(today, context.calendar()));
                duties::open_event(tx, &pack, "violation_found", &about, due).await?;
            }
            let version = tx.update(&finding).await?;
            Ok(Answer::ok(finding.doc.clone()).version(version))
        })
        .await
}
