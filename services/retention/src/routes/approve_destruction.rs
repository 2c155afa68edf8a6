//! One of the two approvals.

use actix_web::{post, web};
use chassis::endorsements::Matter;
use chassis::{Answer, Command, Result};
use kernel::days;
use kernel::ids::OrderId;
use retention_types::ApproveDestruction;

use crate::domain::order::{Act, Approval, DestructionOrder, OrderError, OrderState};
use crate::edge;
use crate::store::{duties, orders, own_records};

/// Approves a requested order with the caller's card; the second approval sends it to the holders.
#[utoipa::path(post, path = "/v1/destruction-orders/{id}/approvals", params(("id" = OrderId, Path)),
    request_body = ApproveDestruction, responses((status = 200, body = DestructionOrder)))]
#[post("/v1/destruction-orders/{id}/approvals")]
pub async fn approve_destruction(
    command: Command<ApproveDestruction>,
    id: web::Path<OrderId>,
) -> Result<Answer<DestructionOrder>> {
    let (person, post) = (command.person()?, command.post()?);
    command
        .run(async |tx| {
            let mut order = tx.load::<DestructionOrder>(*id).await?;
            command.expect_version(order.version)?;
            let holds = orders::active_holds(tx).await?;
            let holdings = orders::holdings(tx, &order.key).await?;
            order.may_approve(person, &holdings, &holds, days::taipei_date(tx.now()))?;
            let content = order.content(post).ok_or(OrderError::WrongState(order.state))?;
            let mut endorsement = command.body.endorsement.clone();
            let (agency, regulation) = (command.principal.agency, Some(order.regulation.as_str()));
            let matter = Matter { agency, regulation, records: &[] };
            edge::own_card(tx, person, &endorsement, &content, ("/endorsement", matter)).await?;
            endorsement.signed_at = tx.now();
            order.approve(Approval { act: Act { person, post, at: tx.now() }, endorsement })?;
            order.version = tx.update(&order).await?;
            if order.state == OrderState::Approved {
                duties::open_confirmations(tx, &order).await?;
                for event in order.approved_events() {
                    tx.emit(&event).await?;
                }
                if order.holders.iter().any(|h| h.service == own_records::SERVICE) {
                    let gone =
                        own_records::destroy(tx, &order.record_kind, &order.regulation, order.month).await?;
                    orders::confirm(tx, &mut order, own_records::SERVICE, gone).await?;
                }
            }
            Ok(Answer::ok(order.doc.clone()).version(order.version))
        })
        .await
}
