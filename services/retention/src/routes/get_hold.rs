//! One hold.

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, document};
use uuid::Uuid;

use crate::domain::hold::{Hold, HoldView};
use crate::routes::support;
use crate::state::Retention;

/// Shows a hold.
#[utoipa::path(get, path = "/v1/holds/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = HoldView)))]
#[get("/v1/holds/{id}")]
pub async fn get_hold(caller: Caller, id: web::Path<Uuid>) -> Result<Answer<HoldView>> {
    let mut conn = caller.context.connection().await?;
    let found = document::find::<Hold>(&mut conn, *id, false).await?;
    let stored = found.ok_or_else(|| document::missing("hold"))?;
    let view = support::view(&caller.context.state::<Retention>(), &stored, vec![])?;
    Ok(Answer::ok(view).version(stored.version))
}
