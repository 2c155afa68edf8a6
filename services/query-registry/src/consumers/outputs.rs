//! Prints and files that retention's register saw filed or destroyed (H3.2).

use chassis::{EventMeta, Result, Tx};
use query_registry_types::outputs::Output;
use retention_types::events::OutputSettled;

use crate::domain::output::{self, KeptOutput};

/// Closes the duty to file it.
pub async fn take_settled(tx: &mut Tx, event: OutputSettled, _: EventMeta) -> Result<()> {
    let Some(mut kept) = tx.find::<KeptOutput>(event.output).await? else { return Ok(()) };
    if kept.0.state != event.state {
        kept.0.state.clone_from(&event.state);
        tx.update(&kept).await?;
    }
    let Output { id, query, .. } = kept.0;
    obligations::close(tx, &output::filing_key(id), &event.state, &format!("/v1/queries/{query}/outputs"))
        .await?;
    Ok(())
}
