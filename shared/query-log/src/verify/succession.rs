//! How logs ended, and those that begin behind them.

use serde::{Deserialize, Serialize};
use transparency::policy::Policy;
use transparency::{Hash, note};

use super::{BreakKind, Verifier};
use crate::header::{Header, MonthRange};
use crate::rotation::{NEXT_KEY, key_digest};
use crate::succession::{opens, successor};
use crate::{KEY_ROTATION, SUCCESSION};

/// A log that ended, as two persons accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The log.
    pub log: String,
    /// Entries that are left of it.
    pub size: u64,
    /// How many more were signed, and are gone.
    pub lost: u64,
    /// Root of the tree with all of them.
    pub root: Hash,
    /// The governance log that says so.
    pub told_in: String,
    /// The entry there.
    pub told_at: u64,
}

impl Ended {
    pub(super) fn of(range: &MonthRange, told_in: &str, told_at: u64) -> Self {
        let MonthRange { log, first, count, root, .. } = range.clone();
        Self { log, size: first, lost: count, root, told_in: told_in.to_owned(), told_at }
    }

    /// Whether a head that is trusted fits what was accepted as lost, of a log with `expected` entries.
    pub(super) fn explains(&self, expected: u64, size: u64, root: Hash) -> bool {
        let known = self.size.saturating_add(self.lost);
        self.size == expected && (size < known || (size == known && root == self.root))
    }
}

impl Verifier {
    /// The first entry of a log that is not the first of its line must name how the one before ended.
    pub(super) fn opening_of(&mut self, log: &str, header: &Header) {
        if !opens(header) {
            return;
        }
        match header.range.as_ref().filter(|_| header.action.as_deref() == Some(SUCCESSION)) {
            Some(range) => self.openings.push(Ended::of(range, log, 0)),
            None => {
                self.report(
                    log,
                    0,
                    BreakKind::Succession,
                    "a successor begins without naming how the log before it ended",
                );
            }
        }
    }

    /// An entry of a log that names the key of its successor.
    pub(super) fn rotation_of(&mut self, log: &str, header: &Header) {
        if header.action.as_deref() == Some(KEY_ROTATION) {
            self.next_keys.entry(successor(log)).or_default().extend(header.digests.get(NEXT_KEY));
        }
    }

    /// Where the log before is at hand, and ended for another key: it must have named that key, under its own.
    fn judge_key(&mut self, opening: &Ended) {
        if opening.lost > 0 || self.tracks.get(&opening.log).is_none_or(|track| track.from > 0) {
            return;
        }
        let named = self.next_keys.get(&opening.told_in);
        let keys = self.trust.policy.iter().flat_map(Policy::logs);
        let mut own = keys.filter(|key| key.name().rsplit('/').next() == Some(&opening.told_in));
        let is_named = |key: &note::Verifier| named.is_some_and(|named| named.contains(&key_digest(key)));
        if named.is_none() || own.any(|key| !is_named(key)) {
            let detail = "its key is not one that the log before it named";
            self.report(&opening.told_in, 0, BreakKind::Signature, detail);
        }
    }

    /// Once everything was read: whether the governance log bears out what successors begin with.
    pub(super) fn judge_openings(&mut self) {
        for opening in std::mem::take(&mut self.openings) {
            let same = |ended: &Ended| {
                (&ended.log, ended.size, ended.lost, ended.root)
                    == (&opening.log, opening.size, opening.lost, opening.root)
            };
            if !self.ended.iter().any(same) {
                let detail = "no entry of the governance log says that the log before it ended so";
                self.report(&opening.told_in, 0, BreakKind::Succession, detail);
            }
            self.judge_key(&opening);
        }
    }
}
