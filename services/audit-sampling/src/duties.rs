//! Statutory duties of this service, opened and closed as the rule pack names them.

use chassis::{Result, Tx};
use chrono::NaiveDate;
use kernel::days;
use kernel::ids::AgencyId;
use obligations::NewObligation;
use rule_pack::{Actor, Duty, Owner, RhythmKind, RulePack, TriggerKind};

fn is_on(pack: &RulePack, duty: &Duty) -> bool {
    duty.owner == Owner::AuditSampling && duty.addition.as_deref().is_none_or(|a| pack.addition_enabled(a))
}

/// What an obligation is about.
pub struct About<'a> {
    /// Names it within the duty, e.g. the finding's id.
    pub subject: &'a str,
    /// The agency that owes it.
    pub agency: Option<AgencyId>,
    /// Path of the operation that shows it.
    pub url: String,
}

fn new(pack: &RulePack, duty: &Duty, about: &About<'_>, due_on: NaiveDate) -> NewObligation {
    NewObligation {
        key: format!("{}/{}", duty.id, about.subject),
        duty: duty.id.clone(),
        clause: duty.clause.clone(),
        title: duty.title.en.clone(),
        title_zh: duty.title.zh.clone(),
        rule_pack: pack.reference(),
        actor: duty.actors.first().copied().map_or("auditor", Actor::as_str).to_owned(),
        agency_id: about.agency,
        subject: Some(about.url.clone()),
        due_on,
    }
}

fn on_event<'a>(pack: &'a RulePack, event: &'a str) -> impl Iterator<Item = &'a Duty> {
    pack.obligations.iter().filter(move |d| {
        is_on(pack, d) && d.trigger == TriggerKind::Event && d.event.as_deref() == Some(event)
    })
}

/// Opens the duties that `event` makes due. A duty without a deadline of its own is due on `otherwise`.
pub async fn open_event(
    tx: &mut Tx,
    pack: &RulePack,
    event: &str,
    about: &About<'_>,
    otherwise: NaiveDate,
) -> Result<()> {
    let context = tx.context();
    let today = days::taipei_date(tx.now());
    for duty in on_event(pack, event) {
        let due_on = match duty.deadline.and_then(|kind| pack.deadline(kind)) {
            Some(deadline) => deadline.due(today, context.calendar()),
            None => context.calendar().on_or_after(otherwise),
        };
        obligations::open(tx, new(pack, duty, about, due_on)).await?;
    }
    Ok(())
}

/// Closes what [`open_event`] opened about `subject`.
pub async fn close_event(
    tx: &mut Tx,
    pack: &RulePack,
    event: &str,
    subject: &str,
    (what, url): (&str, &str),
) -> Result<()> {
    for duty in on_event(pack, event) {
        obligations::close(tx, &format!("{}/{subject}", duty.id), what, url).await?;
    }
    Ok(())
}

fn of_rhythm(pack: &RulePack, kind: RhythmKind) -> impl Iterator<Item = &Duty> {
    pack.obligations.iter().filter(move |d| is_on(pack, d) && d.rhythm == Some(kind))
}

/// Whether the pack gives this service a duty of this rhythm.
pub fn has_rhythm(pack: &RulePack, kind: RhythmKind) -> bool {
    pack.rhythm(kind).is_some() && of_rhythm(pack, kind).next().is_some()
}

/// Opens the duties of a rhythm.
pub async fn open_rhythm(
    tx: &mut Tx,
    pack: &RulePack,
    kind: RhythmKind,
    about: &About<'_>,
    due_on: NaiveDate,
) -> Result<()> {
    for duty in of_rhythm(pack, kind) {
        obligations::open(tx, new(pack, duty, about, due_on)).await?;
    }
    Ok(())
}

/// Closes the duties of a rhythm.
pub async fn close_rhythm(
    tx: &mut Tx,
    pack: &RulePack,
    kind: RhythmKind,
    subject: &str,
    (what, url): (&str, &str),
) -> Result<()> {
    for duty in of_rhythm(pack, kind) {
        obligations::close(tx, &format!("{}/{subject}", duty.id), what, url).await?;
    }
    Ok(())
}
