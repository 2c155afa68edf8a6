//! The values that are counted with: ratios, rhythms, deadlines, retention; and the duties that fall due by them.

use chrono::{Days, NaiveDate};
use kernel::{WorkingCalendar, days};
use serde::{Deserialize, Serialize};

use crate::{
    model::Text,
    terms::{
        Actor, Consequence, CountedFrom, DayUnit, DeadlineKind, Owner, RecordKind, RhythmKind, RhythmUnit,
        Scope, TriggerKind,
    },
};

/// An exact part of a whole: 百分之五 is `{ parts = 5, of = 100 }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ratio {
    /// Numerator, at least 1.
    pub parts: u32,
    /// Denominator, at least `parts`.
    pub of: u32,
}

impl Ratio {
    /// This part of `whole`, rounded up (5 % of 101 is 6).
    pub fn ceil_of(self, whole: u64) -> u64 {
        let product = u128::from(whole) * u128::from(self.parts);
        u64::try_from(product.div_ceil(u128::from(self.of.max(1)))).unwrap_or(u64::MAX)
    }

    /// Whether `part` of `whole` reaches this ratio (0 of 0 does not).
    pub fn is_reached_by(self, part: u64, whole: u64) -> bool {
        whole > 0 && u128::from(part) * u128::from(self.of) >= u128::from(whole) * u128::from(self.parts)
    }
}

/// Something that recurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rhythm {
    /// How many units lie between two occurrences, at least 1.
    pub every: u32,
    /// The unit.
    pub unit: RhythmUnit,
    /// Working days after the end of a period within which the work is due; 0: due on the period's last day, moved
    /// off days off.
    #[serde(default)]
    pub due_working_days: u32,
    /// What happens when it is overdue.
    pub overdue: Consequence,
    /// Source clause.
    pub clause: String,
    /// The words of the article where this pack is stricter than it, else absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<String>,
    /// The addition that this rhythm belongs to, where the number is ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addition: Option<String>,
}

impl Rhythm {
    /// The last day of the period that begins on `start`.
    pub fn period_end(&self, start: NaiveDate, calendar: &WorkingCalendar) -> NaiveDate {
        let next = match self.unit {
            RhythmUnit::WorkingDay => {
                return calendar.working_days_after(start, self.every.saturating_sub(1));
            }
            RhythmUnit::Week => start.checked_add_days(Days::new(u64::from(self.every) * 7)),
            RhythmUnit::Month => Some(days::add_months(start, self.every)),
            RhythmUnit::Year => Some(days::add_months(start, self.every.saturating_mul(12))),
        };
        next.and_then(|d| d.pred_opt()).unwrap_or(start)
    }

    /// The day on which the work for the period that ended on `period_end` is due.
    pub fn due(&self, period_end: NaiveDate, calendar: &WorkingCalendar) -> NaiveDate {
        if self.due_working_days == 0 {
            calendar.on_or_after(period_end)
        } else {
            calendar.working_days_after(period_end, self.due_working_days)
        }
    }
}

/// Something that must be done within a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// Days after the event (the event's day does not count); 0 is the day itself.
    pub days: u32,
    /// How they are counted.
    pub unit: DayUnit,
    /// What happens when it passes.
    pub overdue: Consequence,
    /// Days before the end on which the one who owes it is reminded.
    #[serde(default)]
    pub remind_days_before: Vec<u32>,
    /// Source clause.
    pub clause: String,
    /// The addition that the number belongs to, where it is ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addition: Option<String>,
}

impl Deadline {
    /// The last day on which it can be done in time.
    pub fn due(&self, event: NaiveDate, calendar: &WorkingCalendar) -> NaiveDate {
        match self.unit {
            DayUnit::Calendar => calendar.period_end(event, self.days),
            DayUnit::Working => calendar.working_days_after(event, self.days),
            DayUnit::Elapsed => event.checked_add_days(Days::new(self.days.into())).unwrap_or(event),
        }
    }
}

/// How long records of one kind are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Years, at least 1.
    pub years: u32,
    /// The day they count from.
    pub counted_from: CountedFrom,
    /// Source clause.
    pub clause: String,
    /// The addition that the number belongs to, where it is ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addition: Option<String>,
}

impl Retention {
    /// The first day on which a record counted from `from` may be destroyed.
    pub fn may_end_on(&self, from: NaiveDate) -> NaiveDate {
        let last = days::add_months(from, self.years.saturating_mul(12));
        last.succ_opt().unwrap_or(last)
    }
}

/// A statutory duty: who is to do what, and when it falls due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Duty {
    /// Stable id, such as `H8.2.audit`.
    pub id: String,
    /// Source clause, such as `H8.2`.
    pub clause: String,
    /// Who owes it.
    pub actors: Vec<Actor>,
    /// Title, printed on lists.
    pub title: Text,
    /// What makes it due.
    pub trigger: TriggerKind,
    /// With `event`: what happened, a word such as `violation_found`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// With `periodic`: the rhythm in [`crate::RulePack::rhythms`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rhythm: Option<RhythmKind>,
    /// With `event`, where time is limited: the deadline in [`crate::RulePack::deadlines`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<DeadlineKind>,
    /// With `retention`: the kind of record in [`crate::RulePack::retention`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<RecordKind>,
    /// For how many it is raised.
    pub scope: Scope,
    /// The service that raises and closes it.
    pub owner: Owner,
    /// The addition that it belongs to, where it is ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addition: Option<String>,
}
