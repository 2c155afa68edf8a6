//! `datawarden verify-log`: checks a log and prints every break with its position.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::DateTime;
use clap::Args;
use query_log::Head;
use query_log::verify::{Ended, Verdict, Verifier, VerifyReport, verify_logs};
use transparency::policy::Policy;

use super::say;

/// What is trusted already. Without any of it the verdict is «unanchored»: a cut-off end and a wholly rewritten history cannot
/// be seen from a log alone.
#[derive(Args)]
pub struct Trusting {
    /// A file with heads or receipts that you kept (JSON lines).
    #[arg(long)]
    trusted: Option<PathBuf>,
    /// Keys of logs and witnesses, and the quorum that you want: a C2SP tlog-policy.
    #[arg(long)]
    policy: Option<PathBuf>,
    /// Checkpoints and proofs that you kept (C2SP tlog-checkpoint, tlog-proof); each must satisfy the policy.
    #[arg(long, requires = "policy")]
    kept: Vec<PathBuf>,
}

impl Trusting {
    /// A verifier that trusts all this.
    pub fn verifier(&self) -> anyhow::Result<Verifier> {
        let heads = self.trusted.as_deref().map(heads).transpose()?.unwrap_or_default();
        let mut verifier = Verifier::new(heads);
        if let Some(path) = &self.policy {
            let policy: Policy = read(path)?.parse().with_context(|| path.display().to_string())?;
            verifier = verifier.under(policy);
        }
        for path in &self.kept {
            verifier.keep(&read(path)?).with_context(|| path.display().to_string())?;
        }
        Ok(verifier)
    }
}

/// Options.
#[derive(Args)]
pub struct Options {
    /// Bundle files (exported with `export_log`): of the log, and of the governance log where months were destroyed.
    bundles: Vec<PathBuf>,
    /// A database instead of bundles; read only.
    #[arg(long, conflicts_with = "bundles")]
    database: Option<String>,
    #[command(flatten)]
    trusting: Trusting,
}

/// Runs the command; fails when the log is broken.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let mut verifier = options.trusting.verifier()?;
    let report = match &options.database {
        Some(url) => verify_logs(url, &[], verifier).await?,
        None => {
            anyhow::ensure!(!options.bundles.is_empty(), "name bundles, or a --database");
            for path in &options.bundles {
                let file = File::open(path).with_context(|| path.display().to_string())?;
                verifier.bundle(BufReader::new(file)).with_context(|| path.display().to_string())?;
            }
            verifier.finish()
        }
    };
    print(&report);
    anyhow::ensure!(report.verdict != Verdict::Broken, "the log is broken in {} places", report.breaks.len());
    Ok(())
}

fn heads(path: &Path) -> anyhow::Result<Vec<Head>> {
    let reader = BufReader::new(File::open(path).with_context(|| path.display().to_string())?);
    let heads = serde_json::Deserializer::from_reader(reader).into_iter::<Head>().collect::<Result<_, _>>();
    heads.with_context(|| path.display().to_string())
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

fn print(report: &VerifyReport) {
    say(format!("entries checked: {}", report.checked));
    for (log, checked) in &report.logs {
        let anchor = match report.anchored.get(log) {
            Some(size) if *size == checked.until => "all under a head that you trust".to_owned(),
            Some(size) => format!("under a head that you trust up to entry {}", size.saturating_sub(1)),
            None => "under no head that you trust".to_owned(),
        };
        say(format!("  {log}: entries {} to {}, {anchor}", checked.from, checked.until.saturating_sub(1)));
        let seen = report.witnessed.get(log).and_then(|seen| seen.last());
        if let Some(seen) = seen {
            let at = i64::try_from(seen.at).ok().and_then(|at| DateTime::from_timestamp(at, 0));
            let at = at.map(|at| at.to_rfc3339()).unwrap_or_default();
            say(format!("    seen by the quorum of witnesses: {} entries by {at}", seen.size));
        }
    }
    for Ended { log, size, lost, told_in, told_at, .. } in &report.ended {
        let how = match lost {
            0 => format!("{log} ended with {size} entries, for a successor with another key"),
            lost => format!("LOST entries {size} to {} of {log}", size + lost - 1),
        };
        say(format!("  {how}: two persons accepted that, entry {told_at} of {told_in}"));
    }
    for found in &report.breaks {
        say(format!("  BREAK {:?} at entry {} of {}: {}", found.kind, found.index, found.log, found.detail));
    }
    let (english, chinese) = match report.verdict {
        Verdict::Intact => ("intact", "日誌完整"),
        Verdict::Unanchored => (
            "unanchored: no break, but nothing that you trust vouches for the end and the history",
            "未見破綻，惟無可信之錨點：無從排除截尾或全盤改寫",
        ),
        Verdict::Broken => ("BROKEN", "日誌遭竄改或毀損"),
    };
    say(format!("verdict: {english}"));
    say(format!("結論：{chinese}"));
}
