//! Missing stretches: a month that was destroyed under an order, one that was not, or removed entries.

use std::collections::BTreeSet;
use transparency::Hash;

use super::{BreakKind, Row, Verifier};
use crate::header::{Header, Kind, MonthRange};

/// Indices that are not there.
#[derive(Debug)]
pub(super) struct Gap {
    pub log: String,
    pub first: u64,
    pub last: u64,
    /// Whether whole months are missing.
    months: bool,
    /// The root of the tree right behind it, where it is known.
    root_after: Option<Hash>,
    /// Indices of the gap that turned up later.
    pub moved: BTreeSet<u64>,
}

impl Gap {
    /// Entries missing before one whose manifest, if it is one, closes a month.
    pub fn new(log: &str, first: u64, last: u64, closed: Option<MonthRange>) -> Self {
        let closed = closed.filter(|range| range.last == last && range.first >= first);
        Self {
            log: log.to_owned(),
            first,
            last,
            months: closed.is_some(),
            root_after: closed.map(|range| range.root),
            moved: BTreeSet::new(),
        }
    }

    /// What a log begins behind: its first `until` entries, whose tree had `root` if that is known.
    pub fn beginning(log: &str, until: u64, root: Option<Hash>) -> Option<Self> {
        let last = until.checked_sub(1)?;
        Some(Self {
            log: log.to_owned(),
            first: 0,
            last,
            months: true,
            root_after: root,
            moved: BTreeSet::new(),
        })
    }

    pub fn holds(&self, index: u64) -> bool {
        (self.first..=self.last).contains(&index)
    }

    pub fn length(&self) -> u64 {
        self.last - self.first + 1
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
            if gap.months {
                let detail =
                    "the months that begin here are gone, and no destruction entry names them as they were";
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
                return gap.root_after.is_some_and(|root| root != range.root).then_some(range.first);
            }
            at = range.last + 1;
        }
        Some(at)
    }
}
