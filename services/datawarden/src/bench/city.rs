//! The sample city at work: queries through the gate at full load, and the whole simulated year.

use std::path::Path;
use std::time::Instant;

use super::{Figure, log, quantile};
use crate::stack::{Memory, Stack, StackOptions};
use crate::year::{self, YearOptions};

/// Queries that are asked at full load.
const LOAD: usize = 1_500;
/// Officials who ask at once.
const CLIENTS: usize = 64;

/// On fresh data below `folder`: the gate beside plain inserts in one run, every commit waiting for the disk; then a year.
pub async fn measure(folder: &Path, queries: usize) -> anyhow::Result<Vec<Figure>> {
    let data = folder.join("city");
    std::fs::create_dir_all(&data)?;
    let end = Memory::open(&data)?.end;
    let start = kernel::days::sub_months(kernel::days::taipei_date(end), 6);
    let options = |start| StackOptions { data: data.clone(), start: Some(start), any_port: true };
    let stack = Stack::start(options(kernel::days::at(start, 8, 0))).await?;
    let inserts = log::plain_rate(&stack).await?;
    let mut load = year::ask_at_full_load(&stack, LOAD, CLIENTS).await?;
    stack.stop().await?;
    std::fs::remove_dir_all(&data)?;
    std::fs::create_dir_all(&data)?;
    let end = Memory::open(&data)?.end;
    let stack = Stack::start(options(year::history_start(kernel::days::taipei_date(end)))).await?;
    stack.wait_for_disk(false).await?;
    let begun = Instant::now();
    year::live(&stack, &YearOptions { queries }).await?;
    let lived = begun.elapsed().as_secs_f64();
    stack.stop().await?;
    Ok(vec![
        Figure::higher("queries through the gate over HTTPS, 64 officials", load.per_second, "/s", 0.0),
        Figure::higher(
            "queries ÷ plain inserts, 64 clients, provider included",
            load.per_second / inserts,
            "×",
            0.5,
        ),
        Figure::lower(
            "a query at full load, provider included, p99",
            quantile(&mut load.milliseconds, 0.99),
            "ms",
            5.0,
        ),
        Figure::lower(&format!("simulated year, {queries} queries (design: 40000)"), lived, "s", 120.0),
    ])
}
