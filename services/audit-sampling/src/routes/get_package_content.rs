//! `get_package_content`: Gives the sealed content of a package, to be checked offline.

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, reading};
use uuid::Uuid;

use crate::domain::package::PackageContent;

/// Gives the sealed content of a package, to be checked offline.
#[utoipa::path(get, path = "/v1/audit-packages/{id}/content", params(("id" = Uuid, Path)), responses((status = 200, body = PackageContent)))]
#[get("/v1/audit-packages/{id}/content")]
pub async fn get_package_content(caller: Caller, id: web::Path<Uuid>) -> Result<Answer<PackageContent>> {
    reading::one::<PackageContent>(&caller, *id, "package", |_| None).await
}
