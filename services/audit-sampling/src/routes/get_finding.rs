//! `get_finding`: Shows a finding.

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, reading};
use kernel::ids::FindingId;

use crate::domain::finding::Finding;

/// Shows a finding.
#[utoipa::path(get, path = "/v1/findings/{id}", params(("id" = FindingId, Path)), responses((status = 200, body = Finding)))]
#[get("/v1/findings/{id}")]
pub async fn get_finding(caller: Caller, id: web::Path<FindingId>) -> Result<Answer<Finding>> {
    reading::one::<Finding>(&caller, *id, "finding", |f| Some(f.agency_id)).await
}
