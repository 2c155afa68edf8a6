//! One entry of the register.

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, reading};
use uuid::Uuid;

use crate::domain::output::Output;

/// Shows an entry of the register of outputs.
#[utoipa::path(get, path = "/v1/outputs/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = Output)))]
#[get("/v1/outputs/{id}")]
pub async fn get_output(caller: Caller, id: web::Path<Uuid>) -> Result<Answer<Output>> {
    reading::one::<Output>(&caller, *id, "output", |output| Some(output.agency_id)).await
}
