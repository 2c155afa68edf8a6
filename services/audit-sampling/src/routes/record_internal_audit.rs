//! `record_internal_audit`: Records the answers, signed by the auditor (signed body: annex, agency, period_start, audited_on, answers).

use actix_web::{post, web};
use audit_sampling_types::RecordInternalAudit;
use chassis::{Answer, Command, Result};
use serde_json::json;
use uuid::Uuid;

use crate::domain::internal_audit::InternalAudit;
use crate::edge;

/// Records the answers, signed by the auditor (signed body: annex, agency, period_start, audited_on, answers).
#[utoipa::path(post, path = "/v1/internal-audits/{id}/answers", params(("id" = Uuid, Path)), request_body = RecordInternalAudit,
    responses((status = 200, body = InternalAudit)))]
#[post("/v1/internal-audits/{id}/answers")]
pub async fn record_internal_audit(
    command: Command<RecordInternalAudit>,
    id: web::Path<Uuid>,
) -> Result<Answer<InternalAudit>> {
    let agency = command.agency()?;
    let body = &command.body;
    command
        .run(async |tx| {
            let mut audit = tx.load::<InternalAudit>(*id).await?;
            command.within(audit.agency_id)?;
            command.expect_version(audit.version)?;
            let pack = edge::pack_of(&tx.context(), &audit.rule_pack)?;
            let form = pack.form(&audit.form).ok_or_else(|| edge::no_rule("this form"))?;
            let content = json!({
                "annex": audit.annex, "agency": audit.agency_id, "period_start": audit.period_start,
                "audited_on": body.audited_on, "answers": body.answers,
            });
            let act = ("record_internal_audit", *id, "I4.1.1");
            let by = edge::signed(tx, &command, &body.endorsement, act, (&content, audit.matter())).await?;
            audit.doc.record(form, body.audited_on, body.answers.clone(), by, agency)?;
            let version = tx.update(&audit).await?;
            Ok(Answer::ok(audit.doc.clone()).version(version))
        })
        .await
}
