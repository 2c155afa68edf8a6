//! The verifier: offline over exported bundles, or read-only over a live database. It reports every break with its
//! position and goes on behind it.
//!
//! Its second input is what the verifier trusts already: heads and receipts kept elsewhere, and a policy of keys of logs and
//! witnesses. Without one the verdict is at best [`Verdict::Unanchored`], because a cut-off end and a wholly rewritten history cannot be seen from rows alone.

mod database;
mod examining;
mod months;
mod orders;
mod rows;
mod succession;
mod trust;

use std::collections::BTreeMap;
use std::io::BufRead;

use serde::{Deserialize, Serialize};

use crate::bundle::{BUNDLE_VERSION, Line};
use crate::entry::Head;
use crate::month::Month;
use examining::Read;
use months::Gap;
use rows::Track;
use transparency::policy::{Distrust, Policy};
use transparency::{Frontier, Hash, Node};
use trust::Trust;

pub use database::{verify_database, verify_logs};
pub use succession::Ended;
pub use trust::Witnessed;

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
    /// A published checkpoint is not signed by the log's key: somebody else wrote on (position: last index under it). Or the key
    /// of a successor is not one that the log before it named (position: 0).
    Signature,
    /// A dense counter of an account or an agency skips or repeats.
    ForgedCounter,
    /// The log ends before a trusted head (position: first missing index).
    Truncated,
    /// The root at a trusted head is another (position: last index under that head).
    HeadMismatch,
    /// A month was dropped without a destruction entry in the governance log (position: its first index). In the governance
    /// log itself: a destruction or an erasure without an order for it (position: its index).
    UnorderedDestruction,
    /// A successor does not name how the log before it ended, or the governance log does not (position: 0).
    Succession,
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

/// Which entries of a log were checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// The first index.
    pub from: u64,
    /// The index after the last.
    pub until: u64,
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
    /// What was checked of each log.
    pub logs: BTreeMap<String, Extent>,
    /// Of each log the checkpoints that the policy's quorum of witnesses had seen, by size.
    pub witnessed: BTreeMap<String, Vec<Witnessed>>,
    /// Logs that ended, as the governance log has it: with entries lost, or for another key.
    pub ended: Vec<Ended>,
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

/// Collects rows of one or more logs and judges them.
#[derive(Debug, Default)]
pub struct Verifier {
    trust: Trust,
    tracks: BTreeMap<String, Track>,
    destroyed: Vec<crate::MonthRange>,
    /// Approved orders of the governance logs by log and index: what they order, and of which entries.
    orders: BTreeMap<(String, u64), (String, crate::MonthRange)>,
    ended: Vec<Ended>,
    openings: Vec<Ended>,
    /// Of successors the keys that the logs before them named.
    next_keys: BTreeMap<String, Vec<Hash>>,
    gaps: Vec<Gap>,
    breaks: Vec<Break>,
    checked: u64,
}

impl Verifier {
    /// A verifier that trusts `heads` (of any logs; receipts have them).
    pub fn new(heads: impl IntoIterator<Item = Head>) -> Self {
        Self { trust: Trust::in_heads(heads), ..Self::default() }
    }

    /// Trusts, besides, checkpoints that `policy` accepts, wherever they are found: in what is verified, or kept elsewhere
    /// and given to [`Self::keep`]. One that the log's key did not sign is then a break.
    #[must_use]
    pub fn under(mut self, policy: Policy) -> Self {
        self.trust.policy = Some(policy);
        self
    }

    /// Takes a checkpoint or a proof of an entry (C2SP) that was kept elsewhere; refused unless the policy accepts it.
    pub fn keep(&mut self, text: &str) -> Result<(), Distrust> {
        self.trust.keep(text)
    }

    /// Checks a bundle. Give the governance log's bundle too where months were destroyed; the order does not matter.
    pub fn bundle(&mut self, mut reader: impl BufRead) -> Result<(), VerifyError> {
        let mut text = Vec::new();
        reader.read_until(b'\n', &mut text)?;
        let Ok(Line::Bundle { version: BUNDLE_VERSION, log, first_kept, from, until, edge }) =
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
        let (mut ended, mut count) = (false, 0);
        while let Some(lines) = examining::next_lines(&mut reader)? {
            for line in examining::all(&lines) {
                match line {
                    Read::Other(Line::End { count: claimed }) if claimed == count && !ended => ended = true,
                    Read::Other(Line::Checkpoint { size, note }) if !ended => {
                        self.checkpoint(&log, size, &note);
                    }
                    Read::Entry(row) if !ended => {
                        count += 1;
                        self.examined(&log, &row);
                    }
                    Read::Bytes if !ended => {
                        count += 1;
                        self.malformed(&log);
                    }
                    _ => self.malformed(&log),
                }
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
        self.judge_openings();
        self.judge_claims();
        let (anchored, witnessed) = self.judge_anchors();
        let verdict = if !self.breaks.is_empty() {
            Verdict::Broken
        } else if self.tracks.keys().all(|log| anchored.contains_key(log)) && !self.tracks.is_empty() {
            Verdict::Intact
        } else {
            Verdict::Unanchored
        };
        self.breaks.sort_by(|a, b| (&a.log, a.index, a.kind).cmp(&(&b.log, b.index, b.kind)));
        self.breaks.dedup();
        let extent = |track: &Track| Extent { from: track.from, until: track.expected };
        let logs = self.tracks.iter().map(|(log, track)| (log.clone(), extent(track))).collect();
        let ended = self.ended;
        VerifyReport { checked: self.checked, breaks: self.breaks, anchored, logs, witnessed, ended, verdict }
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
}
