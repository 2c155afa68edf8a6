//! Asks for the end of a month of records.

use actix_web::post;
use chassis::{Answer, Command, Problem, Result};
use retention_types::RequestDestruction;

use crate::domain::holding::key;
use crate::domain::order::{self, Act, DestructionOrder};
use crate::domain::term::record_kind;
use crate::routes::support;
use crate::store::{duties, orders};

/// Asks for the destruction of a month of records whose term is over: takes up the schedule's proposal, or opens one.
/// Before the term, or under a hold, it is refused with the clause.
#[utoipa::path(post, path = "/v1/destruction-orders", request_body = RequestDestruction,
    responses((status = 201, body = DestructionOrder)))]
#[post("/v1/destruction-orders")]
pub async fn request_destruction(command: Command<RequestDestruction>) -> Result<Answer<DestructionOrder>> {
    let (person, post) = (command.person()?, command.post()?);
    let body = &command.body;
    support::regulation(&body.regulation, "/regulation")?;
    support::month(body.month, "/month")?;
    let kind =
        record_kind(&body.record_kind).ok_or_else(|| Problem::invalid("/record_kind", "no such kind"))?;
    let key = key(kind.as_str(), &body.regulation, body.month, body.log.as_deref());
    command
        .run(async |tx| {
            let holds = orders::active_holds(tx).await?;
            let holdings = orders::holdings(tx, &key).await?;
            let act = Act { person, post, at: tx.now() };
            let (order, version) = if let Some(mut open) = orders::open_order(tx, &key).await? {
                open.request(&holdings, &holds, act)?;
                let version = tx.update(&open).await?;
                (open.doc, version)
            } else {
                let mut order = order::propose(tx.new_id(), &holdings, &holds, tx.now())?;
                order.request(&holdings, &holds, act)?;
                let version = tx.insert(&order).await?;
                duties::open_order(tx, &order).await?;
                (order, version)
            };
            orders::mark_ordered(tx, &order).await?;
            Ok(Answer::created(order).version(version))
        })
        .await
}
