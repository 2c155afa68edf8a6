//! Back-test: what past facts would have led to under another pack. Pure; nothing in it changes history.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kernel::WorkingCalendar;
use serde::{Deserialize, Serialize};

use crate::{
    model::RulePack,
    terms::{CountedFrom, DeadlineKind, RecordKind, RhythmKind, RhythmUnit, TriggerKind},
};

/// Something that happened. Names are pseudonyms or record ids, never a person's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// An account that was open: for inventories.
    Account {
        /// Its id.
        id: String,
        /// The day it was opened.
        opened: NaiveDate,
        /// Every day on which it was used, in any order.
        used: Vec<NaiveDate>,
    },
    /// An account's records in a period of audit: for samples.
    Queries {
        /// The account's id.
        account: String,
        /// Any day of the period.
        on: NaiveDate,
        /// Records, refusals included.
        count: u64,
    },
    /// A household query, and the first tax query for the same case after it (H8.1.2).
    HouseholdQuery {
        /// The query's id.
        id: String,
        /// Its day.
        on: NaiveDate,
        /// The day of the tax query.
        tax_query: Option<NaiveDate>,
    },
    /// Something that starts a deadline.
    Event {
        /// Its id.
        id: String,
        /// Which deadline.
        deadline: DeadlineKind,
        /// Its day.
        on: NaiveDate,
        /// The day on which it was done.
        done: Option<NaiveDate>,
    },
    /// A record that is kept.
    Record {
        /// Its id.
        id: String,
        /// Its kind.
        kind: RecordKind,
        /// The day it was made.
        made: NaiveDate,
        /// The day its matter was closed.
        closed: Option<NaiveDate>,
    },
}

/// Which decision differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Days on which a periodic duty was due.
    DueDates,
    /// Accounts that an inventory calls idle.
    IdleAccounts,
    /// Accounts drawn in a period.
    AccountsDrawn,
    /// Records drawn of an account in a period.
    RecordsDrawn,
    /// Whether a household query is a line of the weekly report.
    TaxFollowUp,
    /// The last day of a deadline.
    Deadline,
    /// Whether what was done was late.
    Late,
    /// The first day on which a record may be destroyed.
    RetentionEnd,
}

/// One decision that is not the same under both packs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Which decision.
    pub decision: Decision,
    /// About what: a fact's id, a duty's id, a period.
    pub subject: String,
    /// What the old pack led to; absent where it decides nothing of the kind.
    pub old: Option<String>,
    /// What the new pack leads to.
    pub new: Option<String>,
}

type Outcomes = BTreeMap<(Decision, String), String>;

/// What `facts` lead to under `old` and under `new`, where that differs; ordered by decision and subject.
///
/// Periods are laid out over the years from the first to the last day in `facts`.
pub fn back_test(
    old: &RulePack,
    new: &RulePack,
    facts: &[Fact],
    calendar: &WorkingCalendar,
) -> Vec<Difference> {
    let before = outcomes(old, facts, calendar);
    let after = outcomes(new, facts, calendar);
    let keys: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    keys.into_iter()
        .filter(|key| before.get(key) != after.get(key))
        .map(|key| Difference {
            decision: key.0,
            subject: key.1.clone(),
            old: before.get(key).cloned(),
            new: after.get(key).cloned(),
        })
        .collect()
}

fn outcomes(pack: &RulePack, facts: &[Fact], calendar: &WorkingCalendar) -> Outcomes {
    let mut out = Outcomes::new();
    let Some(span) = span(facts) else { return out };
    due_dates(pack, span, calendar, &mut out);
    idle_accounts(pack, facts, span, calendar, &mut out);
    samples(pack, facts, span, calendar, &mut out);
    for fact in facts {
        single(pack, fact, calendar, &mut out);
    }
    out
}

/// The whole years that `facts` lie in.
fn span(facts: &[Fact]) -> Option<(NaiveDate, NaiveDate)> {
    let days = facts.iter().flat_map(|fact| match fact {
        Fact::Account { used, .. } => used.clone(),
        Fact::Queries { on, .. } | Fact::HouseholdQuery { on, .. } | Fact::Event { on, .. } => vec![*on],
        Fact::Record { made, .. } => vec![*made],
    });
    let (first, last) = days.fold(None, |span: Option<(NaiveDate, NaiveDate)>, day| {
        Some(span.map_or((day, day), |(from, to)| (from.min(day), to.max(day))))
    })?;
    let year = |day: NaiveDate, month, of_month| {
        NaiveDate::from_ymd_opt(chrono::Datelike::year(&day), month, of_month)
    };
    Some((year(first, 1, 1)?, year(last, 12, 31)?))
}

