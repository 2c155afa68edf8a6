//! Writes the seeds of every target: `fuzz-seeds FOLDER` makes `FOLDER/TARGET/seed-N`, and prints the targets' names.

use std::io::Write as _;
use std::path::PathBuf;

use fuzz_parsers::{Seeds, TARGETS};

fn main() -> anyhow::Result<()> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or_else(|| anyhow::anyhow!("usage: fuzz-seeds FOLDER"))?;
    let seeds = Seeds::new()?;
    for target in TARGETS {
        let folder = folder.join(target.name);
        std::fs::create_dir_all(&folder)?;
        for (number, seed) in (target.seeds)(&seeds)?.into_iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
        writeln!(std::io::stdout(), "{}", target.name)?;
    }
    Ok(())
}
