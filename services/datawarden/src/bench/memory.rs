//! Start and memory.

use std::path::Path;
use std::time::Instant;

use super::{Figure, quantile};
use crate::stack::{Stack, StackOptions};

/// Starts the suite on an empty folder, stops it, and starts it again: the second start is the one that counts.
pub async fn start_twice(folder: &Path) -> anyhow::Result<(Stack, Vec<Figure>)> {
    let options = || StackOptions { data: folder.to_owned(), start: None, any_port: true };
    Stack::start(options()).await?.stop().await?;
    let begun = Instant::now();
    let stack = Stack::start(options()).await?;
    let all = begun.elapsed().as_secs_f64();
    let mut each: Vec<f64> = stack.start_seconds().to_vec();
    let figures = vec![
        Figure::lower(
            "slowest service: start to ready, existing database",
            quantile(&mut each, 1.0),
            "s",
            1.0,
        ),
        Figure::lower("all services, PostgreSQL and city in one process: start", all, "s", 20.0),
        Figure::lower(
            "memory at rest, all services and the city in one process",
            resident_mb(std::process::id())?,
            "MB",
            5.0 * 64.0,
        ),
    ];
    Ok((stack, figures))
}

/// The resident memory of the process `id` in MB.
pub fn resident_mb(id: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let kb = status
        .lines()
        .find_map(|l| l.strip_prefix("VmRSS:"))
        .and_then(|l| l.trim().trim_end_matches(" kB").trim().parse::<f64>().ok())
        .ok_or_else(|| anyhow::anyhow!("no VmRSS"))?;
    Ok(kb / 1024.0)
}
