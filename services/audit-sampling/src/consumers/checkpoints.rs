//! The query log's checkpoints as they are published.

use chassis::{EventMeta, Result, Tx};
use query_registry_types::events::CheckpointPublished;

use crate::domain::checkpoint::CheckpointCopy;
use crate::store::checkpoints;

/// Keeps a copy of each, and tells the operators of one that contradicts the last good copy.
pub async fn checkpoint_published(tx: &mut Tx, event: CheckpointPublished, _: EventMeta) -> Result<()> {
    if tx.find::<CheckpointCopy>(CheckpointCopy::id_of(&event.log, &event.note)).await?.is_some() {
        return Ok(());
    }
    let last = checkpoints::last_good(tx.conn(), &event.log).await?;
    let copy = CheckpointCopy::of(event, last.as_ref(), tx.now());
    if let Some(fault) = copy.fault {
        tracing::error!(
            log = copy.log,
            size = copy.size,
            ?fault,
            "the query log contradicts its own checkpoints"
        );
    }
    tx.insert(&copy).await?;
    Ok(())
}
