//! `get_cooperation_request`: Shows a request for cooperation.

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, reading};
use uuid::Uuid;

use crate::domain::package::CooperationRequest;

/// Shows a request for cooperation.
#[utoipa::path(get, path = "/v1/cooperation-requests/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = CooperationRequest)))]
#[get("/v1/cooperation-requests/{id}")]
pub async fn get_cooperation_request(
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<Answer<CooperationRequest>> {
    reading::one::<CooperationRequest>(&caller, *id, "cooperation request", |r| Some(r.agency_id)).await
}
