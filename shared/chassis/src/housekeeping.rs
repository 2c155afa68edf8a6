//! What the frame's own tables need not keep for ever.

use diesel_async::RunQueryDsl as _;
use statement::statement;

use crate::context::Context;
use crate::error::Result;
use crate::schedule::{Rhythm, Schedule};

/// Rows that served their time: published events (a replay publishes current state anew), seen events (Kafka keeps
/// its messages for less), answers for repeated requests, finished jobs. Real time: they guard against real repeats.
const SWEEPS: [&str; 4] = [
    "DELETE FROM outbox WHERE published_at < now() - interval '7 days'",
    "DELETE FROM inbox WHERE received_at < now() - interval '30 days'",
    "DELETE FROM idempotency WHERE created_at < now() - interval '7 days'",
    "DELETE FROM jobs WHERE done_at < now() - interval '30 days'",
];

/// The nightly sweep of every service.
pub fn schedule() -> Schedule {
    Schedule::new("housekeeping", Rhythm::Daily(3, 30), async |context: &Context, _| sweep(context).await)
}

async fn sweep(context: &Context) -> Result<()> {
    let mut conn = context.connection().await?;
    for sweep in SWEEPS {
        statement(sweep).execute(&mut conn).await?;
    }
    Ok(())
}
