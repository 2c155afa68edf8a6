//! `get_investigation`: Shows a joint investigation.

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, reading};
use uuid::Uuid;

use crate::domain::investigation::Investigation;

/// Shows a joint investigation.
#[utoipa::path(get, path = "/v1/investigations/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = Investigation)))]
#[get("/v1/investigations/{id}")]
pub async fn get_investigation(caller: Caller, id: web::Path<Uuid>) -> Result<Answer<Investigation>> {
    reading::one::<Investigation>(&caller, *id, "investigation", |_| None).await
}
