//! Row by row: hashes, order, counters.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kernel::Instant;
use transparency::tile::HEIGHT;
use transparency::{Frontier, Hash, Node};
use uuid::Uuid;

use super::examining::Examined;
use super::months::Gap;
use super::{BreakKind, Row, Verifier};
use crate::GOVERNANCE;
use crate::header::{Header, Kind};
use crate::month::Month;
use crate::succession::line;

/// Where the verification of one log stands.
#[derive(Debug)]
pub(super) struct Track {
    /// The first index.
    pub from: u64,
    /// The next index.
    pub expected: u64,
    /// The tree before it; `None` behind a break that leaves it unknown.
    pub tree: Option<Frontier>,
    /// Subtrees of the heights that a database keeps, as they were completed.
    pub completed: Vec<(Node, Hash)>,
    /// Roots at the sizes that something is known about.
    pub met: BTreeMap<u64, Hash>,
    /// Indices that were skipped so far: an entry that comes later moved, and is not removed.
    skipped: BTreeSet<u64>,
    last_at: Option<Instant>,
    month: Option<Month>,
    /// Whether counters of this month start at 1 (the month was seen from its beginning).
    from_start: bool,
    /// Entries missing from this month: counters may skip that many without being forged.
    missing: u64,
    accounts: HashMap<Hash, u64>,
    agencies: HashMap<Uuid, u64>,
}

impl Track {
    pub fn new(edge: Frontier) -> Self {
        let from = edge.size();
        Self {
            from,
            expected: from,
            met: BTreeMap::from([(from, edge.root())]),
            tree: Some(edge),
            completed: vec![],
            skipped: BTreeSet::new(),
            last_at: None,
            month: None,
            from_start: from == 0,
            missing: 0,
            accounts: HashMap::new(),
            agencies: HashMap::new(),
        }
    }
}

/// Longest run of missing indices that is kept one by one to tell a moved entry from a removed one.
const MOVES_KEPT: u64 = 100_000;

impl Verifier {
    /// Checks the next row of `log`, whose beginning is known.
    pub(super) fn examined(&mut self, log: &str, found: &Examined) {
        self.checked += 1;
        let Some(mut track) = self.tracks.remove(log) else { return };
        self.row_in(&mut track, log, found);
        self.tracks.insert(log.to_owned(), track);
    }

    fn row_in(&mut self, track: &mut Track, log: &str, found: &Examined) {
        let row = &found.row;
        let header = self.header_of(log, found);
        if let Some(fault) = found.body_fault {
            self.report(log, row.index, BreakKind::AlteredBody, fault);
        }
        if row.index < track.expected {
            self.out_of_order(track, log, row);
            return;
        }
        if row.index > track.expected {
            self.gap(track, log, row, header);
        }
        let placed = header.is_none_or(|h| h.index == row.index && h.log == log);
        if !placed {
            self.report(log, row.index, BreakKind::Reordered, "the header names another place");
        }
        track.grow(row, placed);
        track.expected = row.index + 1;
        if let Some(tree) = track.tree.as_ref().filter(|tree| self.trust.asks_for(log, tree.size())) {
            track.met.insert(tree.size(), tree.root());
        }
        let Some(header) = header else {
            track.missing += 1;
            return;
        };
        self.time_of(track, log, row, header, placed);
        self.counters_of(track, log, header, placed);
        self.manifest_of(log, row, header);
        self.opening_of(log, header);
        self.rotation_of(log, header);
        if line(log) == GOVERNANCE && header.kind == Kind::Governance && placed {
            self.act_of(log, track.from, header);
        }
    }

    /// The header, if its bytes can be read at all; altered ones are reported and still used.
    fn header_of<'r>(&mut self, log: &str, found: &'r Examined) -> Option<&'r Header> {
        if !found.leaf_fits {
            let detail = "the header does not give the leaf hash";
            self.report(log, found.row.index, BreakKind::AlteredHeader, detail);
        }
        match &found.header {
            Ok(header) => Some(header),
            Err(error) => {
                self.report(log, found.row.index, BreakKind::AlteredHeader, error.to_string());
                None
            }
        }
    }

    fn out_of_order(&mut self, track: &mut Track, log: &str, row: &Row) {
        if track.skipped.remove(&row.index) {
            if let Some(gap) = self.gaps.iter_mut().find(|g| g.log == log && g.holds(row.index)) {
                gap.moved.insert(row.index);
            }
            self.report(log, row.index, BreakKind::Reordered, "the entry stands behind later ones");
        } else {
            self.report(log, row.index, BreakKind::Inserted, "another entry has this index");
        }
        track.tree = None;
    }

    fn gap(&mut self, track: &mut Track, log: &str, row: &Row, header: Option<&Header>) {
        let manifest = header.filter(|h| h.kind == Kind::Manifest).and_then(|h| h.range.clone());
        let gap = Gap::new(log, track.expected, row.index - 1, manifest);
        track.tree = None;
        track.missing += gap.length();
        track.skipped.extend(gap.first..=gap.last.min(gap.first.saturating_add(MOVES_KEPT)));
        self.gaps.push(gap);
    }

    fn time_of(&mut self, track: &mut Track, log: &str, row: &Row, header: &Header, placed: bool) {
        if Month::of(header.recorded_at) != row.month {
            self.report(
                log,
                row.index,
                BreakKind::AlteredHeader,
                "the entry lies in another month's partition",
            );
        }
        if placed && track.last_at.is_some_and(|last| header.recorded_at < last) {
            self.report(log, row.index, BreakKind::Clock, "recorded before the entry before it");
        }
        if placed {
            track.last_at = Some(header.recorded_at);
        }
        if track.month != Some(row.month) {
            track.from_start = header.kind == Kind::Manifest || row.index == 0;
            track.month = Some(row.month);
            track.missing = 0;
            track.accounts.clear();
            track.agencies.clear();
        }
    }

    fn counters_of(&mut self, track: &mut Track, log: &str, header: &Header, placed: bool) {
        if !placed {
            track.missing += 1;
            return;
        }
        let mut forged = Vec::new();
        if let Some(mark) = header.account {
            let last = track.accounts.insert(mark.pseudonym, mark.seq);
            forged.push(("account", track.skips(last, mark.seq)));
        }
        if let Some((agency, seq)) = header.agency.zip(header.agency_seq) {
            let last = track.agencies.insert(agency.0, seq);
            forged.push(("agency", track.skips(last, seq)));
        }
        for (whose, _) in forged.into_iter().filter(|(_, skips)| *skips) {
            let detail = format!("the counter of the {whose} does not follow its last");
            self.report(log, header.index, BreakKind::ForgedCounter, detail);
        }
    }
}

impl Track {
    /// Takes the leaf as it is stored: an altered header is reported at its place, and hides nothing behind it.
    fn grow(&mut self, row: &Row, placed: bool) {
        if !placed {
            self.tree = None;
        }
        let Some(tree) = self.tree.as_mut() else { return };
        tree.push(row.leaf_hash, |node, hash| {
            if node.level > 0 && node.level.is_multiple_of(HEIGHT) {
                self.completed.push((node, hash));
            }
        });
    }

    /// Whether `seq` does not follow `last`, and missing entries do not explain it.
    fn skips(&self, last: Option<u64>, seq: u64) -> bool {
        match last {
            Some(last) => seq <= last || seq > last + 1 + self.missing,
            None => self.from_start && (seq == 0 || seq > 1 + self.missing),
        }
    }
}
