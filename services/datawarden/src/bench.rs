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
use figure::{head, quantile, show, write};
pub use memory::resident_mb;

/// Measures everything, shows each part's figures as soon as they are there and writes all to `out` as JSON; the simulated
/// year has so many honest `queries`.
pub async fn run(out: &Path, queries: usize) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut figures = vec![];
    let mut take = |part: Vec<Figure>| {
        part.iter().for_each(show);
        figures.extend(part);
    };
    head();
    take(tokens::measure()?);
    take(revocation::measure()?);
    take(decision::measure()?);
    let (stack, starts) = memory::start_twice(folder.path()).await?;
    take(starts);
    take(gate::projection(&stack).await?);
    take(refusal::measure(&stack).await?);
    stack.stop().await?;
    take(city::measure(folder.path(), queries).await?);
    write(out, &figures)
}
