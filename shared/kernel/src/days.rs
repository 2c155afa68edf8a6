//! Days are counted in Asia/Taipei (UTC+8, no daylight saving since 1979) and print in the Republic of China calendar.

use chrono::{DateTime, Datelike, FixedOffset, Months, NaiveDate, TimeZone, Timelike, Utc};

use crate::Instant;

/// Seconds that Taipei is ahead of UTC.
const TAIPEI_SECONDS: i32 = 8 * 3600;

fn taipei() -> FixedOffset {
    FixedOffset::east_opt(TAIPEI_SECONDS).unwrap_or_else(|| chrono::Utc.fix())
}

use chrono::Offset as _;

/// `at` on a clock in Taipei.
pub fn in_taipei(at: Instant) -> DateTime<FixedOffset> {
    at.with_timezone(&taipei())
}

/// The day in Taipei on which `at` lies.
pub fn taipei_date(at: Instant) -> NaiveDate {
    in_taipei(at).date_naive()
}

/// The hour of the day in Taipei, 0–23.
pub fn taipei_hour(at: Instant) -> u32 {
    in_taipei(at).hour()
}

/// Midnight in Taipei at which `day` begins.
pub fn start_of(day: NaiveDate) -> Instant {
    at(day, 0, 0)
}

/// The moment of `hour:minute` in Taipei on `day`; hours past 23 or minutes past 59 count as midnight.
pub fn at(day: NaiveDate, hour: u32, minute: u32) -> Instant {
    let local = day.and_hms_opt(hour, minute, 0).unwrap_or_default();
    taipei().from_local_datetime(&local).single().map_or(DateTime::UNIX_EPOCH, |t| t.with_timezone(&Utc))
}

/// The moment at which `day` is over in Taipei (midnight that begins the next day).
pub fn end_of(day: NaiveDate) -> Instant {
    start_of(day.succ_opt().unwrap_or(day))
}

/// `day` printed in the Republic of China calendar: `民國115年11月23日`.
pub fn roc(day: NaiveDate) -> String {
    format!("民國{}年{}月{}日", day.year() - 1911, day.month(), day.day())
}

/// `day` plus `months`; a day that the month lacks becomes its last one.
pub fn add_months(day: NaiveDate, months: u32) -> NaiveDate {
    day.checked_add_months(Months::new(months)).unwrap_or(day)
}

/// `day` minus `months`; a day that the month lacks becomes its last one.
pub fn sub_months(day: NaiveDate, months: u32) -> NaiveDate {
    day.checked_sub_months(Months::new(months)).unwrap_or(day)
}

/// The first day of the month of `day`.
pub fn first_of_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

/// The quarter (1–4) of `day`.
pub fn quarter(day: NaiveDate) -> u32 {
    day.month0() / 3 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_evening_in_utc_is_the_next_day_in_taipei() {
        let at: Instant = "2026-11-22T16:00:00Z".parse().unwrap();
        let day = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        assert_eq!(taipei_date(at), day);
        assert_eq!(start_of(day), at);
        assert_eq!(roc(day), "民國115年11月23日");
        assert_eq!(end_of(day) - at, chrono::Duration::days(1));
    }
}
