//! `datawarden verify-endorsement`: checks one endorsement (核章) offline, years later, and dates it against a revocation
//! of its card.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use chrono::{DateTime, Duration};
use clap::Args;
use identity::examine::{Case, Check, Finding, Logged, Revoked, Verdict, judge, stamp};
use identity::{EndorsementBundle, TrustAnchors};
use kernel::{Clock as _, Instant, SystemClock};
use query_log::bundle::Line;
use query_log::verify::{Verifier, VerifyReport};
use query_log::{Hash, Header};
use serde::Deserialize;
use serde_json::Value;

use super::say;
use super::verify_log::Trusting;

/// How far the clocks of two services may be apart.
const CLOCKS_APART: Duration = Duration::minutes(1);

/// Options.
#[derive(Args)]
pub struct Options {
    /// The bundle, as `get_endorsement_evidence` answers it.
    bundle: PathBuf,
    /// Folder with the trusted roots (`citizen.pem`, `agency.pem` …).
    #[arg(long)]
    roots: PathBuf,
    /// What was endorsed (JSON), where the bundle does not hold it; of a list each item, with its `salt` inside.
    #[arg(long)]
    content: Vec<PathBuf>,
    /// The salt of a content that does not hold it, 64 hexadecimal digits; for one content alone.
    #[arg(long)]
    salt: Option<String>,
    /// Bundle of the governance log, which dates the endorsement.
    #[arg(long)]
    log: Option<PathBuf>,
    #[command(flatten)]
    trusting: Trusting,
    /// A revocation list from after the signing, DER or PEM.
    #[arg(long)]
    crl: Option<PathBuf>,
    /// When the card was revoked, where that is known otherwise (RFC 3339).
    #[arg(long)]
    revoked_at: Option<Instant>,
    /// The moment of the examination (RFC 3339); now unless told.
    #[arg(long)]
    at: Option<Instant>,
    /// Seconds past its `nextUpdate` during which the service still took a list.
    #[arg(long, default_value_t = 0)]
    grace: u32,
}

/// One bundle, or an answer with several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    Many { items: Vec<EndorsementBundle> },
    One(Box<EndorsementBundle>),
}

/// Runs the command; fails when an endorsement does not stand.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let bundles = match serde_json::from_slice(&read(&options.bundle)?).context("the bundle")? {
        Given::Many { items } => items,
        Given::One(bundle) => vec![*bundle],
    };
    ensure!(!bundles.is_empty(), "the bundle holds no endorsement");
    let anchors = TrustAnchors::from_dir(&options.roots)?;
    let contents = contents(options)?;
    let mut standing = 0;
    for bundle in &bundles {
        say(format!("endorsement {}", bundle.digest));
        let verdict = verify(options, bundle, &anchors, &contents)?;
        say(format!("verdict: {}", verdict.english));
        say(format!("結論：{}", verdict.chinese));
        standing += usize::from(verdict.stands);
    }
    ensure!(
        standing == bundles.len(),
        "{} of {} endorsements do not stand",
        bundles.len() - standing,
        bundles.len()
    );
    Ok(())
}

fn verify(
    options: &Options,
    bundle: &EndorsementBundle,
    anchors: &TrustAnchors,
    contents: &[(Value, Option<[u8; 32]>)],
) -> anyhow::Result<Verdict> {
    let now = options.at.unwrap_or_else(|| SystemClock.now());
    let grace = Duration::seconds(options.grace.into());
    let case = Case { bundle, contents, anchors, grace, now };
    let found = case.examine();
    let mut checks = found.checks;
    let by_hand = options.revoked_at.map(|since| Revoked { since, reason: None, invalid_since: None });
    let mut revoked = by_hand;
    if let (Some(path), Some(card)) = (&options.crl, &found.card) {
        let (check, listed) = case.revocation(card, &read(path)?);
        checks.push(check);
        // A list says more than a moment alone; of two moments the earlier one counts.
        revoked = match (listed, revoked) {
            (Some(listed), Some(told)) if told.since < listed.since => {
                Some(Revoked { since: told.since, ..listed })
            }
            (listed, told) => listed.or(told),
        };
    }
    let mut logged = None;
    if let Some(path) = &options.log {
        let in_log = in_log(&read(path)?, options.trusting.verifier()?, bundle)?;
        logged = in_log.as_ref().ok().map(|(_, logged)| logged.clone());
        checks.push(Check::new("log", in_log.map(|(text, _)| text)));
    }
    checks.iter().for_each(print);
    Ok(judge(&checks, found.has_evidence, logged.as_ref(), revoked.as_ref()))
}

