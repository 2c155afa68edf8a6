//! Reminds each office of what it has neither filed nor destroyed at the end of a period (H7, I5 ＋).

use chassis::schedule::day_before;
use chassis::{Context, Result};
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Date, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use rule_pack::RhythmKind;
use statement::statement;

use crate::store::duties;

#[derive(QueryableByName)]
struct Office {
    #[diesel(sql_type = SqlUuid)]
    agency: uuid::Uuid,
    #[diesel(sql_type = Text)]
    regulation: String,
}

pub async fn run(context: &Context, due: DateTime<Utc>) -> Result<()> {
    let period_end = day_before(due);
    context
        .transaction(async |tx| {
            let offices: Vec<Office> = statement(
                "SELECT DISTINCT agency_id AS agency, regulation FROM outputs WHERE unsettled AND made_on <= $1",
            )
            .bind::<Date, _>(period_end)
            .load(tx.conn())
            .await?;
            for office in offices {
                if ends_period(context, &office.regulation, period_end) {
                    duties::open_reminder(tx, office.agency.into(), &office.regulation, period_end).await?;
                }
            }
            Ok(())
        })
        .await
}

/// Whether a period of the pack's rhythm, counted in months from January, ends on `day`.
fn ends_period(context: &Context, regulation: &str, day: NaiveDate) -> bool {
    duties::pack(context, regulation, day)
        .and_then(|pack| pack.rhythm(RhythmKind::DisposalReminder))
        .is_some_and(|rhythm| day.month().is_multiple_of(rhythm.every.max(1)))
}
