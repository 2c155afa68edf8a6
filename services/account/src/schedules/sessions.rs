//! Sessions that nobody renewed are marked as ended; those that ended long ago are forgotten.

use chassis::{Context, Result};
use chrono::{DateTime, Duration, Utc};

use crate::domain::session::Session;
use crate::store;

/// Most sessions that one night marks.
const MOST: i64 = 100_000;
/// Days for which a session is kept after its end, for questions about it.
const KEPT: i64 = 30;

/// Does both.
pub async fn sessions(context: &Context, due: DateTime<Utc>) -> Result<()> {
    let mut conn = context.connection().await?;
    let lapsed = store::sessions::lapsed(&mut conn, due, MOST).await?;
    drop(conn);
    for id in lapsed {
        context
            .transaction(async |tx| {
                let Some(mut session) = tx.find::<Session>(id).await? else { return Ok(()) };
                // Somebody may have renewed it in between.
                match session.lapsed(due) {
                    Some(because) => store::sessions::end(tx, &mut session, because).await,
                    None => Ok(()),
                }
            })
            .await?;
    }
    let mut conn = context.connection().await?;
    store::sessions::forget(&mut conn, due - Duration::days(KEPT)).await
}
