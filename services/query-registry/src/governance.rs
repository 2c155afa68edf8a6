//! Digests that the governance log must hold: endorsements, and acts of the other services (invariant 11). They go
//! there as jobs, written in the transaction of the act: at least once, within seconds.

use std::ops::ControlFlow;

use chassis::endorsements::{self, Matter, Taken};
use chassis::jobs::JobKind;
use chassis::{Caller, Context, Result, Tx};
use identity::{CertificateIdentity, SignedEndorsement, Usage};
use kernel::{Instant, Personal};
use query_log::{GOVERNANCE, Hash, Header, Kind, MonthRange, NewEntry, Receipt};
use serde::{Deserialize, Serialize};

use crate::gate;
use crate::state::Registry;

const JOB: &str = "governance-entry";
/// Digest of a governance entry that names the order which it belongs to.
pub const ORDER: &str = "order";
/// Acts that are entered side by side: the log writes what waits for it at once.
const AT_ONCE: u32 = 50;

/// An act to be entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// What it is: `endorsement`, `role-change`, `draw-plan` …
    pub action: String,
    /// SHA-256 of its canonical bytes, hexadecimal.
    pub digest: String,
    /// When it happened.
    pub at: Instant,
}

/// Puts an act into the queue; its transaction decides whether it ever was one.
pub async fn enter(tx: &mut Tx, action: &str, digest: &str) -> Result<()> {
    let at = tx.now();
    tx.enqueue(JOB, &Act { action: action.to_owned(), digest: digest.to_owned(), at }, at).await
}

/// Keeps an endorsement that holds with what it rests on, and enters its record's digest as `action`. What was signed stays
/// in the register, under its key.
pub async fn enter_endorsement(
    tx: &mut Tx,
    action: &str,
    endorsement: impl Into<SignedEndorsement>,
    (card, matter): (&CertificateIdentity, Matter<'_>),
) -> Result<()> {
    let (endorsement, usage) = (endorsement.into(), Usage::CitizenSignature);
    let digest = endorsements::keep(tx, Taken { endorsement, usage, card, content: None, matter }).await?;
    enter(tx, action, &digest).await
}

/// The job that writes acts into the governance log.
pub fn job() -> JobKind {
    JobKind::new(JOB, async |context: &Context, act: Act| {
        let mut entry = NewEntry::new(Kind::Governance, act.at);
        entry.action = Some(act.action);
        entry.digests.insert("act".to_owned(), digest_of(&act.digest)?);
        gate::append(&context.state::<Registry>(), GOVERNANCE, entry).await?;
        Ok(())
    })
    .side_by_side(AT_ONCE)
}

/// Logs that the caller reads personal values, before they are answered: who, and what for.
pub async fn note_reading(
    caller: &Caller,
    log: &str,
    purpose: &str,
    complete: impl FnOnce(&mut NewEntry),
) -> Result<Receipt> {
    let mut entry = NewEntry::new(Kind::Governance, caller.context.now());
    entry.action = Some("reading".to_owned());
    entry.agency = caller.principal.agency;
    entry.personal.insert("official".to_owned(), Personal::new(caller.principal.subject.clone()));
    if !purpose.is_empty() {
        entry.personal.insert("purpose".to_owned(), Personal::new(purpose.to_owned()));
    }
    complete(&mut entry);
    gate::append(&caller.context.state::<Registry>(), log, entry).await
}

/// The governance entries since `at`: few, for only acts stand there.
pub async fn entries_since(registry: &Registry, at: Instant) -> Result<Vec<Header>> {
    let mut headers = vec![];
    for log in registry.log.line(GOVERNANCE) {
        let keep = |header| {
            headers.push(header);
            ControlFlow::<()>::Continue(())
        };
        registry.log.acts_since(&log, at, keep).await.map_err(anyhow::Error::from)?;
    }
    Ok(headers)
}

/// The index of the entry among `entries` that orders `range` under the order with this digest: in the governance log that is
/// written now, for the database looks for orders nowhere else.
pub fn ordered(
    registry: &Registry,
    entries: &[Header],
    (action, range, digest): (&str, Option<&MonthRange>, Hash),
) -> Option<u64> {
    let current = registry.log.current(GOVERNANCE);
    let mut entries = entries.iter().filter(|e| e.log == current && e.action.as_deref() == Some(action));
    let ordered = entries.find(|e| e.range.as_ref() == range && e.digests.get(ORDER) == Some(&digest));
    ordered.map(|e| e.index)
}

/// A digest as the log takes it.
pub fn digest_of(text: &str) -> Result<Hash> {
    text.parse().map_err(|_| anyhow::anyhow!("a digest is none").into())
}
