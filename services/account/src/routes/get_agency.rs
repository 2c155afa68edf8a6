//! `get_agency`

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, reading};
use kernel::ids::AgencyId;

use crate::domain::agency::Agency;

/// Shows an agency.
#[utoipa::path(get, path = "/v1/agencies/{id}", params(("id" = AgencyId, Path)), responses((status = 200, body = Agency)))]
#[get("/v1/agencies/{id}")]
pub async fn get_agency(caller: Caller, id: web::Path<AgencyId>) -> Result<Answer<Agency>> {
    reading::one::<Agency>(&caller, *id, "agency", |_| None).await
}
