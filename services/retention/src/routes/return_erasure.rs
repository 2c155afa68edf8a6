//! Gives an erasure back.

use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use kernel::ids::OrderId;
use retention_types::ReturnErasure;

use crate::domain::erasure::{ErasureOrder, ErasureOrderView};
use crate::domain::order::Act;
use crate::routes::support;

/// Gives a requested erasure back: it is over, and nothing is erased.
#[utoipa::path(post, path = "/v1/erasure-orders/{id}/return", params(("id" = OrderId, Path)),
    request_body = ReturnErasure, responses((status = 200, body = ErasureOrderView)))]
#[post("/v1/erasure-orders/{id}/return")]
pub async fn return_erasure(
    command: Command<ReturnErasure>,
    id: web::Path<OrderId>,
) -> Result<Answer<ErasureOrderView>> {
    let (person, post) = (command.person()?, command.post()?);
    support::cause(&command.body.cause)?;
    command
        .run(async |tx| {
            let mut order = tx.load::<ErasureOrder>(*id).await?;
            command.expect_version(order.version)?;
            order.give_back(Act { person, post, at: tx.now() }, command.body.cause.clone())?;
            let version = tx.update(&order).await?;
            Ok(Answer::ok(order.view()).version(version))
        })
        .await
}
