//! `get_agency_act`

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, reading};
use uuid::Uuid;

use crate::domain::agency_act::AgencyAct;

/// Shows an act in the agency's own system.
#[utoipa::path(get, path = "/v1/agency-acts/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = AgencyAct)))]
#[get("/v1/agency-acts/{id}")]
pub async fn get_agency_act(caller: Caller, id: web::Path<Uuid>) -> Result<Answer<AgencyAct>> {
    reading::one::<AgencyAct>(&caller, *id, "agency act", |it| Some(it.agency_id)).await
}
