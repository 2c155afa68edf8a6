//! `datawarden openapi`: the committed documents under docs/openapi are what agencies build on.

use std::fs;
use std::path::PathBuf;

use clap::Args;

use crate::stack::services;

/// Options.
#[derive(Args)]
pub struct Options {
    /// Folder of the documents.
    #[arg(long, default_value = "docs/openapi")]
    dir: PathBuf,
    /// Write the documents.
    #[arg(long, conflicts_with = "check")]
    write: bool,
    /// Fail when a committed document is not what the code says.
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut drifted = vec![];
    for service in services() {
        let text = format!("{}\n", serde_json::to_string_pretty(&service.document()?)?);
        let path = options.dir.join(format!("{}.json", service.name));
        if options.write {
            fs::create_dir_all(&options.dir)?;
            fs::write(&path, text)?;
        } else if options.check {
            if fs::read_to_string(&path).unwrap_or_default() != text {
                drifted.push(path.display().to_string());
            }
        } else {
            super::say(text);
        }
    }
    anyhow::ensure!(drifted.is_empty(), "run `make openapi` and commit: {}", drifted.join(", "));
    Ok(())
}
