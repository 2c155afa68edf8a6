//! `withdraw_draw_numbers`: Takes unconfirmed numbers back: mistyped ones would block the audit.

use actix_web::{post, web};
use audit_sampling_types::NoData;
use chassis::{Answer, Command, Result};
use kernel::ids::PlanId;

use crate::domain::plan::AuditPlan;

/// Takes unconfirmed numbers back: mistyped ones would block the audit.
#[utoipa::path(post, path = "/v1/audit-plans/{id}/draw-numbers/withdrawal", params(("id" = PlanId, Path)), request_body = NoData,
    responses((status = 200, body = AuditPlan)))]
#[post("/v1/audit-plans/{id}/draw-numbers/withdrawal")]
pub async fn withdraw_draw_numbers(
    command: Command<NoData>,
    id: web::Path<PlanId>,
) -> Result<Answer<AuditPlan>> {
    command.person()?;
    command
        .run(async |tx| {
            let mut plan = tx.load::<AuditPlan>(*id).await?;
            command.expect_version(plan.version)?;
            plan.doc.withdraw_numbers()?;
            let version = tx.update(&plan).await?;
            Ok(Answer::ok(plan.doc.clone()).version(version))
        })
        .await
}
