//! Working days are data: a TOML file lists, by year, the holidays that fall on weekdays and the weekends that are worked.
//! Periods follow 行政程序法 §48.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate, Weekday};
use serde::Deserialize;

/// The calendar of working days (政府行政機關辦公日曆表).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkingCalendar {
    /// Days off besides Saturdays and Sundays.
    #[serde(default)]
    holidays: BTreeSet<NaiveDate>,
    /// Saturdays or Sundays that are worked in exchange.
    #[serde(default)]
    worked: BTreeSet<NaiveDate>,
}

impl WorkingCalendar {
    /// Reads the calendar from TOML (`holidays = ["2026-01-01", …]`, `worked = [...]`).
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Whether offices are open on `day`.
    pub fn is_working_day(&self, day: NaiveDate) -> bool {
        if self.worked.contains(&day) {
            return true;
        }
        !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) && !self.holidays.contains(&day)
    }

    /// `day` itself when worked, else the next working day.
    pub fn on_or_after(&self, day: NaiveDate) -> NaiveDate {
        day.iter_days().find(|d| self.is_working_day(*d)).unwrap_or(day)
    }

    /// The first working day after `day`.
    pub fn next_after(&self, day: NaiveDate) -> NaiveDate {
        self.on_or_after(day.succ_opt().unwrap_or(day))
    }

    /// The `count`-th working day after `day`.
    pub fn working_days_after(&self, day: NaiveDate, count: u32) -> NaiveDate {
        (0..count).fold(day, |d, _| self.next_after(d))
    }

    /// The last day of a period of `days` that an event on `from` starts: the first day does not count, an end on a
    /// day off moves to the next working day (行政程序法 §48 II, IV).
    pub fn period_end(&self, from: NaiveDate, days: u32) -> NaiveDate {
        self.on_or_after(from.checked_add_days(Days::new(days.into())).unwrap_or(from))
    }

    /// As [`Self::period_end`], for a period of calendar months (行政程序法 §48 III, IV).
    pub fn period_end_months(&self, from: NaiveDate, months: u32) -> NaiveDate {
        self.on_or_after(crate::days::add_months(from, months))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn an_end_on_a_day_off_moves_to_the_next_working_day() {
        let calendar =
            WorkingCalendar::from_toml("holidays = ['2026-10-09']\nworked = ['2026-10-17']").unwrap();
        // 2026-10-09 is a Friday off; the 10th and 11th are a weekend.
        assert_eq!(calendar.period_end(day("2026-09-29"), 10), day("2026-10-12"));
        assert!(calendar.is_working_day(day("2026-10-17")));
        assert_eq!(calendar.next_after(day("2026-10-16")), day("2026-10-17"));
        assert_eq!(calendar.period_end_months(day("2026-08-31"), 1), day("2026-09-30"));
    }
}
