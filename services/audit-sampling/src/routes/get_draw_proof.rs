//! `get_draw_proof`: Exports everything needed to repeat the draw offline (`domain::draw::verify_draw`).

use actix_web::{get, web};
use audit_sampling_types::DrawProof;
use chassis::document;
use chassis::{Answer, Caller, Result};
use kernel::ids::PlanId;

use crate::domain::plan::AuditPlan;
use crate::sampling;

/// Exports everything needed to repeat the draw offline.
#[utoipa::path(get, path = "/v1/audit-plans/{id}/draw-proof", params(("id" = PlanId, Path)),
    responses((status = 200, body = DrawProof), (status = 409)))]
#[get("/v1/audit-plans/{id}/draw-proof")]
pub async fn get_draw_proof(caller: Caller, id: web::Path<PlanId>) -> Result<Answer<DrawProof>> {
    let mut conn = caller.context.connection().await?;
    let plan = document::find::<AuditPlan>(&mut conn, id.0, false)
        .await?
        .ok_or_else(|| document::missing("audit plan"))?;
    caller.within_regulation(&plan.regulation)?;
    Ok(Answer::ok(sampling::proof(&mut conn, &plan.doc).await?))
}
