//! Keeps records although their term is or will be over.

use actix_web::post;
use chassis::document::{self, Filter};
use chassis::{Answer, Command, Problem, Result, Stored, Tx};
use kernel::ids::OrderId;
use retention_types::{HoldScope, PlaceHold};

use crate::domain::hold::{Hold, HoldAct, HoldView, covers};
use crate::domain::order::DestructionOrder;
use crate::domain::term::record_kind;
use crate::routes::support;
use crate::state::Retention;

/// Places a hold: no order over the records it covers passes until another person lifts it.
#[utoipa::path(post, path = "/v1/holds", request_body = PlaceHold, responses((status = 201, body = HoldView)))]
#[post("/v1/holds")]
pub async fn place_hold(command: Command<PlaceHold>) -> Result<Answer<HoldView>> {
    let (person, post) = (command.person()?, command.post()?);
    let scope = checked(&command.body)?;
    let state = command.context.state::<Retention>();
    command
        .run(async |tx| {
            let reason = state.register.seal(command.body.reason.expose())?;
            let hold = Hold {
                id: tx.new_id(),
                scope: scope.clone(),
                document: command.body.document.clone(),
                placed: HoldAct { person, post, at: tx.now(), reason },
                lifted: None,
                active: true,
            };
            let version = tx.insert(&hold).await?;
            let before = approved_before(tx, &scope).await?;
            Ok(Answer::created(support::view(&state, &hold, before)?).version(version))
        })
        .await
}

fn checked(body: &PlaceHold) -> Result<HoldScope> {
    let mut scope = body.scope.clone();
    support::length(body.reason.expose(), 500, "/reason")?;
    if let Some(document) = &body.document {
        support::length(document, 60, "/document")?;
    }
    if let Some(regulation) = &scope.regulation {
        support::regulation(regulation, "/scope/regulation")?;
    }
    if let Some(kind) = &scope.record_kind {
        let kind = record_kind(kind).ok_or_else(|| Problem::invalid("/scope/record_kind", "no such kind"))?;
        scope.record_kind = Some(kind.as_str().to_owned());
    }
    for (day, pointer) in [(scope.from_month, "/scope/from_month"), (scope.to_month, "/scope/to_month")] {
        if let Some(day) = day {
            support::month(day, pointer)?;
        }
    }
    if let (Some(from), Some(to)) = (scope.from_month, scope.to_month)
        && to < from
    {
        return Err(Problem::invalid("/scope/to_month", "lies before from_month").into());
    }
    Ok(scope)
}

/// Orders that were approved already and are not confirmed: a hold cannot call them back.
async fn approved_before(tx: &mut Tx, scope: &HoldScope) -> Result<Vec<OrderId>> {
    let filter = Filter::all().eq("state", "approved");
    let orders: Vec<Stored<DestructionOrder>> = document::select(tx.conn(), filter, 10_000).await?;
    let covered = orders.iter().filter(|o| covers(scope, &o.record_kind, &o.regulation, o.month));
    Ok(covered.map(|o| o.id).collect())
}