/// First and last days of the periods of a rhythm inside `span`.
fn periods(
    pack: &RulePack,
    kind: RhythmKind,
    span: (NaiveDate, NaiveDate),
    calendar: &WorkingCalendar,
) -> Vec<(NaiveDate, NaiveDate)> {
    let Some(rhythm) = pack.rhythm(kind) else { return Vec::new() };
    let mut found = Vec::new();
    let mut start = if rhythm.unit == RhythmUnit::WorkingDay { calendar.on_or_after(span.0) } else { span.0 };
    while start <= span.1 {
        let end = rhythm.period_end(start, calendar);
        found.push((start, end));
        let Some(next) = end.succ_opt() else { break };
        start = if rhythm.unit == RhythmUnit::WorkingDay { calendar.on_or_after(next) } else { next };
    }
    found
}

fn due_dates(pack: &RulePack, span: (NaiveDate, NaiveDate), calendar: &WorkingCalendar, out: &mut Outcomes) {
    for duty in pack.obligations.iter().filter(|d| d.trigger == TriggerKind::Periodic) {
        let Some((kind, rhythm)) = duty.rhythm.and_then(|k| Some((k, pack.rhythm(k)?))) else { continue };
        let dues: Vec<String> = periods(pack, kind, span, calendar)
            .into_iter()
            .map(|(_, end)| rhythm.due(end, calendar).to_string())
            .collect();
        out.insert((Decision::DueDates, duty.id.clone()), dues.join(" "));
    }
}

fn idle_accounts(
    pack: &RulePack,
    facts: &[Fact],
    span: (NaiveDate, NaiveDate),
    calendar: &WorkingCalendar,
    out: &mut Outcomes,
) {
    for (_, end) in periods(pack, RhythmKind::AccountInventory, span, calendar) {
        let idle: Vec<&str> = facts
            .iter()
            .filter_map(|fact| match fact {
                Fact::Account { id, opened, used } if *opened <= end => {
                    let last = used.iter().copied().filter(|day| *day <= end).max().unwrap_or(*opened);
                    ((end - last).num_days() > i64::from(pack.accounts.idle_after_days))
                        .then_some(id.as_str())
                }
                _ => None,
            })
            .collect();
        out.insert((Decision::IdleAccounts, end.to_string()), idle.join(" "));
    }
}

fn samples(
    pack: &RulePack,
    facts: &[Fact],
    span: (NaiveDate, NaiveDate),
    calendar: &WorkingCalendar,
    out: &mut Outcomes,
) {
    let Some(sampling) = &pack.sampling else { return };
    for (start, end) in periods(pack, RhythmKind::UsageAudit, span, calendar) {
        let mut used: BTreeMap<&str, u64> = BTreeMap::new();
        for fact in facts {
            if let Fact::Queries { account, on, count } = fact
                && (start..=end).contains(on)
            {
                *used.entry(account).or_default() += count;
            }
        }
        let drawn = sampling.accounts_to_draw(u64::try_from(used.len()).unwrap_or(u64::MAX));
        out.insert((Decision::AccountsDrawn, end.to_string()), drawn.to_string());
        for (account, count) in used {
            let records = sampling.records_to_draw(count);
            out.insert((Decision::RecordsDrawn, format!("{end} {account}")), records.to_string());
        }
    }
}

fn single(pack: &RulePack, fact: &Fact, calendar: &WorkingCalendar, out: &mut Outcomes) {
    match fact {
        Fact::HouseholdQuery { id, on, tax_query } => {
            if let Some(deadline) = pack.deadline(DeadlineKind::TaxFollowUp) {
                let last = deadline.due(*on, calendar);
                let listed = tax_query.is_none_or(|day| day > last);
                out.insert((Decision::TaxFollowUp, id.clone()), listed.to_string());
            }
        }
        Fact::Event { id, deadline, on, done } => {
            if let Some(rule) = pack.deadline(*deadline) {
                let due = rule.due(*on, calendar);
                out.insert((Decision::Deadline, id.clone()), due.to_string());
                if let Some(done) = done {
                    out.insert((Decision::Late, id.clone()), (*done > due).to_string());
                }
            }
        }
        Fact::Record { id, kind, made, closed } => {
            if let Some(rule) = pack.retention.get(kind) {
                let from = match rule.counted_from {
                    CountedFrom::Made => Some(*made),
                    CountedFrom::Closed => *closed,
                };
                let end = from.map_or_else(|| "open".to_owned(), |day| rule.may_end_on(day).to_string());
                out.insert((Decision::RetentionEnd, id.clone()), end);
            }
        }
        Fact::Account { .. } | Fact::Queries { .. } => {}
    }
}
