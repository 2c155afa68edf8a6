//! `close_audit_plan`: Closes an audit with its endorsed record (signed body: the answer of `get_audit_record`).

use actix_web::{post, web};
use audit_sampling_types::Endorse;
use chassis::endorsements::Matter;
use chassis::{Answer, Command, Result};
use kernel::ids::PlanId;
use rule_pack::RhythmKind;

use crate::domain::plan::AuditPlan;
use crate::{acts, duties, edge, sampling};

/// Closes an audit with its endorsed record (signed body: the answer of `get_audit_record`).
#[utoipa::path(post, path = "/v1/audit-plans/{id}/closing", params(("id" = PlanId, Path)), request_body = Endorse,
    responses((status = 200, body = AuditPlan)))]
#[post("/v1/audit-plans/{id}/closing")]
pub async fn close_audit_plan(command: Command<Endorse>, id: web::Path<PlanId>) -> Result<Answer<AuditPlan>> {
    let person = command.person()?;
    command
        .run(async |tx| {
            let mut plan = tx.load::<AuditPlan>(*id).await?;
            command.expect_version(plan.version)?;
            for sheet in sampling::worksheets(tx.conn(), &plan).await? {
                sheet.may_judge(person)?;
            }
            let record = sampling::audit_record(tx.conn(), &plan).await?;
            let act = ("close_audit_plan", id.0, "H8.3");
            let (agency, regulation) = (command.principal.agency, Some(plan.regulation.as_str()));
            let matter = Matter { agency, regulation, records: &[id.0] };
            let by = edge::signed(tx, &command, &command.body.endorsement, act, (&record, matter)).await?;
            plan.doc.close(record, by)?;
            let evidence = (&plan.doc.audit_record, &plan.doc.closed_by);
            acts::record_governance(tx, id.0, "audit-record", &evidence, "H8.3").await?;
            let pack = edge::pack_of(&tx.context(), &plan.rule_pack)?;
            let subject = acts::period_key(&plan.regulation, plan.period_start, None);
            let url = format!("/v1/audit-plans/{id}");
            let what = ("the audit record was endorsed", url.as_str());
            duties::close_rhythm(tx, &pack, RhythmKind::UsageAudit, &subject, what).await?;
            let version = tx.update(&plan).await?;
            Ok(Answer::ok(plan.doc.clone()).version(version))
        })
        .await
}
