//! `get_internal_audit`: Shows an internal audit.

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, reading};
use uuid::Uuid;

use crate::domain::internal_audit::InternalAudit;

/// Shows an internal audit.
#[utoipa::path(get, path = "/v1/internal-audits/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = InternalAudit)))]
#[get("/v1/internal-audits/{id}")]
pub async fn get_internal_audit(caller: Caller, id: web::Path<Uuid>) -> Result<Answer<InternalAudit>> {
    reading::one::<InternalAudit>(&caller, *id, "internal audit", |a| Some(a.agency_id)).await
}
