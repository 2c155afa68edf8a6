//! `get_package`: Shows a package with its manifest.

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, reading};
use uuid::Uuid;

use crate::domain::package::AuditPackage;

/// Shows a package with its manifest.
#[utoipa::path(get, path = "/v1/audit-packages/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = AuditPackage)))]
#[get("/v1/audit-packages/{id}")]
pub async fn get_package(caller: Caller, id: web::Path<Uuid>) -> Result<Answer<AuditPackage>> {
    reading::one::<AuditPackage>(&caller, *id, "package", |_| None).await
}
