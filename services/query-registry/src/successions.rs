//! Lets successors of logs go on: where the end of a log was lost and two administrators approved that, and where they approved
//! another key (invariant 11).

use std::time::Duration;

use chassis::configuration::Approval;
use chassis::{Context, Filter, Result, document};
use kernel::configuration::ConfigurationKind;
use kernel::days;
use query_log::{QueryLog, key_digest, succession};
use tokio::time::{MissedTickBehavior, interval};

/// How often (real time) it is looked whether something was approved, or another replica went on.
const EVERY: Duration = Duration::from_secs(5);
/// Most approved keys that are looked at.
const MOST: i64 = 1_000;

/// Runs for as long as its runtime.
pub async fn run(log: QueryLog, context: Context) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = go_on(&log, &context).await {
            tracing::debug!(?error, "whether a log has a successor is not known yet");
        }
    }
}

async fn go_on(log: &QueryLog, context: &Context) -> Result<()> {
    for ending in log.succeed().await.map_err(anyhow::Error::from)? {
        let (successor, lost) = (ending.successor(), ending.lost());
        tracing::warn!(log = ending.log, successor, lost, "a log ended, its successor goes on");
    }
    let today = days::taipei_date(context.now());
    for approved in approved_keys(context).await?.iter().filter(|it| it.item.effective_on <= today) {
        let rotates =
            |name: &String| succession::successor(name) == approved.item.name && log.ending(name).is_none();
        for name in log.names().into_iter().filter(rotates) {
            let key = log.next_key(&name).await.map_err(anyhow::Error::from)?;
            if key_digest(&key).to_string() == approved.item.digest {
                let rotated = log.rotate(&name).await.map_err(anyhow::Error::from)?;
                tracing::info!(log = name, rotated, "another key was approved for the log");
            }
        }
    }
    Ok(())
}

async fn approved_keys(context: &Context) -> Result<Vec<Approval>> {
    let mut conn = context.connection().await?;
    let filter = Filter::all().eq_opt("kind", Some(ConfigurationKind::LogKey.code()));
    let approvals = document::select::<Approval>(&mut conn, filter, MOST).await?;
    Ok(approvals.into_iter().map(|stored| stored.doc).filter(|approval| approval.approved).collect())
}
