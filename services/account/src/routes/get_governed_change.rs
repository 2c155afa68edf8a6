//! `get_governed_change`

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, reading};
use uuid::Uuid;

use crate::domain::governed::GovernedChange;

/// Shows a governed change with its two hands.
#[utoipa::path(get, path = "/v1/governed-changes/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = GovernedChange)))]
#[get("/v1/governed-changes/{id}")]
pub async fn get_governed_change(caller: Caller, id: web::Path<Uuid>) -> Result<Answer<GovernedChange>> {
    reading::one::<GovernedChange>(&caller, *id, "governed change", |_| None).await
}
