//! Lost ends that two persons accepted, and the logs that begin behind them.

use serde::{Deserialize, Serialize};
use transparency::Hash;

use super::{BreakKind, Verifier};
use crate::SUCCESSION;
use crate::header::{Header, MonthRange};
use crate::succession::opens;

/// Entries that were signed, are gone, and whose loss was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// The log that ended.
    pub log: String,
    /// The first lost index.
    pub first: u64,
    /// The last, as far as anybody knew.
    pub last: u64,
    /// Root of the tree with all of them.
    pub root: Hash,
    /// The governance log that says so.
    pub told_in: String,
    /// The entry there.
    pub told_at: u64,
}

impl Lost {
    pub(super) fn of(range: &MonthRange, told_in: &str, told_at: u64) -> Self {
        let MonthRange { log, first, last, root, .. } = range.clone();
        Self { log, first, last, root, told_in: told_in.to_owned(), told_at }
    }

    /// Whether a head that is trusted fits what was accepted as lost.
    pub(super) fn explains(&self, expected: u64, size: u64, root: Hash) -> bool {
        self.first == expected && (size <= self.last || (size == self.last + 1 && root == self.root))
    }
}

impl Verifier {
    /// The first entry of a log that is not the first of its line must name what it follows.
    pub(super) fn opening_of(&mut self, log: &str, header: &Header) {
        if !opens(header) {
            return;
        }
        match header.range.as_ref().filter(|_| header.action.as_deref() == Some(SUCCESSION)) {
            Some(range) => self.openings.push(Lost::of(range, log, 0)),
            None => {
                self.report(log, 0, BreakKind::Succession, "a successor begins without naming what was lost");
            }
        }
    }

    /// Once everything was read: whether each successor begins behind a loss that was accepted.
    pub(super) fn judge_openings(&mut self) {
        for opening in std::mem::take(&mut self.openings) {
            let same = |lost: &&Lost| {
                (&lost.log, lost.first, lost.last, lost.root)
                    == (&opening.log, opening.first, opening.last, opening.root)
            };
            if !self.losses.iter().any(|lost| same(&lost)) {
                let detail = "no entry of the governance log accepts the loss that it begins behind";
                self.report(&opening.told_in, 0, BreakKind::Succession, detail);
            }
        }
    }
}
