//! Proposals that nobody approved in time end, and that is on record: an old one is never approved by surprise.

use chassis::document::{self, Filter};
use chassis::{Context, Result, Stored};
use chrono::{DateTime, Utc};
use kernel::canonical;
use uuid::Uuid;

use crate::acts;
use crate::domain::governed::GovernedChange;

/// Most proposals that one night looks at.
const MOST: i64 = 10_000;

/// Marks them expired, each in a transaction of its own.
pub async fn proposals(context: &Context, due: DateTime<Utc>) -> Result<()> {
    let mut conn = context.connection().await?;
    let waiting: Vec<Stored<GovernedChange>> =
        document::select(&mut conn, Filter::all().eq("status", "proposed"), MOST).await?;
    drop(conn);
    let past: Vec<Uuid> = waiting.iter().filter(|c| c.expires_at <= due).map(|c| c.id).collect();
    for id in past {
        context
            .transaction(async |tx| {
                let mut change = tx.load::<GovernedChange>(id).await?;
                if !change.expire(tx.now()) {
                    return Ok(());
                }
                tx.update(&change).await?;
                let digest = canonical::sha256_hex(&canonical::bytes(&change.doc)?);
                acts::record_governance(tx, "change-expired", &digest, "invariant-11").await
            })
            .await?;
    }
    Ok(())
}
