//! Gives an order back.

use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use kernel::ids::OrderId;
use retention_types::ReturnDestruction;

use crate::domain::order::{Act, DestructionOrder};
use crate::routes::support;

/// Gives a requested order back: it is a proposal again and its approvals are void.
#[utoipa::path(post, path = "/v1/destruction-orders/{id}/return", params(("id" = OrderId, Path)),
    request_body = ReturnDestruction, responses((status = 200, body = DestructionOrder)))]
#[post("/v1/destruction-orders/{id}/return")]
pub async fn return_destruction(
    command: Command<ReturnDestruction>,
    id: web::Path<OrderId>,
) -> Result<Answer<DestructionOrder>> {
    let (person, post) = (command.person()?, command.post()?);
    support::cause(&command.body.cause)?;
    command
        .run(async |tx| {
            let mut order = tx.load::<DestructionOrder>(*id).await?;
            command.expect_version(order.version)?;
            order.give_back(Act { person, post, at: tx.now() }, command.body.cause.clone())?;
            let version = tx.update(&order).await?;
            Ok(Answer::ok(order.doc.clone()).version(version))
        })
        .await
}