/// Where a verified bundle of the log holds the record, or why it does not.
fn in_log(
    bytes: &[u8],
    mut verifier: Verifier,
    bundle: &EndorsementBundle,
) -> anyhow::Result<Result<(String, Logged), String>> {
    verifier.bundle(bytes)?;
    let report = verifier.finish();
    if let Some(found) = report.breaks.first() {
        return Ok(Err(format!("broken at entry {} of {}: {}", found.index, found.log, found.detail)));
    }
    let wanted: Hash = match bundle.digest.parse() {
        Ok(wanted) => wanted,
        Err(_) => return Ok(Err("the bundle's digest is none".to_owned())),
    };
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let Line::Entry { header, leaf_hash, .. } = serde_json::from_slice(line)? else { continue };
        let header: Header = serde_json::from_str(&header)?;
        if header.digests.get("act") != Some(&wanted) {
            continue;
        }
        if header.recorded_at + CLOCKS_APART < bundle.record.accepted_at {
            return Ok(Err("its entry is older than the moment when it was taken".to_owned()));
        }
        let anchor = match report.anchored.get(&header.log) {
            Some(size) if *size > header.index => "under a head that you trust",
            _ => "under no head that you trust",
        };
        let (index, log, at) = (header.index, &header.log, stamp(header.recorded_at));
        let text = format!("entry {index} of {log}, recorded {at}, leaf hash {leaf_hash}, {anchor}");
        let own = Logged { at: header.recorded_at, size: index + 1, witnessed: false };
        return Ok(Ok((text, first_seen(&report, &header).unwrap_or(own))));
    }
    Ok(Err("it has no entry of this endorsement".to_owned()))
}

/// The first head over the entry that witnesses had seen. The moment at which they had counts, not the log's own.
fn first_seen(report: &VerifyReport, header: &Header) -> Option<Logged> {
    let seen = report.witnessed.get(&header.log)?.iter().filter(|seen| seen.size > header.index);
    let first = seen.min_by_key(|seen| seen.at)?;
    let at = DateTime::from_timestamp(i64::try_from(first.at).ok()?, 0)?;
    Some(Logged { at, size: first.size, witnessed: true })
}

fn contents(options: &Options) -> anyhow::Result<Vec<(Value, Option<[u8; 32]>)>> {
    ensure!(options.salt.is_none() || options.content.len() == 1, "--salt is for one --content");
    let salt = options.salt.as_deref().map(hex::decode).transpose().context("--salt")?;
    let salt = salt.map(<[u8; 32]>::try_from).transpose();
    let salt = salt.map_err(|_| anyhow::anyhow!("--salt: 64 hexadecimal digits"))?;
    let content = |path: &PathBuf| {
        let value = serde_json::from_slice(&read(path)?);
        anyhow::Ok((value.with_context(|| path.display().to_string())?, salt))
    };
    options.content.iter().map(content).collect()
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| path.display().to_string())
}

fn print(check: &Check) {
    let (mark, text) = match &check.finding {
        Finding::Good(text) => ("ok    ", text),
        Finding::Bad(text) => ("FAILED", text),
        Finding::Open(text) => ("-     ", text),
    };
    say(format!("  {mark} {}: {text}", check.what));
}
