//! `record_worksheet_result`: Records a worksheet; what is wrong on it becomes a finding.

use actix_web::{post, web};
use audit_sampling_types::RecordWorksheetResult;
use chassis::{Answer, Command, Result};
use uuid::Uuid;

use crate::acts::{self, NewFinding};
use crate::domain::plan::AuditPlan;
use crate::domain::worksheet::Worksheet;
use crate::edge;

/// Records a worksheet; what is wrong on it becomes a finding.
#[utoipa::path(post, path = "/v1/audit-worksheets/{id}/result", params(("id" = Uuid, Path)), request_body = RecordWorksheetResult,
    responses((status = 200, body = Worksheet)))]
#[post("/v1/audit-worksheets/{id}/result")]
pub async fn record_worksheet_result(
    command: Command<RecordWorksheetResult>,
    id: web::Path<Uuid>,
) -> Result<Answer<Worksheet>> {
    let person = command.person()?;
    command
        .run(async |tx| {
            let mut sheet = tx.load::<Worksheet>(*id).await?;
            command.expect_version(sheet.version)?;
            let plan = tx.load::<AuditPlan>(sheet.plan_id).await?;
            let auditor = edge::person(tx, person).await?;
            sheet.doc.record(&auditor, &command.body, tx.now())?;
            if sheet.has_finding() {
                let pack = edge::pack_of(&tx.context(), &plan.rule_pack)?;
                let wrong = sheet.wrong();
                let new = NewFinding {
                    kind: "audit_finding",
                    key: format!("audit_finding/{}", sheet.doc.id),
                    regulation: &plan.regulation,
                    clause: "H8.2",
                    agency: sheet.agency_id,
                    account: Some(sheet.account),
                    person: Some(sheet.person),
                    violation: command.body.violation,
                    suspend: false,
                    source: "worksheet",
                    source_id: sheet.doc.id,
                    what: format!("{} of {} drawn records", wrong.len(), sheet.queries.len()),
                    queries: wrong,
                };
                let finding = acts::raise(tx, &pack, new).await?;
                if let Some(result) = sheet.doc.result.as_mut() {
                    result.finding = Some(finding);
                }
            }
            let version = tx.update(&sheet).await?;
            Ok(Answer::ok(sheet.doc.clone()).version(version))
        })
        .await
}
