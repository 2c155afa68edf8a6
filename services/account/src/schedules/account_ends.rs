//! Accounts whose last day has passed end.

use chassis::document::{self, Filter};
use chassis::{Context, Result, Stored};
use chrono::{DateTime, Utc};
use kernel::days;
use kernel::ids::AccountId;

use crate::acts;
use crate::domain::account::Account;

/// Most accounts that one night looks at.
const MOST: i64 = 1_000_000;

/// Ends them, each in a transaction of its own.
pub async fn account_ends(context: &Context, due: DateTime<Utc>) -> Result<()> {
    let day = days::taipei_date(due);
    let mut conn = context.connection().await?;
    let filter = Filter::all().one_of("status", &["active", "suspended"]).op("valid_until", "<", day);
    let past: Vec<AccountId> = document::select::<Account>(&mut conn, filter, MOST)
        .await?
        .into_iter()
        .map(|a: Stored<Account>| a.doc.id)
        .collect();
    drop(conn);
    for id in past {
        context
            .transaction(async |tx| {
                let mut account = tx.load::<Account>(id).await?;
                acts::stop(tx, &mut account, "使用期限屆滿", "H5.1.2", "gone").await.map(|_| ())
            })
            .await?;
    }
    Ok(())
}
