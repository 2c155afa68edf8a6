//! Entries before they have their place, and who waits for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DurationRound as _, TimeDelta};
use kernel::Instant;
use tokio::sync::oneshot;
use transparency::Hash;

use crate::body::{FieldKey, UnsealedBody};
use crate::entry::NewEntry;
use crate::error::LogError;
use crate::header::{AccountMark, Header};
use crate::month::Month;
use crate::sequencer::laid::Written;

/// An entry with everything done that does not depend on its place.
pub(crate) struct Prepared {
    pub(super) month: Month,
    pub(super) header: Header,
    pub(super) body: Option<UnsealedBody>,
    pub size: usize,
}

/// A caller that waits for its receipt.
pub(crate) struct Waiting {
    pub prepared: Prepared,
    pub answer: oneshot::Sender<Result<Place, Refusal>>,
}

/// Where an entry came to stand: the batch, and its place there.
pub(crate) type Place = (Arc<Written>, usize);

/// Why there is no receipt.
pub(crate) enum Refusal {
    /// Prepared for another month than the log is in: prepare again.
    MonthTurned,
    Failed(LogError),
}

impl Prepared {
    pub fn new(
        log: &str,
        month: Month,
        entry: &NewEntry,
        pseudonym: Option<Hash>,
        body: Option<UnsealedBody>,
    ) -> Self {
        let header = Header {
            log: log.to_owned(),
            index: 0,
            kind: entry.kind,
            recorded_at: entry.at,
            at: micros(entry.at),
            agency: entry.agency,
            agency_seq: None,
            account: pseudonym.map(|pseudonym| AccountMark { pseudonym, seq: 0 }),
            legal_basis: entry.legal_basis.clone(),
            programme: entry.programme.clone(),
            decision: entry.decision.clone(),
            refusal: entry.refusal.clone(),
            rule_pack: entry.rule_pack.clone(),
            fields: entry.fields.clone(),
            application: entry.application,
            query: entry.query,
            closes: entry.closes,
            action: entry.action.clone(),
            range: entry.range.clone(),
            backups_expire: entry.backups_expire,
            digests: entry.digests.clone(),
            commitments: body.as_ref().map(|body| body.commitments.clone()).unwrap_or_default(),
            // Known once it is sealed for its place; it takes the same room.
            body: body.as_ref().map(|_| Hash([0; 32])),
        };
        let size = header.size() + body.as_ref().map_or(0, UnsealedBody::sealed_size);
        Self { month, header, body, size }
    }
}

impl Prepared {
    /// The keys of its commitments, for the caller alone.
    pub fn take_field_keys(&mut self) -> BTreeMap<String, FieldKey> {
        self.body.as_mut().map(|body| std::mem::take(&mut body.field_keys)).unwrap_or_default()
    }
}

/// `at` to the microsecond, as the database keeps it.
pub(super) fn micros(at: Instant) -> Instant {
    at.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(at)
}
