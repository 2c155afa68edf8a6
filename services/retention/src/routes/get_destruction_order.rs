//! One order.

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, document};
use kernel::ids::OrderId;

use crate::domain::order::DestructionOrder;

/// Shows a destruction order with its endorsements and confirmations.
#[utoipa::path(get, path = "/v1/destruction-orders/{id}", params(("id" = OrderId, Path)),
    responses((status = 200, body = DestructionOrder)))]
#[get("/v1/destruction-orders/{id}")]
pub async fn get_destruction_order(
    caller: Caller,
    id: web::Path<OrderId>,
) -> Result<Answer<DestructionOrder>> {
    let mut conn = caller.context.connection().await?;
    let found = document::find::<DestructionOrder>(&mut conn, id.0, false).await?;
    let stored = found.ok_or_else(|| document::missing("destruction order"))?;
    caller.within_regulation(&stored.regulation)?;
    Ok(Answer::ok(stored.doc).version(stored.version))
}
