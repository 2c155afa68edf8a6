//! Revocations that served their time.

use chassis::{Context, Result};
use chrono::{DateTime, Utc};

use crate::store;

/// Drops those that can concern no token and no projection any more.
pub async fn sweep(context: &Context, due: DateTime<Utc>) -> Result<()> {
    store::revocations::sweep(&mut *context.connection().await?, due).await
}
