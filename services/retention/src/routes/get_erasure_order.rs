//! One erasure order.

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, document};
use kernel::ids::OrderId;

use crate::domain::erasure::{ErasureOrder, ErasureOrderView};

/// Shows an erasure order.
#[utoipa::path(get, path = "/v1/erasure-orders/{id}", params(("id" = OrderId, Path)),
    responses((status = 200, body = ErasureOrderView)))]
#[get("/v1/erasure-orders/{id}")]
pub async fn get_erasure_order(caller: Caller, id: web::Path<OrderId>) -> Result<Answer<ErasureOrderView>> {
    let mut conn = caller.context.connection().await?;
    let found = document::find::<ErasureOrder>(&mut conn, id.0, false).await?;
    let stored = found.ok_or_else(|| document::missing("erasure order"))?;
    Ok(Answer::ok(stored.view()).version(stored.version))
}
