//! What the query registry did about an erasure.

use chassis::{EventMeta, Result, Tx};
use query_registry_types::events::{ErasureCarriedOut, ErasureRefused};
use retention_types::events::CertificateIssued;

use crate::domain::erasure::{ErasureConfirmation, ErasureOrder};

/// The record is gone: the certificate is issued.
pub async fn on_erasure(tx: &mut Tx, event: ErasureCarriedOut, meta: EventMeta) -> Result<()> {
    let Some(mut order) = tx.find::<ErasureOrder>(event.order).await? else {
        tracing::warn!(order = %event.order, "an erasure without order");
        return Ok(());
    };
    let confirmation = ErasureConfirmation {
        entries: event.entries,
        rows: event.rows,
        method: event.method,
        backups_expire_on: event.backups_expire_on,
        at: meta.occurred_at,
    };
    let now = tx.now();
    let Some(certificate) = order.certify(confirmation, now)? else { return Ok(()) };
    tx.insert(&certificate).await?;
    tx.emit(&CertificateIssued { order: order.id, digest: certificate.digest }).await?;
    tx.update(&order).await.map(drop)
}

/// Nothing was erased: the order is over.
pub async fn on_refusal(tx: &mut Tx, event: ErasureRefused, _: EventMeta) -> Result<()> {
    let Some(mut order) = tx.find::<ErasureOrder>(event.order).await? else { return Ok(()) };
    if order.refuse(event.fault) {
        tx.update(&order).await?;
    }
    Ok(())
}
