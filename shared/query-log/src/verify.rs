//! The verifier: offline over exported bundles, or read-only over a live database. It reports every break with its
//! position and goes on behind it.
//!
//! Its second input are trusted heads: a [`Head`] or [`crate::Receipt`] kept elsewhere. Without one the verdict is at
//! best [`Verdict::Unanchored`], because a cut-off end and a wholly rewritten history cannot be seen from rows alone.

mod database;
mod months;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::bundle::{BUNDLE_VERSION, Line};
use crate::entry::Head;
use crate::month::Month;
use months::Gap;
use rows::Track;
use transparency::checkpoint::Checkpoint;
use transparency::{Frontier, Hash, Node};

pub use database::verify_database;

/// What is broken at a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BreakKind {
    /// Header bytes do not give the leaf hash, are not canonical, or differ from the indexed columns.
    AlteredHeader,
    /// The body is missing, was added, or does not give the hash in the header.
    AlteredBody,
    /// An entry is missing.
    Removed,
    /// An entry stands where another stands already, or past the head.
    Inserted,
    /// An entry stands at a place that its header does not name, or out of order.
    Reordered,
    /// A stored hash of the tree is not that of the entries (position: the first entry under a subtree, the last under a
    /// head).
    Tree,
    /// A published checkpoint cannot be read, or says something else of the tree (position: last index under it).
    Checkpoint,
    /// A dense counter of an account or an agency skips or repeats.
    ForgedCounter,
    /// The log ends before a trusted head (position: first missing index).
    Truncated,
    /// The root at a trusted head is another (position: last index under that head).
    HeadMismatch,
    /// A month was dropped without a destruction entry in the governance log (position: its first index).
    UnorderedDestruction,
    /// The manifest that begins a month does not fit the month before.
    Manifest,
    /// The time of recording goes backwards.
    Clock,
    /// A line of the bundle is not readable (position: the index expected there).
    Malformed,
}

/// A break and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Break {
    /// The log.
    pub log: String,
    /// The position.
    pub index: u64,
    /// What is broken.
    pub kind: BreakKind,
    /// The same in words; never personal data.
    pub detail: String,
}

/// The outcome in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No break, and every log reaches a trusted head.
    Intact,
    /// No break, but at least one log has no trusted head.
    Unanchored,
    /// At least one break.
    Broken,
}

/// The outcome of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyReport {
    /// Entries checked.
    pub checked: u64,
    /// Every break, by log and position.
    pub breaks: Vec<Break>,
    /// Size of the largest trusted head that each anchored log agreed with; later entries are proved by nothing yet.
    pub anchored: BTreeMap<String, u64>,
    /// The outcome.
    pub verdict: Verdict,
}

