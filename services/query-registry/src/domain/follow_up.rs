//! The weekly check (H8.1.2): which days' household queries a week judges. Each day is judged in exactly one week, the
//! one after which its time for a tax query is over.

use chrono::{Days, NaiveDate};
use kernel::WorkingCalendar;
use rule_pack::Deadline;

/// A day whose household queries are judged, and the last day on which a tax query was in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JudgedDay {
    /// The day of the household queries.
    pub day: NaiveDate,
    /// The last day for the tax query.
    pub until: NaiveDate,
}

/// The days that the week of seven days from `week` judges: their last day for a tax query lies in it.
pub fn judged_days(week: NaiveDate, deadline: &Deadline, calendar: &WorkingCalendar) -> Vec<JudgedDay> {
    let end = week.checked_add_days(Days::new(6)).unwrap_or(week);
    // A term of so many days, counted in any way, never reaches back further: days off come at most in long runs.
    let reach = u64::from(deadline.days) * 3 + 60;
    let first = week.checked_sub_days(Days::new(reach)).unwrap_or(week);
    first
        .iter_days()
        .take_while(|day| *day <= end)
        .map(|day| JudgedDay { day, until: deadline.due(day, calendar) })
        .filter(|judged| (week..=end).contains(&judged.until))
        .collect()
}

#[cfg(test)]
mod tests {
    use rule_pack::{DeadlineKind, PackSet, Regulation};

    use super::*;

    fn deadline() -> Deadline {
        let packs = PackSet::embedded().unwrap();
        let pack = packs.on(Regulation::Household, "2026-03-02".parse().unwrap()).unwrap();
        pack.deadline(DeadlineKind::TaxFollowUp).unwrap().clone()
    }

    #[test]
    fn a_week_judges_the_days_whose_seventh_day_after_lies_in_it() {
        let calendar = rule_pack::working_calendar().unwrap();
        let days = judged_days("2026-03-09".parse().unwrap(), &deadline(), &calendar);
        let first: NaiveDate = "2026-03-02".parse().unwrap();
        assert_eq!(days.len(), 7);
        assert_eq!(days[0], JudgedDay { day: first, until: "2026-03-09".parse().unwrap() });
    }

    #[test]
    fn each_day_is_judged_in_exactly_one_week() {
        let calendar = rule_pack::working_calendar().unwrap();
        let monday: NaiveDate = "2026-01-05".parse().unwrap();
        let judged: Vec<NaiveDate> = (0..60)
            .flat_map(|w| judged_days(monday + Days::new(w * 7), &deadline(), &calendar))
            .map(|judged| judged.day)
            .collect();
        for day in monday.iter_days().take(300) {
            assert_eq!(judged.iter().filter(|d| **d == day).count(), 1, "{day}");
        }
    }
}
