//! `datawarden bench-log`: what the query log reaches beside plain PostgreSQL and the bare disk, in one run. Everything is
//! durable before it is acknowledged; every acknowledged entry is read back, and one proof in a hundred is verified by
//! another's code.

use std::path::Path;

use super::{Figure, add};
use crate::commands::say;

mod costs;
mod cpu;
mod disk;
mod engine;
mod gate;
mod lap;
mod plain;
mod proofs;
mod relay;
mod rounds;
mod samples;
mod stage;
mod verifying;

use stage::Stage;

/// A part of the measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Goals 1–4: engine, plain PostgreSQL and a file, in rounds; what an entry costs.
    Engine,
    /// Goals 6 and 7: proofs without a database.
    Proofs,
    /// Goal 8: draws.
    Samples,
    /// Goals 5, 6 and 9: the whole suite.
    Suite,
}

/// Measures everything, or one part, and adds it to the figures in `out`; samples are drawn from a log of so many entries
/// (`rows`).
pub async fn run(out: &Path, rows: u64, only: Option<Part>) -> anyhow::Result<()> {
    let wanted = |part| only.is_none_or(|only| only == part);
    let folder = tempfile::tempdir()?;
    let (median, p99) = disk::fdatasync(folder.path())?;
    let load = disk::load_average()?;
    say(format!("fdatasync of 4 KiB: p50 {median:.3} ms, p99 {p99:.3} ms; load average {load:.1}"));
    let mut figures = vec![Figure::noted("fdatasync of 4 KiB, p50", median, "ms")];
    if only != Some(Part::Suite) {
        let stage = Stage::open(folder.path()).await?;
        if wanted(Part::Engine) {
            figures.extend(rounds::measure(&stage).await?);
        }
        if wanted(Part::Proofs) {
            figures.extend(verifying::measure(&stage).await?);
        }
        if wanted(Part::Samples) {
            figures.extend(samples::measure(stage, rows).await?);
        }
    }
    if wanted(Part::Suite) {
        let city = tempfile::tempdir()?;
        figures.extend(gate::measure(city.path()).await?);
    }
    add(out, &figures)
}
