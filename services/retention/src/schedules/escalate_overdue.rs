//! Marks late duties and escalates them: orders undecided, holders that do not confirm, outputs not settled.

use chassis::{Context, Result};
use chrono::{DateTime, Utc};

use crate::store::duties;

pub async fn run(context: &Context, _: DateTime<Utc>) -> Result<()> {
    let late = obligations::mark_overdue(context, duties::escalate_to).await?;
    if !late.is_empty() {
        tracing::warn!(count = late.len(), "obligations became overdue");
    }
    Ok(())
}
