//! What orders are decided on, and what follows from a confirmation.

use chassis::document::{self, Filter};
use chassis::{Result, Stored, Tx};
use chrono::{DateTime, Utc};
use retention_types::events::CertificateIssued;

use crate::domain::certificate::certify;
use crate::domain::hold::Hold;
use crate::domain::holding::{Count, Holding, HoldingState};
use crate::domain::order::{Confirmation, DestructionOrder, OrderState};
use crate::store::duties;

/// Rows that one key or one night's work has at most.
const MOST: i64 = 10_000;

/// The holds that hold now.
pub async fn active_holds(tx: &mut Tx) -> Result<Vec<Hold>> {
    let holds: Vec<Stored<Hold>> =
        document::select(tx.conn(), Filter::all().eq("active", true), MOST).await?;
    Ok(holds.into_iter().map(|h| h.doc).collect())
}

/// What services hold under `key` and have not destroyed.
pub async fn holdings(tx: &mut Tx, key: &str) -> Result<Vec<Holding>> {
    let filter = Filter::all().eq("key", key).op("state", "<>", "destroyed").op("count", ">", 0_i64);
    let holdings: Vec<Stored<Holding>> = document::select(tx.conn(), filter, MOST).await?;
    Ok(holdings.into_iter().map(|h| h.doc).collect())
}

/// The open order under `key`.
pub async fn open_order(tx: &mut Tx, key: &str) -> Result<Option<Stored<DestructionOrder>>> {
    document::first(tx.conn(), Filter::all().eq("key", key).eq("open", true)).await
}

/// Marks the holdings of `order`.
pub async fn mark_ordered(tx: &mut Tx, order: &DestructionOrder) -> Result<()> {
    for holder in &order.holders {
        let mut holding = tx.load::<Holding>(holder.holding).await?;
        holding.state = HoldingState::Ordered;
        holding.order = Some(order.id);
        tx.update(&holding).await?;
    }
    Ok(())
}

/// Takes in a count of a holder.
pub async fn count(tx: &mut Tx, count: &Count) -> Result<()> {
    let context = tx.context();
    match tx.find::<Holding>(count.holding()).await? {
        None => {
            tx.insert(&Holding::first(count, context.packs())).await?;
        }
        Some(mut holding) => {
            if holding.recount(count) {
                tx.update(&holding).await?;
            }
        }
    }
    Ok(())
}

/// Takes in what `service` confirmed; with the last confirmation the certificate is issued.
pub async fn confirm(
    tx: &mut Tx,
    order: &mut Stored<DestructionOrder>,
    service: &str,
    confirmation: Confirmation,
) -> Result<()> {
    let at = confirmation.at;
    if !order.confirm(service, confirmation) {
        tracing::warn!(order = %order.id, service, "a confirmation that nothing waits for");
        return Ok(());
    }
    duties::close_confirmation(tx, order, service).await?;
    let holding = order.holders.iter().find(|h| h.service == service).map(|h| h.holding);
    if let Some(id) = holding {
        destroyed(tx, id, at).await?;
    }
    let issued_at = tx.now();
    if let Some(certificate) = certify(order, issued_at)? {
        order.state = OrderState::Certified;
        order.open = false;
        tx.insert(&certificate).await?;
        tx.emit(&CertificateIssued { order: order.id, digest: certificate.digest }).await?;
        duties::close_order(tx, order).await?;
    }
    order.version = tx.update(order).await?;
    Ok(())
}

async fn destroyed(tx: &mut Tx, holding: uuid::Uuid, at: DateTime<Utc>) -> Result<()> {
    let mut holding = tx.load::<Holding>(holding).await?;
    holding.state = HoldingState::Destroyed;
    holding.count = 0;
    holding.counted_at = at.max(holding.counted_at);
    tx.update(&holding).await?;
    Ok(())
}
