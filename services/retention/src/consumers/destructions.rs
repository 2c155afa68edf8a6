//! What holders confirmed.

use chassis::{EventMeta, Result, Tx};
use kernel::ids::OrderId;

use crate::domain::order::{Confirmation, DestructionOrder};
use crate::store::orders;

async fn take_in(tx: &mut Tx, order: OrderId, service: &str, confirmation: Confirmation) -> Result<()> {
    match tx.find::<DestructionOrder>(order).await? {
        Some(mut order) => orders::confirm(tx, &mut order, service, confirmation).await,
        None => {
            tracing::warn!(%order, service, "a destruction without order");
            Ok(())
        }
    }
}

pub async fn on_registry_destruction(
    tx: &mut Tx,
    event: query_registry_types::events::DestructionCarriedOut,
    meta: EventMeta,
) -> Result<()> {
    let (count, root, method, entry) = (event.count, event.root, event.method, event.entry);
    let confirmation = Confirmation { count, root, method, entry, at: meta.occurred_at };
    take_in(tx, event.order, "query-registry", confirmation).await
}

pub async fn on_audit_destruction(
    tx: &mut Tx,
    event: audit_sampling_types::events::DestructionCarriedOut,
    meta: EventMeta,
) -> Result<()> {
    let (count, root, method) = (event.count, event.root, event.method);
    let confirmation = Confirmation { count, root, method, entry: None, at: meta.occurred_at };
    take_in(tx, event.order, "audit-sampling", confirmation).await
}

pub async fn on_account_destruction(
    tx: &mut Tx,
    event: account_types::events::DestructionCarriedOut,
    meta: EventMeta,
) -> Result<()> {
    let (count, root, method) = (event.count, event.root, event.method);
    let confirmation = Confirmation { count, root, method, entry: None, at: meta.occurred_at };
    take_in(tx, event.order, "account", confirmation).await
}
