//! Goals 5, 6 and 9 on the whole suite: the gate over HTTPS beside plain inserts, the log's checkpoints, the relay.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::{Duration, Instant};

use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use query_registry::state::Registry;

use super::super::{Figure, quantile};
use super::stage::LOG;
use super::{engine, plain, relay};
use crate::stack::{Memory, Stack, StackOptions};
use crate::year;

/// Queries that are asked.
const LOAD: usize = 4_000;
/// Officials who ask at once, and plain writers beside them.
const CLIENTS: usize = 64;
/// Acknowledgements whose checkpoint is waited for.
const CHECKPOINTS: u64 = 8;

pub async fn measure(folder: &Path) -> anyhow::Result<Vec<Figure>> {
    let end = Memory::open(folder)?.end;
    let start = kernel::days::sub_months(kernel::days::taipei_date(end), 6);
    let start = Some(kernel::days::at(start, 8, 0));
    let stack = Stack::start(StackOptions { data: folder.to_owned(), start, any_port: true }).await?;
    stack.wait_for_disk(true).await?;
    let (mut full, mut half) = year::ask_at_full_load(&stack, LOAD, CLIENTS).await?;
    let inserts = inserts(&stack.database_url("query-registry")).await?;
    let witnessed = witnessed(&stack).await?;
    let mut figures = vec![
        Figure::noted("gate over HTTPS, 64 officials, provider's own work included", full.per_second, "/s"),
        Figure::noted("plain inserts of the gate's entries, 64 writers", inserts, "/s"),
        Figure::higher("5: queries through the gate ÷ plain inserts", full.per_second / inserts, "×", 0.5),
        Figure::noted("a query at full load, p99", quantile(&mut full.milliseconds, 0.99), "ms"),
        Figure::lower("5: a query at half load, p99", quantile(&mut half.milliseconds, 0.99), "ms", 5.0),
        Figure::lower(
            "6: acknowledgement to a checkpoint that both witnesses saw, slowest of 8",
            witnessed,
            "s",
            5.0,
        ),
    ];
    figures.extend(relay::measure(&stack).await?);
    stack.stop().await?;
    Ok(figures)
}

/// Plain inserts of what the gate has just written, on the same server.
async fn inserts(url: &str) -> anyhow::Result<f64> {
    let mut conn = AsyncPgConnection::establish(url).await?;
    let rows = plain::prepare(&mut conn).await?;
    let next = Arc::new(AtomicI64::new(0));
    let part = plain::inserts(url, &rows, &next, CLIENTS, Duration::from_secs(3)).await?;
    Ok(part.per_second)
}

/// From an acknowledgement to the checkpoint that covers it and is shown, which the quorum has seen, in seconds: the slowest.
async fn witnessed(stack: &Stack) -> anyhow::Result<f64> {
    let registry = stack.service("query-registry").context.state::<Registry>();
    let mut slowest = 0.0_f64;
    for n in 0..CHECKPOINTS {
        let receipt = registry.log.append(LOG, engine::intent(n)).await?;
        let begun = Instant::now();
        while registry.log.checkpoint(LOG).await?.size <= receipt.index {
            tokio::time::sleep(Duration::from_millis(5)).await;
            anyhow::ensure!(begun.elapsed() < Duration::from_secs(30), "no checkpoint is published");
        }
        slowest = slowest.max(begun.elapsed().as_secs_f64());
        // Not always at the same distance from the next tick.
        tokio::time::sleep(Duration::from_millis(130 * n)).await;
    }
    Ok(slowest)
}
