//! Publishes a checkpoint of each log every second in which it grew.

use std::time::Duration;

use query_log::QueryLog;
use tokio::time::{MissedTickBehavior, interval};

use crate::state::LOGS;

/// How old a published checkpoint may be (real time).
const EVERY: Duration = Duration::from_secs(1);

/// Runs for as long as its runtime. Every replica does: the same head has the same checkpoint.
pub async fn run(log: QueryLog) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        for &name in LOGS {
            match log.publish(name).await {
                Ok(_) => {}
                // What was signed is taken back: nobody gets a checkpoint of it, and the operators must know.
                Err(
                    error @ (query_log::LogError::Forked { .. }
                    | query_log::LogError::LostTail { .. }
                    | query_log::LogError::OtherKey),
                ) => {
                    tracing::error!(log = name, %error, "no checkpoint is published");
                }
                Err(error) => tracing::debug!(log = name, %error, "no checkpoint is published"),
            }
        }
    }
}
