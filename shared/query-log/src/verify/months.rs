//! Missing stretches: a month that was destroyed under an order, one that was not, or removed entries.

use std::collections::BTreeSet;

use super::{BreakKind, Row, Verifier};
use crate::hash::Hash;
use crate::header::{Header, Kind, MonthRange};

/// Indices that are not there.
#[derive(Debug)]
pub(super) struct Gap {
    pub log: String,
    pub first: u64,
    pub last: u64,
    /// The month that the manifest right behind the gap closes.
    closed: Option<MonthRange>,
    /// Indices of the gap that turned up later.
    pub moved: BTreeSet<u64>,
}

impl Gap {
    pub fn new(log: &str, first: u64, last: u64, closed: Option<MonthRange>) -> Self {
        Self { log: log.to_owned(), first, last, closed, moved: BTreeSet::new() }
    }

    pub fn holds(&self, index: u64) -> bool {
        (self.first..=self.last).contains(&index)
    }

    pub fn length(&self) -> u64 {
        self.last - self.first + 1
    }

    /// The chain hash behind the gap, where a manifest names it.
    pub fn root_after(&self) -> Option<Hash> {
        self.closed.as_ref().filter(|range| range.last == self.last).map(|range| range.root)
    }

    /// Whether whole months are missing: a manifest follows, and its month lies in the gap.
    fn is_months(&self) -> bool {
        self.closed.as_ref().is_some_and(|range| range.last == self.last && range.first >= self.first)
    }
}

impl Verifier {
    /// A manifest must name the log, end right before itself and count right.
    pub(super) fn manifest_of(&mut self, log: &str, row: &Row, header: &Header) {
        if header.kind != Kind::Manifest {
            return;
        }
        let right = header.range.as_ref().is_some_and(|range| {
            range.log == log
                && range.last + 1 == row.index
                && range.last + 1 == range.first + range.count
                && range.month < row.month
        });
        if !right {
            self.report(log, row.index, BreakKind::Manifest, "the manifest does not fit the month before");
        }
    }

    /// Once everything was read: which gaps are destructions.
    pub(super) fn judge_gaps(&mut self) {
        for gap in std::mem::take(&mut self.gaps) {
            let Some(from) = self.destroyed_up_to(&gap) else { continue };
            if gap.is_months() {
                let detail = "entries up to the next manifest are gone and no destruction entry names them";
                self.report(&gap.log, from, BreakKind::UnorderedDestruction, detail);
                continue;
            }
            let missing: Vec<u64> =
                (from..=gap.last).filter(|index| !gap.moved.contains(index)).take(1_000).collect();
            for index in missing {
                self.report(&gap.log, index, BreakKind::Removed, "the entry is missing");
            }
        }
    }

    /// The first index of the gap that destructions do not cover; `None` if they cover it all.
    fn destroyed_up_to(&self, gap: &Gap) -> Option<u64> {
        let mut at = gap.first;
        while let Some(range) =
            self.destroyed.iter().find(|r| r.log == gap.log && r.first == at && r.last >= at)
        {
            if range.last > gap.last {
                break;
            }
            if range.last == gap.last {
                return (gap.root_after() != Some(range.root)).then_some(range.first);
            }
            at = range.last + 1;
        }
        Some(at)
    }
}
