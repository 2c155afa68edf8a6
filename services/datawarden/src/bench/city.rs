//! The sample city at work: the whole simulated year.

use std::path::Path;
use std::time::Instant;

use super::Figure;
use crate::stack::{Memory, Stack, StackOptions};
use crate::year;

/// On fresh data below `folder`.
pub async fn measure(folder: &Path, queries: usize) -> anyhow::Result<Vec<Figure>> {
    let data = folder.join("city");
    std::fs::create_dir_all(&data)?;
    let end = Memory::open(&data)?.end;
    let start = Some(year::history_start(kernel::days::taipei_date(end)));
    let stack = Stack::start(StackOptions { data, start, any_port: true }).await?;
    stack.wait_for_disk(false).await?;
    let begun = Instant::now();
    year::live(&stack, queries).await?;
    let lived = begun.elapsed().as_secs_f64();
    stack.stop().await?;
    Ok(vec![Figure::lower(&format!("simulated year, {queries} queries (design: 40000)"), lived, "s", 120.0)])
}
