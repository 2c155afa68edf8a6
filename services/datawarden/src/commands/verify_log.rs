//! `datawarden verify-log`: checks a log and prints every break with its position.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::Args;
use query_log::verify::{Verdict, Verifier, VerifyReport};
use query_log::{Head, verify_database};

/// Options.
#[derive(Args)]
pub struct Options {
    /// Bundle files (exported with `export_log`).
    bundles: Vec<PathBuf>,
    /// A database instead of bundles; read only.
    #[arg(long)]
    database: Option<String>,
    /// What you trust already: a file with heads or receipts (JSON lines). Without it the verdict is «unanchored».
    #[arg(long)]
    trusted: Option<PathBuf>,
}

/// Runs the command; fails when the log is broken.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let heads = options.trusted.as_deref().map(trusted).transpose()?.unwrap_or_default();
    let report = match &options.database {
        Some(url) => verify_database(url, &["three-year", "five-year", "governance"], heads).await?,
        None => {
            let mut verifier = Verifier::new(heads);
            for path in &options.bundles {
                verifier.bundle(BufReader::new(File::open(path)?))?;
            }
            verifier.finish()
        }
    };
    print(&report);
    anyhow::ensure!(report.verdict != Verdict::Broken, "the log is broken in {} places", report.breaks.len());
    Ok(())
}

/// The heads in a file of heads or receipts.
pub(super) fn trusted(path: &Path) -> anyhow::Result<Vec<Head>> {
    let reader = BufReader::new(File::open(path)?);
    Ok(serde_json::Deserializer::from_reader(reader).into_iter::<Head>().collect::<Result<_, _>>()?)
}

fn print(report: &VerifyReport) {
    super::say(format!("checked: {:?}", report.checked));
    for found in &report.breaks {
        super::say(format!("BREAK {found:?}"));
    }
    super::say(format!("verdict: {:?}", report.verdict));
}
