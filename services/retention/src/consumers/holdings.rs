//! What each service holds, by kind, regulation and month.

use chassis::{EventMeta, Result, Tx};

use crate::domain::holding::Count;
use crate::store::orders;

pub async fn on_registry_holding(
    tx: &mut Tx,
    event: query_registry_types::events::HoldingCounted,
    meta: EventMeta,
) -> Result<()> {
    let count = Count {
        service: "query-registry",
        record_kind: event.record_kind,
        regulation: event.regulation,
        month: event.month,
        count: event.count,
        log: event.log,
        at: meta.occurred_at,
    };
    orders::count(tx, &count).await
}

pub async fn on_audit_holding(
    tx: &mut Tx,
    event: audit_sampling_types::events::HoldingCounted,
    meta: EventMeta,
) -> Result<()> {
    let count = Count {
        service: "audit-sampling",
        record_kind: event.record_kind,
        regulation: event.regulation,
        month: event.month,
        count: event.count,
        log: None,
        at: meta.occurred_at,
    };
    orders::count(tx, &count).await
}

pub async fn on_account_holding(
    tx: &mut Tx,
    event: account_types::events::HoldingCounted,
    meta: EventMeta,
) -> Result<()> {
    let count = Count {
        service: "account",
        record_kind: event.record_kind,
        regulation: event.regulation,
        month: event.month,
        count: event.count,
        log: None,
        at: meta.occurred_at,
    };
    orders::count(tx, &count).await
}
