//! What this service holds, by month, so that retention can plan its end.

use account_types::events::HoldingCounted;
use chassis::{Context, Result};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Date, Text};
use diesel_async::RunQueryDsl as _;
use statement::statement;

#[derive(QueryableByName)]
struct Held {
    #[diesel(sql_type = Text)]
    record_kind: String,
    #[diesel(sql_type = Text)]
    regulation: String,
    #[diesel(sql_type = Date)]
    month: NaiveDate,
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Counts the records whose matter is closed.
pub async fn holdings(context: &Context, _due: DateTime<Utc>) -> Result<()> {
    context
        .transaction(async |tx| {
            let held: Vec<Held> = statement(
                "SELECT 'permission_application' AS record_kind, regulation, \
                 date_trunc('month', closed_at AT TIME ZONE 'Asia/Taipei')::date AS month, count(*) AS count \
                 FROM permission_applications WHERE closed_at IS NOT NULL GROUP BY 2, 3 \
                 UNION ALL SELECT 'training', 'household', date_trunc('month', held_on)::date, count(*) \
                 FROM trainings GROUP BY 3",
            )
            .load(tx.conn())
            .await?;
            for row in held {
                let Held { record_kind, regulation, month, count } = row;
                tx.emit(&HoldingCounted { record_kind, regulation, month, count }).await?;
            }
            Ok(())
        })
        .await
}
