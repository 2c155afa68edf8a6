//! `get_audit_record`: Shows the audit record that the closing endorsement signs; only when all worksheets are recorded.

use actix_web::{get, web};
use chassis::document;
use chassis::{Answer, Caller, Result};
use kernel::ids::PlanId;

use crate::domain::plan::{AuditPlan, AuditRecord};
use crate::sampling;

/// Shows the audit record that the closing endorsement signs.
#[utoipa::path(get, path = "/v1/audit-plans/{id}/audit-record", params(("id" = PlanId, Path)),
    responses((status = 200, body = AuditRecord), (status = 409)))]
#[get("/v1/audit-plans/{id}/audit-record")]
pub async fn get_audit_record(caller: Caller, id: web::Path<PlanId>) -> Result<Answer<AuditRecord>> {
    let mut conn = caller.context.connection().await?;
    let plan = document::find::<AuditPlan>(&mut conn, id.0, false)
        .await?
        .ok_or_else(|| document::missing("audit plan"))?;
    caller.within_regulation(&plan.regulation)?;
    Ok(Answer::ok(sampling::audit_record(&mut conn, &plan.doc).await?))
}
