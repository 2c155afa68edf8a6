//! One order.

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, reading};
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
    reading::one::<DestructionOrder>(&caller, *id, "destruction order", |_| None).await
}
