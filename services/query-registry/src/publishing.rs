//! Publishes a checkpoint of each log every second in which it grew, and tells the audit service of each.

use std::sync::Arc;
use std::time::Duration;

use chassis::{Context, Result, Tx};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use query_log::{LogError, Published, QueryLog};
use query_registry_types::events::CheckpointPublished;
use tokio::time::{MissedTickBehavior, interval};

use crate::store::told_checkpoints;

/// How old a published checkpoint may be (real time).
const EVERY: Duration = Duration::from_secs(1);
/// Most checkpoints that are told of at once.
const AT_ONCE: i64 = 50;

/// Runs for as long as its runtime. Every replica does: the same head has the same checkpoint.
pub async fn run(log: QueryLog, context: Context) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        for name in &log.names() {
            match log.publish(name).await {
                Ok(_) => {}
                // What was lost of it is accepted: its last checkpoint stays the last.
                Err(_) if log.ending(name).is_some() => {}
                // What was signed is taken back: nobody gets a checkpoint of it, and the operators must know.
                Err(error @ (LogError::Forked { .. } | LogError::LostTail { .. } | LogError::OtherKey)) => {
                    tracing::error!(log = name, %error, "no checkpoint is published");
                }
                Err(error) => tracing::debug!(log = name, %error, "no checkpoint is published"),
            }
            if let Err(error) = tell(&log, &context, name).await {
                tracing::debug!(log = name, ?error, "the audit service is not told of checkpoints yet");
            }
        }
    }
}

/// Tells of every checkpoint since the last that was told, in order, each once: the place is kept with the events.
async fn tell(log: &QueryLog, context: &Context, name: &str) -> Result<()> {
    let key = log.verifier_key(name).await.map_err(anyhow::Error::from)?;
    let after = {
        let mut conn = context.connection().await?;
        told_checkpoints::last(&mut conn, name).await?
    };
    let untold = log.published_after(name, after, AT_ONCE).await.map_err(anyhow::Error::from)?;
    let mut before = after;
    let mut events = vec![];
    for Published { size, note } in untold {
        let proof = log.consistency(name, before, size).await.map_err(anyhow::Error::from)?;
        let proof = proof.iter().map(ToString::to_string).collect();
        events.push(CheckpointPublished {
            log: name.to_owned(),
            size,
            note,
            key: key.clone(),
            after: before,
            proof,
        });
        before = size;
    }
    if events.is_empty() {
        return Ok(());
    }
    let told = Arc::new(Told { log: name.to_owned(), after, until: before, events });
    context.transaction(async move |tx: &mut Tx| write_down(tx, Arc::clone(&told)).await).await
}

/// What is told at once.
struct Told {
    log: String,
    after: u64,
    until: u64,
    events: Vec<CheckpointPublished>,
}

/// Boxed, because this runs in a task of its own.
fn write_down(tx: &mut Tx, told: Arc<Told>) -> BoxFuture<'_, Result<()>> {
    async move {
        // Another replica may have told of them meanwhile.
        if !told_checkpoints::advance(tx.conn(), &told.log, told.after, told.until).await? {
            return Ok(());
        }
        for event in &told.events {
            tx.emit(event).await?;
        }
        Ok(())
    }
    .boxed()
}
