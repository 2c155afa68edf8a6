//! `get_package`: Shows a package with its manifest.

use actix_web::{get, web};
use chassis::{Answer, Caller, Result};
use uuid::Uuid;

use crate::domain::package::AuditPackage;
use crate::edge;

/// Shows a package with its manifest.
#[utoipa::path(get, path = "/v1/audit-packages/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = AuditPackage)))]
#[get("/v1/audit-packages/{id}")]
pub async fn get_package(caller: Caller, id: web::Path<Uuid>) -> Result<Answer<AuditPackage>> {
    edge::one::<AuditPackage>(&caller, *id, "package", |_| None).await
}
