//! `get_spot_check`: Shows a spot check.

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, reading};
use uuid::Uuid;

use crate::domain::spot_check::SpotCheck;

/// Shows a spot check.
#[utoipa::path(get, path = "/v1/spot-checks/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = SpotCheck)))]
#[get("/v1/spot-checks/{id}")]
pub async fn get_spot_check(caller: Caller, id: web::Path<Uuid>) -> Result<Answer<SpotCheck>> {
    reading::one::<SpotCheck>(&caller, *id, "spot check", |_| None).await
}
