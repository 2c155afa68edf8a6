//! One month of records.

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, reading};
use uuid::Uuid;

use crate::domain::holding::Holding;

/// Shows a holding.
#[utoipa::path(get, path = "/v1/holdings/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = Holding)))]
#[get("/v1/holdings/{id}")]
pub async fn get_holding(caller: Caller, id: web::Path<Uuid>) -> Result<Answer<Holding>> {
    reading::one::<Holding>(&caller, *id, "holding", |_| None).await
}
