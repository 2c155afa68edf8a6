//! How logs ended, and those that begin behind them.

use serde::{Deserialize, Serialize};
use transparency::Hash;

use super::{BreakKind, Verifier};
use crate::SUCCESSION;
use crate::header::{Header, MonthRange};
use crate::succession::opens;

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
        }
    }
}
