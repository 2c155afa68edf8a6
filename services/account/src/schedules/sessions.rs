//! Sessions that nobody renewed are marked as ended; those that ended long ago are forgotten.

use chassis::{Context, Result};
use chrono::{DateTime, Duration, Utc};

use crate::store;

/// Days for which a session is kept after its end, for questions about it.
const KEPT: i64 = 30;

/// Does both.
pub async fn sessions(context: &Context, due: DateTime<Utc>) -> Result<()> {
    let mut conn = context.connection().await?;
    store::sessions::mark_lapsed(&mut conn, due).await?;
    store::sessions::forget(&mut conn, due - Duration::days(KEPT)).await
}
