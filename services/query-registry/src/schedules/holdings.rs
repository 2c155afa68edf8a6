//! Each month: what the registry holds, month by month, so that retention can plan its end (H4.3, H6.6, H8.3, I3.8).

use chassis::{Context, Result};
use kernel::{Instant, days};
use query_log::Month;
use query_log::succession::line;
use query_registry_types::events::HoldingCounted;

use crate::domain::rules::{FIVE_YEARS, THREE_YEARS};
use crate::state::Registry;
use crate::store::holdings::{self, MonthCount};

/// Record kinds as holdings name them.
pub mod record_kind {
    /// The query log.
    pub const LOG: &str = "query-log";
    /// The query register with the register of queries.
    pub const REGISTER: &str = "query-register";
    /// Daily and weekly reports, items.
    pub const CONTROL: &str = "control-result";
}

/// Tells of every whole month before the one of `due`.
pub async fn run(context: &Context, due: Instant) -> Result<()> {
    let month = days::first_of_month(days::taipei_date(due));
    let registry = context.state::<Registry>();
    let mut conn = context.connection().await?;
    let mut held = vec![];
    let logs = [THREE_YEARS, FIVE_YEARS].iter().flat_map(|first| registry.log.line(first)).collect();
    for (log, month) in holdings::log_months(&mut conn, logs, month).await? {
        let range = registry.log.month_manifest(&log, Month::containing(month)).await;
        let range = range.map_err(anyhow::Error::from)?;
        // A log's months end as a whole; tax entries share term and log with household ones.
        let regulation = if line(&log) == FIVE_YEARS { "immigration" } else { "household" };
        held.push(HoldingCounted {
            record_kind: record_kind::LOG.to_owned(),
            regulation: regulation.to_owned(),
            month,
            count: i64::try_from(range.count).unwrap_or(i64::MAX),
            log: Some(log),
        });
    }
    let register = holdings::register_months(&mut conn, month).await?;
    let control = holdings::control_months(&mut conn, month).await?;
    drop(conn);
    held.extend(register.into_iter().map(|row| counted(record_kind::REGISTER, row)));
    held.extend(control.into_iter().map(|row| counted(record_kind::CONTROL, row)));
    context
        .transaction(async |tx| {
            for holding in &held {
                tx.emit(holding).await?;
            }
            Ok(())
        })
        .await
}

fn counted(kind: &str, row: MonthCount) -> HoldingCounted {
    HoldingCounted {
        record_kind: kind.to_owned(),
        regulation: row.regulation,
        month: row.month,
        count: row.count,
        log: None,
    }
}
