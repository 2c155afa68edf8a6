//! Tells agencies' systems which applications can no longer be used (H4.2).

use chassis::{Context, Result};
use kernel::Instant;

use crate::store::changes;

/// Applications told of in one transaction.
const BATCH: u16 = 500;

/// Tells of every application that expired by `due`.
pub async fn run(context: &Context, due: Instant) -> Result<()> {
    let tell =
        async || context.transaction(async |tx| changes::add_expired(tx, due, BATCH.into()).await).await;
    while tell().await? == usize::from(BATCH) {}
    Ok(())
}
