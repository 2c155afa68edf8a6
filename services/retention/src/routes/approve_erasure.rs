//! The approval of an erasure.

use actix_web::{post, web};
use chassis::endorsements::Matter;
use chassis::{Answer, Command, Result};
use kernel::ids::OrderId;
use retention_types::ApproveErasure;

use crate::domain::erasure::{ErasureOrder, ErasureOrderView};
use crate::domain::order::{Act, Approval};
use crate::edge;
use crate::store::orders;

/// Approves a requested erasure with the caller's card; the query registry then carries it out.
#[utoipa::path(post, path = "/v1/erasure-orders/{id}/approvals", params(("id" = OrderId, Path)),
    request_body = ApproveErasure, responses((status = 200, body = ErasureOrderView)))]
#[post("/v1/erasure-orders/{id}/approvals")]
pub async fn approve_erasure(
    command: Command<ApproveErasure>,
    id: web::Path<OrderId>,
) -> Result<Answer<ErasureOrderView>> {
    let (person, post) = (command.person()?, command.post()?);
    command
        .run(async |tx| {
            let mut order = tx.load::<ErasureOrder>(*id).await?;
            command.expect_version(order.version)?;
            order.may_approve(person, &orders::active_holds(tx).await?)?;
            let mut endorsement = command.body.endorsement.clone();
            let (agency, regulation) = (command.principal.agency, Some(order.target.regulation.as_str()));
            let matter = Matter { agency, regulation, records: &[] };
            edge::own_card(tx, person, &endorsement, &order.content(post), ("/endorsement", matter)).await?;
            endorsement.signed_at = tx.now();
            let act = Act { person, post, at: tx.now() };
            let event = order.approve(Approval { act, endorsement })?;
            let version = tx.update(&order).await?;
            tx.emit(&event).await?;
            Ok(Answer::ok(order.view()).version(version))
        })
        .await
}
