//! `get_data_link`

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, reading};
use uuid::Uuid;

use crate::domain::link::DataLink;

/// Shows a data link with its letters and reviews.
#[utoipa::path(get, path = "/v1/data-links/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = DataLink)))]
#[get("/v1/data-links/{id}")]
pub async fn get_data_link(caller: Caller, id: web::Path<Uuid>) -> Result<Answer<DataLink>> {
    reading::one::<DataLink>(&caller, *id, "data link", |link| Some(link.agency_id)).await
}
