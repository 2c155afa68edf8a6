//! Opens an order for each month whose term is over and which no hold keeps (H4.3, H6.6, H8.3, I3.8).

use std::collections::BTreeSet;

use chassis::document::{self, Filter};
use chassis::{Context, Result, Stored};
use chrono::{DateTime, Utc};
use kernel::days;

use crate::domain::holding::Holding;
use crate::domain::order::{self, OrderError};
use crate::store::{duties, orders};

/// Months that one night looks at; the rest follow the next night.
const MOST: i64 = 1_000;

pub async fn run(context: &Context, due: DateTime<Utc>) -> Result<()> {
    let today = days::taipei_date(due);
    let filter = Filter::all().eq("state", "kept").op("count", ">", 0_i64).op("may_end_on", "<=", today);
    let mut conn = context.connection().await?;
    let holdings: Vec<Stored<Holding>> = document::select(&mut conn, filter, MOST).await?;
    drop(conn);
    let keys: BTreeSet<String> = holdings.iter().map(|h| h.key()).collect();
    for key in keys {
        propose(context, &key).await?;
    }
    Ok(())
}

/// One transaction per month of records: a fault in one leaves the others.
async fn propose(context: &Context, key: &str) -> Result<()> {
    context
        .transaction(async |tx| {
            if orders::open_order(tx, key).await?.is_some() {
                return Ok(());
            }
            let holdings = orders::holdings(tx, key).await?;
            let holds = orders::active_holds(tx).await?;
            match order::propose(tx.new_id(), &holdings, &holds, tx.now()) {
                Ok(order) => {
                    tx.insert(&order).await?;
                    orders::mark_ordered(tx, &order).await?;
                    duties::open_order(tx, &order).await
                }
                // Kept by a hold, or by another holder's longer term: looked at again the next night.
                Err(
                    OrderError::UnderHold { .. }
                    | OrderError::BeforeTerm { .. }
                    | OrderError::NoTerm
                    | OrderError::Nothing,
                ) => Ok(()),
                Err(error) => Err(error.into()),
            }
        })
        .await
}
