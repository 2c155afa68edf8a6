//! What the tree of a log is compared with: heads that the verifier trusts, and what the source says of itself.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use transparency::Hash;
use transparency::checkpoint::Checkpoint;
use transparency::entry_proof::EntryProof;
use transparency::policy::{Distrust, Policy, Trusted};

use super::{BreakKind, Verifier};
use crate::entry::Head;

/// A head that a quorum of witnesses had seen by a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witnessed {
    /// Number of entries under it.
    pub size: u64,
    /// By when: seconds since 1970-01-01T00:00:00Z.
    pub at: u64,
}

/// A head that is trusted.
#[derive(Debug, Clone)]
struct Anchor {
    size: u64,
    root: Hash,
    witnessed_at: Option<u64>,
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

/// Everything that the trees are compared with.
#[derive(Debug, Default)]
pub(super) struct Trust {
    pub policy: Option<Policy>,
    anchors: BTreeMap<String, Vec<Anchor>>,
    claims: BTreeMap<String, Vec<Claim>>,
    /// The sizes at which a root is to be noted.
    asked: BTreeMap<String, BTreeSet<u64>>,
}

/// The name of the log behind an origin.
fn log_of(checkpoint: &Checkpoint) -> &str {
    checkpoint.origin.rsplit('/').next().unwrap_or_default()
}

impl Trust {
    pub fn in_heads(heads: impl IntoIterator<Item = Head>) -> Self {
        let mut trust = Self::default();
        for head in heads {
            trust.anchor(&head.log, Anchor { size: head.size, root: head.root_hash, witnessed_at: None });
        }
        trust
    }

    /// Takes a checkpoint, or the one in a proof.
    pub fn keep(&mut self, text: &str) -> Result<(), Distrust> {
        let proof = EntryProof::parse(text).ok();
        let note = proof.as_ref().map_or(text, |proof| proof.checkpoint.as_str());
        let none = Policy::unwitnessed(vec![]);
        let trusted = self.policy.as_ref().unwrap_or(&none).judge(note)?;
        self.trust_in(trusted);
        Ok(())
    }

    /// Whether something is known of the tree at this size.
    pub fn asks_for(&self, log: &str, size: u64) -> bool {
        self.asked.get(log).is_some_and(|sizes| sizes.contains(&size))
    }

    fn trust_in(&mut self, trusted: Trusted) {
        let Trusted { checkpoint, witnessed_at, .. } = trusted;
        let log = log_of(&checkpoint).to_owned();
        self.anchor(&log, Anchor { size: checkpoint.size, root: checkpoint.root, witnessed_at });
    }

    fn anchor(&mut self, log: &str, anchor: Anchor) {
        self.asked.entry(log.to_owned()).or_default().insert(anchor.size);
        self.anchors.entry(log.to_owned()).or_default().push(anchor);
    }

    fn claim(&mut self, log: &str, claim: Claim) {
        self.asked.entry(log.to_owned()).or_default().insert(claim.size);
        self.claims.entry(log.to_owned()).or_default().push(claim);
    }
}

impl Verifier {
    /// Notes that the source says the tree to have `root` at `size`; nothing is trusted in it.
    pub(super) fn claim(&mut self, log: &str, size: u64, root: Option<Hash>, what: &'static str) {
        self.trust.claim(log, Claim { size, root, what, kind: BreakKind::Tree });
    }

    /// Notes a published checkpoint of `size`: the policy may make it an anchor, and the tree must fit it in any case.
    pub(super) fn checkpoint(&mut self, log: &str, size: u64, note: &str) {
        let read = Checkpoint::parse(note).ok().filter(|c| log_of(c) == log && c.size == size);
        if let Some(policy) = &self.trust.policy {
            match policy.judge(note) {
                Ok(trusted) if read.is_some() => self.trust.trust_in(trusted),
                // Signed by the log, but seen by too few: it says something, and anchors nothing.
                Ok(_) | Err(Distrust::Quorum) => {}
                Err(Distrust::Note(error)) => {
                    let detail = format!("a published checkpoint is not the log's own: {error}");
                    self.report(log, size.saturating_sub(1), BreakKind::Signature, detail);
                }
            }
        }
        let (root, kind) = (read.map(|c| c.root), BreakKind::Checkpoint);
        self.trust.claim(log, Claim { size, root, what: "a published checkpoint", kind });
    }

    /// What the source says of its own tree, where the tree is known.
    pub(super) fn judge_claims(&mut self) {
        for (log, claims) in std::mem::take(&mut self.trust.claims) {
            for Claim { size, root, what, kind } in claims {
                let met = self.tracks.get(&log).and_then(|track| track.met.get(&size)).copied();
                if met.is_some_and(|met| root != Some(met)) {
                    let detail = format!("{what} does not have the root of the entries before it");
                    self.report(&log, size.saturating_sub(1), kind, detail);
                }
            }
        }
    }

    /// Of each log the largest trusted head that its tree agrees with, and what witnesses had seen of it.
    pub(super) fn judge_anchors(&mut self) -> (BTreeMap<String, u64>, BTreeMap<String, Vec<Witnessed>>) {
        let (mut anchored, mut witnessed): (BTreeMap<String, u64>, BTreeMap<String, Vec<Witnessed>>) =
            (BTreeMap::new(), BTreeMap::new());
        for (log, mut anchors) in std::mem::take(&mut self.trust.anchors) {
            let Some(track) = self.tracks.get(&log) else { continue };
            let (expected, met) = (track.expected, track.met.clone());
            anchors.sort_by_key(|anchor| anchor.size);
            for Anchor { size, root, witnessed_at } in anchors {
                match met.get(&size) {
                    Some(found) if *found == root => {
                        anchored.insert(log.clone(), size);
                        let seen = witnessed_at.map(|at| Witnessed { size, at });
                        witnessed.entry(log.clone()).or_default().extend(seen);
                    }
                    Some(_) => {
                        let after = anchored.get(&log).copied().unwrap_or_default();
                        let detail = format!(
                            "a trusted head has another root: entries from {after} on were altered, removed or added"
                        );
                        self.report(&log, size.saturating_sub(1), BreakKind::HeadMismatch, detail);
                    }
                    None if self
                        .ended
                        .iter()
                        .any(|it| it.log == log && it.explains(expected, size, root)) => {}
                    None if size > expected => {
                        let detail = "a trusted head names later entries";
                        self.report(&log, expected, BreakKind::Truncated, detail);
                    }
                    // Before the extract, or inside a destroyed month: says nothing about what is here.
                    None => {}
                }
            }
        }
        (anchored, witnessed)
    }
}
