//! Statutory duties of this service, opened and closed as the rule pack names them.

use chassis::{Context, Result, Tx};
use chrono::{Datelike as _, NaiveDate};
use kernel::days;
use kernel::ids::AgencyId;
use obligations::NewObligation;
use rule_pack::{Actor, Duty, Owner, Rhythm, RhythmKind, RhythmUnit, RulePack, TriggerKind};
use uuid::Uuid;

use crate::edge;

fn is_on(pack: &RulePack, duty: &Duty) -> bool {
    duty.owner == Owner::Account && duty.addition.as_deref().is_none_or(|a| pack.addition_enabled(a))
}

fn new(pack: &RulePack, duty: &Duty, key: String, due_on: NaiveDate) -> NewObligation {
    NewObligation {
        key,
        duty: duty.id.clone(),
        clause: duty.clause.clone(),
        title: duty.title.en.clone(),
        title_zh: duty.title.zh.clone(),
        rule_pack: pack.reference(),
        actor: duty.actors.first().copied().map_or("it_unit", Actor::as_str).to_owned(),
        agency_id: None,
        subject: None,
        due_on,
    }
}

/// Opens the duties that `event` makes due, each about `subject`. A duty without a deadline of its own is due by the
/// day itself: the text says "at once" or leaves the day to the act.
pub async fn open_event(
    tx: &mut Tx,
    pack: &RulePack,
    event: &str,
    subject: &str,
    agency: Option<AgencyId>,
    url: Option<String>,
) -> Result<()> {
    let today = days::taipei_date(tx.now());
    open_event_by(tx, pack, event, subject, (agency, url), today).await
}

/// As [`open_event`], with the day on which duties without deadline are due.
pub async fn open_event_by(
    tx: &mut Tx,
    pack: &RulePack,
    event: &str,
    subject: &str,
    (agency, url): (Option<AgencyId>, Option<String>),
    otherwise: NaiveDate,
) -> Result<()> {
    let context = tx.context();
    let today = days::taipei_date(tx.now());
    let duties = pack
        .obligations
        .iter()
        .filter(|d| is_on(pack, d) && d.trigger == TriggerKind::Event && d.event.as_deref() == Some(event));
    for duty in duties {
        let due_on = match duty.deadline.and_then(|kind| pack.deadline(kind)) {
            Some(deadline) => deadline.due(today, context.calendar()),
            None => context.calendar().on_or_after(otherwise),
        };
        let key = format!("{}/{subject}", duty.id);
        let obligation =
            NewObligation { agency_id: agency, subject: url.clone(), ..new(pack, duty, key, due_on) };
        obligations::open(tx, obligation).await?;
    }
    Ok(())
}

/// Closes what [`open_event`] opened about `subject`, under whichever version of the pack.
pub async fn close_event(
    tx: &mut Tx,
    regulation: &str,
    event: &str,
    subject: &str,
    what: &str,
    url: &str,
) -> Result<()> {
    let context = tx.context();
    let regulation = edge::regulation(regulation)?;
    let mut ids: Vec<&str> = vec![];
    for pack in context.packs().iter().filter(|p| p.regulation == regulation) {
        for duty in
            pack.obligations.iter().filter(|d| d.owner == Owner::Account && d.event.as_deref() == Some(event))
        {
            if !ids.contains(&duty.id.as_str()) {
                ids.push(&duty.id);
                obligations::close(tx, &format!("{}/{subject}", duty.id), what, url).await?;
            }
        }
    }
    Ok(())
}

/// The first day of the period of `rhythm` in which `day` lies. Periods of months divide the year; weeks begin on Mondays.
pub fn period_start(rhythm: &Rhythm, day: NaiveDate) -> NaiveDate {
    match rhythm.unit {
        RhythmUnit::Month => {
            let month0 = day.month0() / rhythm.every * rhythm.every;
            NaiveDate::from_ymd_opt(day.year(), month0 + 1, 1).unwrap_or(day)
        }
        RhythmUnit::Year => NaiveDate::from_ymd_opt(day.year(), 1, 1).unwrap_or(day),
        RhythmUnit::Week => day
            .checked_sub_days(chrono::Days::new(day.weekday().num_days_from_monday().into()))
            .unwrap_or(day),
        RhythmUnit::WorkingDay => day,
    }
}

