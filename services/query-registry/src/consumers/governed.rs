//! Acts of other services that the governance log must hold (invariant 11).

use account_types::events::{GovernanceRecorded as AccountAct, InventoryClosed};
use audit_sampling_types::events::GovernanceRecorded as AuditAct;
use chassis::{EventMeta, Result, Tx};

use crate::governance;

/// The account service's acts.
pub async fn take_account_act(tx: &mut Tx, event: AccountAct, _: EventMeta) -> Result<()> {
    governance::enter(tx, &event.kind, &event.digest).await
}

/// Audit's acts: draw plans before their draw, records of audits.
pub async fn take_audit_act(tx: &mut Tx, event: AuditAct, _: EventMeta) -> Result<()> {
    governance::enter(tx, &event.kind, &event.digest).await
}

/// Account inventories (H5.1.3).
pub async fn take_inventory(tx: &mut Tx, event: InventoryClosed, _: EventMeta) -> Result<()> {
    governance::enter(tx, "inventory-closed", &event.digest).await
}
