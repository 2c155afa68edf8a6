//! The query log's checkpoints as they are published.

use chassis::document::{self, Filter};
use chassis::{EventMeta, Result, Tx};
use kernel::days;
use query_registry_types::events::CheckpointPublished;

use crate::consumers::queries::{Suspected, suspect};
use crate::domain::checkpoint::{CheckpointCopy, CheckpointFault};
use crate::domain::misuse::MisuseKind;
use crate::domain::projection::AgencyView;
use crate::store::checkpoints;

/// Keeps a copy of each. One that contradicts the last good copy becomes a finding, and is told to the operators.
pub async fn checkpoint_published(tx: &mut Tx, event: CheckpointPublished, meta: EventMeta) -> Result<()> {
    if tx.find::<CheckpointCopy>(CheckpointCopy::id_of(&event.log, &event.note)).await?.is_some() {
        return Ok(());
    }
    let last = checkpoints::last_good(tx.conn(), &event.log).await?;
    let copy = CheckpointCopy::of(event, last.as_ref(), tx.now());
    tx.insert(&copy).await?;
    match copy.fault {
        Some(fault) => contradicted(tx, &copy, fault, &meta).await,
        None => Ok(()),
    }
}

/// The bureau answers for the log (H6.6): the finding is its.
async fn contradicted(
    tx: &mut Tx,
    copy: &CheckpointCopy,
    fault: CheckpointFault,
    meta: &EventMeta,
) -> Result<()> {
    let (log, size) = (&copy.log, copy.size);
    tracing::error!(log, size, ?fault, "the query log contradicts its own checkpoints");
    let bureau = document::first::<AgencyView>(tx.conn(), Filter::all().eq("kind", "bureau")).await?;
    let Some(bureau) = bureau else { return Ok(()) };
    let suspected = Suspected {
        regulation: "household",
        day: days::taipei_date(tx.now()),
        agency: bureau.agency.agency,
        account: None,
        person: None,
        source: "checkpoint",
        source_id: copy.id,
        queries: vec![],
        what: format!("log={log} size={size} fault={}", fault.as_str()),
    };
    suspect(tx, MisuseKind::LogContradicted, suspected, meta).await
}
