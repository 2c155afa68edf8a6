//! `order_correction`: Orders immediate correction: from here on the finding is a violation, and a report is due.

use actix_web::{post, web};
use audit_sampling_types::OrderCorrection;
use chassis::endorsements::Matter;
use chassis::{Answer, Command, Result};
use kernel::days;
use kernel::ids::FindingId;
use rule_pack::DeadlineKind;
use serde_json::json;

use crate::domain::finding::{CorrectionOrder, Finding};
use crate::duties::{self, About};
use crate::{acts, edge};

/// Orders immediate correction: from here on the finding is a violation, and a report is due.
#[utoipa::path(post, path = "/v1/findings/{id}/correction-order", params(("id" = FindingId, Path)), request_body = OrderCorrection,
    responses((status = 200, body = Finding)))]
#[post("/v1/findings/{id}/correction-order")]
pub async fn order_correction(
    command: Command<OrderCorrection>,
    id: web::Path<FindingId>,
) -> Result<Answer<Finding>> {
    let body = &command.body;
    edge::text("/order", &body.order, 2000)?;
    command
        .run(async |tx| {
            let mut finding = tx.load::<Finding>(*id).await?;
            command.expect_version(finding.version)?;
            let today = days::taipei_date(tx.now());
            let context = tx.context();
            let pack = edge::pack_of(&context, &finding.rule_pack)?;
            // I has no time of its own for the report: the household pack's serves where the pack lacks one.
            let household = edge::pack(&context, "household", today)?;
            let deadline = pack
                .deadline(DeadlineKind::CorrectionReport)
                .or_else(|| household.deadline(DeadlineKind::CorrectionReport));
            let report_by = deadline.map_or(today, |d| d.due(today, context.calendar()));
            let content = json!({"order": body.order, "suspend": body.suspend});
            let act = ("order_correction", id.0, "H8.5");
            let (agency, regulation) = (Some(finding.agency_id), Some(finding.regulation.as_str()));
            let matter = Matter { agency, regulation, records: &[id.0] };
            let ordered = edge::signed(tx, &command, &body.endorsement, act, (&content, matter)).await?;
            let known = finding.violation;
            finding.doc.order_correction(
                CorrectionOrder { order: body.order.clone(), report_by, ordered },
                body.suspend,
            )?;
            if body.suspend {
                acts::announce(tx, &finding, true).await?;
            }
            let subject = format!("{id}/{}", finding.reports.len());
            let about =
                About { subject: &subject, agency: Some(finding.agency_id), url: acts::finding_url(*id) };
            duties::open_event(tx, &pack, "violation_found", &about, report_by).await?;
            if !known {
                acts::violation_found(tx, &pack, &finding).await?;
            }
            let version = tx.update(&finding).await?;
            Ok(Answer::ok(finding.doc.clone()).version(version))
        })
        .await
}
