//! `get_audit_plan`: Shows a quarterly audit.

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, reading};
use kernel::ids::PlanId;

use crate::domain::plan::AuditPlan;

/// Shows a quarterly audit.
#[utoipa::path(get, path = "/v1/audit-plans/{id}", params(("id" = PlanId, Path)), responses((status = 200, body = AuditPlan)))]
#[get("/v1/audit-plans/{id}")]
pub async fn get_audit_plan(caller: Caller, id: web::Path<PlanId>) -> Result<Answer<AuditPlan>> {
    reading::one::<AuditPlan>(&caller, *id, "audit plan", |_| None).await
}