/// The periodic duties of `pack` that are this service's, with their rhythms.
pub fn periodic(pack: &RulePack) -> impl Iterator<Item = (&Duty, RhythmKind, &Rhythm)> {
    pack.obligations.iter().filter(|d| is_on(pack, d) && d.trigger == TriggerKind::Periodic).filter_map(
        |duty| {
            let kind = duty.rhythm?;
            Some((duty, kind, pack.rhythm(kind)?))
        },
    )
}

fn period_key(duty: &Duty, start: NaiveDate, scope: Option<Uuid>) -> String {
    scope.map_or_else(|| format!("{}/{start}", duty.id), |scope| format!("{}/{start}/{scope}", duty.id))
}

/// Opens a periodic duty for the period that begins on `start`; `scope` is the account, link or agency it is about.
pub async fn open_period(
    tx: &mut Tx,
    pack: &RulePack,
    (duty, rhythm): (&Duty, &Rhythm),
    start: NaiveDate,
    (scope, agency, url): (Option<Uuid>, Option<AgencyId>, Option<String>),
) -> Result<()> {
    let context = tx.context();
    let due_on = rhythm.due(rhythm.period_end(start, context.calendar()), context.calendar());
    let key = period_key(duty, start, scope);
    obligations::open(tx, NewObligation { agency_id: agency, subject: url, ..new(pack, duty, key, due_on) })
        .await?;
    Ok(())
}

/// Closes the duty of rhythm `kind` for the period that began on `start`.
pub async fn close_period(
    tx: &mut Tx,
    pack: &RulePack,
    kind: RhythmKind,
    start: NaiveDate,
    scope: Option<Uuid>,
    what: &str,
    url: &str,
) -> Result<bool> {
    let mut any = false;
    for (duty, _, _) in periodic(pack).filter(|(_, k, _)| *k == kind) {
        any |= obligations::close(tx, &period_key(duty, start, scope), what, url).await?.is_some();
    }
    Ok(any)
}

/// Closes the duty of rhythm `kind` for the latest period that is open: done on `day`, for its period or, when that is
/// closed or not opened, for the one before.
pub async fn close_latest(
    tx: &mut Tx,
    pack: &RulePack,
    kind: RhythmKind,
    (day, scope): (NaiveDate, Option<Uuid>),
    what: &str,
    url: &str,
) -> Result<()> {
    let Some(rhythm) = pack.rhythm(kind) else { return Ok(()) };
    let start = period_start(rhythm, day);
    if let Some(before) = start.pred_opt() {
        // What is late is done first.
        let earlier = period_start(rhythm, before);
        close_open(tx, pack, kind, earlier, scope, what, url).await?;
    }
    close_period(tx, pack, kind, start, scope, what, url).await?;
    Ok(())
}

async fn close_open(
    tx: &mut Tx,
    pack: &RulePack,
    kind: RhythmKind,
    start: NaiveDate,
    scope: Option<Uuid>,
    what: &str,
    url: &str,
) -> Result<()> {
    for (duty, _, _) in periodic(pack).filter(|(_, k, _)| *k == kind) {
        let key = period_key(duty, start, scope);
        let filter = chassis::Filter::all().eq("key", key.as_str()).eq("state", "open");
        let open = chassis::document::first::<obligations::Obligation>(tx.conn(), filter).await?;
        if open.is_some() {
            obligations::close(tx, &key, what, url).await?;
        }
    }
    Ok(())
}

/// The packs that are followed on `day`, one for each regulation.
pub fn packs_on(context: &Context, day: NaiveDate) -> Vec<std::sync::Arc<RulePack>> {
    rule_pack::Regulation::ALL.iter().filter_map(|r| context.packs().on(*r, day).cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_divide_the_year() {
        let packs = rule_pack::PackSet::embedded().unwrap();
        let day = |t: &str| t.parse::<NaiveDate>().unwrap();
        let of =
            |regulation, kind| packs.on(regulation, day("2026-05-20")).unwrap().rhythm(kind).unwrap().clone();
        let quarter = of(rule_pack::Regulation::Household, RhythmKind::AccountInventory);
        let half = of(rule_pack::Regulation::Immigration, RhythmKind::AccountInventory);
        let year = of(rule_pack::Regulation::Household, RhythmKind::LinkReview);
        assert_eq!(period_start(&quarter, day("2026-05-20")), day("2026-04-01"));
        assert_eq!(period_start(&half, day("2026-05-20")), day("2026-01-01"));
        assert_eq!(period_start(&half, day("2026-12-31")), day("2026-07-01"));
        assert_eq!(period_start(&year, day("2026-05-20")), day("2026-01-01"));
    }
}
