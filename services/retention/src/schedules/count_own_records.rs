//! Counts this service's own records: it is a holder like any other.

use chassis::{Context, Result};
use chrono::{DateTime, Utc};

use crate::store::{orders, own_records};

pub async fn run(context: &Context, _: DateTime<Utc>) -> Result<()> {
    context
        .transaction(async |tx| {
            for count in own_records::counts(tx).await? {
                orders::count(tx, &count).await?;
            }
            Ok(())
        })
        .await
}
