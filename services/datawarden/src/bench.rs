//! `datawarden bench`: what the suite costs, measured on this machine in one run, goals beside the figures. Ratios
//! compare within the run; nothing here asserts a time.

use std::path::Path;

mod city;
mod decision;
mod figure;
mod gate;
pub mod log;
mod memory;
mod refusal;
mod revocation;
mod tokens;

pub use figure::{Better, Figure, add};
use figure::{print, quantile, write};
pub use memory::resident_mb;

/// Measures everything and writes the table to `out` as JSON; the simulated year has so many honest `queries`.
pub async fn run(out: &Path, queries: usize) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut figures = tokens::measure()?;
    figures.extend(revocation::measure()?);
    figures.extend(decision::measure()?);
    let (stack, starts) = memory::start_twice(folder.path()).await?;
    figures.extend(starts);
    figures.extend(gate::projection(&stack).await?);
    figures.extend(refusal::measure(&stack).await?);
    stack.stop().await?;
    figures.extend(city::measure(folder.path(), queries).await?);
    print(&figures);
    write(out, &figures)
}
