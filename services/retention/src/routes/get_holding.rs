//! One month of records.

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, document};
use uuid::Uuid;

use crate::domain::holding::Holding;

/// Shows a holding.
#[utoipa::path(get, path = "/v1/holdings/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = Holding)))]
#[get("/v1/holdings/{id}")]
pub async fn get_holding(caller: Caller, id: web::Path<Uuid>) -> Result<Answer<Holding>> {
    let mut conn = caller.context.connection().await?;
    let found = document::find::<Holding>(&mut conn, *id, false).await?;
    let stored = found.ok_or_else(|| document::missing("holding"))?;
    caller.within_regulation(&stored.regulation)?;
    Ok(Answer::ok(stored.doc).version(stored.version))
}
