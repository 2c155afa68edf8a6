//! Lets successors go on where the end of a log was lost and two administrators approved that (invariant 11).

use std::time::Duration;

use query_log::QueryLog;
use tokio::time::{MissedTickBehavior, interval};

/// How often (real time) it is looked whether a loss was approved, or another replica went on.
const EVERY: Duration = Duration::from_secs(5);

/// Runs for as long as its runtime.
pub async fn run(log: QueryLog) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match log.succeed().await {
            Ok(losses) => {
                for loss in losses {
                    let (successor, lost) = (loss.successor(), loss.known_size - loss.size);
                    tracing::error!(log = loss.log, successor, lost, "a log ended with an accepted loss");
                }
            }
            Err(error) => tracing::debug!(%error, "whether a log has a successor is not known yet"),
        }
    }
}
