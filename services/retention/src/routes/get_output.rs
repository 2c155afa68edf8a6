//! One entry of the register.

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, document};
use uuid::Uuid;

use crate::domain::output::Output;

/// Shows an entry of the register of outputs.
#[utoipa::path(get, path = "/v1/outputs/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = Output)))]
#[get("/v1/outputs/{id}")]
pub async fn get_output(caller: Caller, id: web::Path<Uuid>) -> Result<Answer<Output>> {
    let mut conn = caller.context.connection().await?;
    let found = document::find::<Output>(&mut conn, *id, false).await?;
    let stored = found.ok_or_else(|| document::missing("output"))?;
    caller.within_regulation(&stored.regulation)?;
    caller.within(stored.agency_id)?;
    Ok(Answer::ok(stored.doc).version(stored.version))
}
