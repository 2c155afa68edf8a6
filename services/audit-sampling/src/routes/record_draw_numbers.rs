//! `record_draw_numbers`: Takes the published randomness from the first person.

use actix_web::{post, web};
use audit_sampling_types::DrawNumbers;
use chassis::{Answer, Command, Result};
use kernel::ids::PlanId;

use crate::domain::plan::AuditPlan;

/// Takes the published randomness from the first person.
#[utoipa::path(post, path = "/v1/audit-plans/{id}/draw-numbers", params(("id" = PlanId, Path)), request_body = DrawNumbers,
    responses((status = 200, body = AuditPlan)))]
#[post("/v1/audit-plans/{id}/draw-numbers")]
pub async fn record_draw_numbers(
    command: Command<DrawNumbers>,
    id: web::Path<PlanId>,
) -> Result<Answer<AuditPlan>> {
    let person = command.person()?;
    command
        .run(async |tx| {
            let mut plan = tx.load::<AuditPlan>(*id).await?;
            command.expect_version(plan.version)?;
            let now = tx.now();
            plan.doc.record_numbers(&command.body.text, person, now)?;
            let version = tx.update(&plan).await?;
            Ok(Answer::ok(plan.doc.clone()).version(version))
        })
        .await
}