/// The verification could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The bundle cannot be read.
    #[error("the bundle cannot be read")]
    Read(#[from] std::io::Error),
    /// The first line is not that of a bundle, or of a version that this program knows.
    #[error("this is no bundle of a known version")]
    NoBundle,
    /// The database cannot be read.
    #[error("the database cannot be read")]
    Database(#[from] diesel::result::Error),
    /// The database cannot be reached.
    #[error("the database cannot be reached")]
    Unavailable,
}

/// An entry as it stands in a bundle or table, not yet trusted in anything.
#[derive(Debug, Clone)]
pub struct Row {
    /// Position.
    pub index: u64,
    /// Month of its partition.
    pub month: Month,
    /// Header bytes.
    pub header: Vec<u8>,
    /// Leaf hash as stored.
    pub leaf_hash: Hash,
    /// Encrypted body.
    pub body: Option<Vec<u8>>,
}

/// What the source itself says of the tree at a size.
#[derive(Debug)]
struct Claim {
    size: u64,
    /// `None`: unreadable, and so always wrong.
    root: Option<Hash>,
    what: &'static str,
    kind: BreakKind,
}

/// Collects rows of one or more logs and judges them.
#[derive(Debug, Default)]
pub struct Verifier {
    trusted: BTreeMap<String, Vec<Head>>,
    claims: BTreeMap<String, Vec<Claim>>,
    /// The sizes at which a root is to be noted.
    asked: BTreeMap<String, BTreeSet<u64>>,
    tracks: BTreeMap<String, Track>,
    destroyed: Vec<crate::MonthRange>,
    gaps: Vec<Gap>,
    breaks: Vec<Break>,
    checked: u64,
}

impl Verifier {
    /// A verifier that trusts `heads` (of any logs; receipts turn into heads).
    pub fn new(heads: impl IntoIterator<Item = Head>) -> Self {
        let mut trusted: BTreeMap<String, Vec<Head>> = BTreeMap::new();
        let mut asked: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        for head in heads {
            asked.entry(head.log.clone()).or_default().insert(head.size);
            trusted.entry(head.log.clone()).or_default().push(head);
        }
        for heads in trusted.values_mut() {
            heads.sort_by_key(|head| head.size);
        }
        Self { trusted, asked, ..Self::default() }
    }

    /// Checks a bundle. Give the governance log's bundle too where months were destroyed; the order does not matter.
    pub fn bundle(&mut self, mut reader: impl BufRead) -> Result<(), VerifyError> {
        let mut text = Vec::new();
        reader.read_until(b'\n', &mut text)?;
        let Ok(Line::Bundle { version: BUNDLE_VERSION, log, first_kept, from, until, edge, checkpoint }) =
            serde_json::from_slice(&text)
        else {
            return Err(VerifyError::NoBundle);
        };
        let edge = Frontier::from_parts(from, edge).ok_or(VerifyError::NoBundle)?;
        if first_kept < from {
            self.gaps.extend(Gap::beginning(&log, first_kept, None));
            self.tracks.insert(log.clone(), Track::new(edge));
        } else {
            self.begin(&log, edge);
        }
        if let Some(checkpoint) = checkpoint {
            self.checkpoint(&log, None, &checkpoint);
        }
        let (mut ended, mut count) = (false, 0);
        loop {
            text.clear();
            if reader.read_until(b'\n', &mut text)? == 0 {
                break;
            }
            match serde_json::from_slice::<Line>(&text) {
                Ok(Line::End { count: claimed }) if claimed == count && !ended => ended = true,
                Ok(line @ Line::Entry { .. }) if !ended => {
                    count += 1;
                    match row(line) {
                        Some(row) => self.row(&log, row),
                        None => self.malformed(&log),
                    }
                }
                _ => self.malformed(&log),
            }
        }
        self.end(&log, until);
        if !ended {
            let index = self.expected(&log);
            self.report(&log, index, BreakKind::Truncated, "the bundle has no end line for its entries");
        }
        Ok(())
    }

    /// Starts a log behind the entries under `edge`, which must have been destroyed.
    fn begin(&mut self, log: &str, edge: Frontier) {
        self.gaps.extend(Gap::beginning(log, edge.size(), Some(edge.root())));
        self.tracks.insert(log.to_owned(), Track::new(edge));
    }

    /// Notes that the source says the tree to have `root` at `size`; nothing is trusted in it.
    fn claim(&mut self, log: &str, size: u64, root: Option<Hash>, what: &'static str) {
        self.ask(log, Claim { size, root, what, kind: BreakKind::Tree });
    }

    /// Notes a published checkpoint, which should be of `size`.
    fn checkpoint(&mut self, log: &str, size: Option<u64>, note: &str) {
        let read = Checkpoint::parse(note).ok().filter(|c| c.origin.rsplit('/').next() == Some(log));
        let fits = read.filter(|c| size.is_none_or(|size| c.size == size));
        let (kind, what) = (BreakKind::Checkpoint, "a published checkpoint");
        let size = fits.as_ref().map(|c| c.size).or(size).unwrap_or_else(|| self.expected(log));
        self.ask(log, Claim { size, root: fits.map(|c| c.root), what, kind });
    }

    fn ask(&mut self, log: &str, claim: Claim) {
        self.asked.entry(log.to_owned()).or_default().insert(claim.size);
        self.claims.entry(log.to_owned()).or_default().push(claim);
    }

    /// The subtrees that were completed since this was asked last.
    fn completed(&mut self, log: &str) -> Vec<(Node, Hash)> {
        self.tracks.get_mut(log).map(|track| std::mem::take(&mut track.completed)).unwrap_or_default()
    }

    /// Notes that the source claims the log to end before index `until`.
    fn end(&mut self, log: &str, until: u64) {
        let expected = self.expected(log);
        if expected < until {
            // A month can be destroyed only after a later entry closed it: a missing end is never a destruction.
            self.report(log, expected, BreakKind::Truncated, "the log ends before the head that it names");
        }
    }

    /// Judges what could not be judged row by row, and gives the report.
    pub fn finish(mut self) -> VerifyReport {
        self.judge_gaps();
        self.judge_claims();
        let anchored = self.judge_anchors();
        let verdict = if !self.breaks.is_empty() {
            Verdict::Broken
        } else if self.tracks.keys().all(|log| anchored.contains_key(log)) && !self.tracks.is_empty() {
            Verdict::Intact
        } else {
            Verdict::Unanchored
        };
        self.breaks.sort_by(|a, b| (&a.log, a.index, a.kind).cmp(&(&b.log, b.index, b.kind)));
        self.breaks.dedup();
        VerifyReport { checked: self.checked, breaks: self.breaks, anchored, verdict }
    }

    fn judge_anchors(&mut self) -> BTreeMap<String, u64> {
        let mut anchored = BTreeMap::new();
        let trusted = std::mem::take(&mut self.trusted);
        for (log, heads) in &trusted {
            let Some(track) = self.tracks.get(log) else { continue };
            let (expected, met) = (track.expected, track.met.clone());
            for head in heads {
                match met.get(&head.size) {
                    Some(root) if *root == head.root_hash => {
                        anchored.insert(log.clone(), head.size);
                    }
                    Some(_) => {
                        let last = head.size.saturating_sub(1);
                        self.report(log, last, BreakKind::HeadMismatch, "a trusted head has another root");
                    }
                    None if head.size > expected => {
                        self.report(
                            log,
                            expected,
                            BreakKind::Truncated,
                            "a trusted head names later entries",
                        );
                    }
                    // Before the extract, or inside a destroyed month: says nothing about what is here.
                    None => {}
                }
            }
        }
        anchored
    }

    fn expected(&self, log: &str) -> u64 {
        self.tracks.get(log).map_or(0, |track| track.expected)
    }

    fn malformed(&mut self, log: &str) {
        let index = self.expected(log);
        self.report(log, index, BreakKind::Malformed, "a line is not readable");
    }

    fn report(&mut self, log: &str, index: u64, kind: BreakKind, detail: impl Into<String>) {
        self.breaks.push(Break { log: log.to_owned(), index, kind, detail: detail.into() });
    }

    /// Whether something is known of the tree at this size.
    fn asks_for(&self, log: &str, size: u64) -> bool {
        self.asked.get(log).is_some_and(|sizes| sizes.contains(&size))
    }

    /// What the source says of its own tree, where the tree is known.
    fn judge_claims(&mut self) {
        for (log, claims) in std::mem::take(&mut self.claims) {
            for Claim { size, root, what, kind } in claims {
                let met = self.tracks.get(&log).and_then(|track| track.met.get(&size)).copied();
                if met.is_some_and(|met| root != Some(met)) {
                    let detail = format!("{what} does not have the root of the entries before it");
                    self.report(&log, size.saturating_sub(1), kind, detail);
                }
            }
        }
    }
}

fn row(line: Line) -> Option<Row> {
    let Line::Entry { index, month, version, header, leaf_hash, body } = line else {
        return None;
    };
    let mut bytes = vec![version];
    bytes.extend_from_slice(header.as_bytes());
    let body = body.map(|text| STANDARD.decode(text)).transpose().ok()?;
    Some(Row { index, month, header: bytes, leaf_hash, body })
}
