//! Asks for the early erasure of one record.

use actix_web::post;
use chassis::{Answer, Command, Problem, Result};
use retention_types::RequestErasure;

use crate::domain::erasure::{ErasureOrder, ErasureOrderView, ErasureState, may_go};
use crate::domain::order::Act;
use crate::routes::support;
use crate::state::Retention;
use crate::store::orders;

/// Asks for the early erasure of one record of a query log, before its term: a court or the person concerned demands it.
/// Under a hold it is refused.
#[utoipa::path(post, path = "/v1/erasure-orders", request_body = RequestErasure,
    responses((status = 201, body = ErasureOrderView)))]
#[post("/v1/erasure-orders")]
pub async fn request_erasure(command: Command<RequestErasure>) -> Result<Answer<ErasureOrderView>> {
    let (person, post) = (command.person()?, command.post()?);
    check(&command.body)?;
    let state = command.context.state::<Retention>();
    command
        .run(async |tx| {
            let body = &command.body;
            may_go(&body.target, &orders::active_holds(tx).await?)?;
            let order = ErasureOrder {
                id: tx.new_id(),
                target: body.target.clone(),
                basis: body.basis,
                document: body.document.clone(),
                reason: state.register.seal(body.reason.expose())?,
                state: ErasureState::Requested,
                requested: Act { person, post, at: tx.now() },
                approval: None,
                digest: None,
                returned: None,
                fault: None,
            };
            let version = tx.insert(&order).await?;
            Ok(Answer::created(order.view()).version(version))
        })
        .await
}

fn check(body: &RequestErasure) -> Result<()> {
    support::length(&body.target.log, 60, "/target/log")?;
    support::regulation(&body.target.regulation, "/target/regulation")?;
    support::month(body.target.month, "/target/month")?;
    support::length(&body.document, 60, "/document")?;
    support::length(body.reason.expose(), 500, "/reason")?;
    let one = body.target.query.is_some() != body.target.index.is_some();
    if !one || body.target.index.is_some_and(|index| index < 0) {
        return Err(Problem::invalid("/target", "either a query or the position of an entry").into());
    }
    Ok(())
}
