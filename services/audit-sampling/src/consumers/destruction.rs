//! Carries out approved destruction orders on this service's records (H6.6, I3.8).

use audit_sampling_types::events::DestructionCarriedOut;
use chassis::{EventMeta, Result, Tx};
use kernel::canonical;
use retention_types::events::DestructionApproved;
use rule_pack::RecordKind;

use crate::store::destruction;

pub async fn destruction_approved(tx: &mut Tx, event: DestructionApproved, _: EventMeta) -> Result<()> {
    if event.service != tx.context().name() {
        return Ok(());
    }
    let kind: RecordKind =
        event.record_kind.parse().map_err(|e: String| anyhow::anyhow!("record kind: {e}"))?;
    let ids = destruction::delete(tx.conn(), kind, &event.regulation, event.month).await?;
    let carried_out = DestructionCarriedOut {
        order: event.order,
        count: i64::try_from(ids.len()).unwrap_or(i64::MAX),
        root: canonical::sha256_hex(&canonical::bytes(&ids)?),
        method: "rows deleted".to_owned(),
    };
    tx.emit(&carried_out).await
}
