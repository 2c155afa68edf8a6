//! A calendar month in Taipei: the unit in which a log is partitioned, keyed and destroyed.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use kernel::{Instant, days};
use serde::{Deserialize, Serialize};

/// A calendar month in Asia/Taipei, written `2026-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month(NaiveDate);

/// The text is not a month like `2026-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a month is written like 2026-01")]
pub struct MonthError;

impl Month {
    /// The month in which `at` lies in Taipei.
    pub fn of(at: Instant) -> Self {
        Self::containing(days::taipei_date(at))
    }

    /// The month that `day` belongs to.
    pub fn containing(day: NaiveDate) -> Self {
        Self(days::first_of_month(day))
    }

    /// Its first day.
    pub fn first_day(self) -> NaiveDate {
        self.0
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

impl FromStr for Month {
    type Err = MonthError;

    fn from_str(text: &str) -> Result<Self, MonthError> {
        let (year, month) = text.split_once('-').ok_or(MonthError)?;
        if year.len() != 4 || month.len() != 2 {
            return Err(MonthError);
        }
        let number = |digits: &str| digits.parse::<u32>().map_err(|_| MonthError);
        let year = i32::try_from(number(year)?).map_err(|_| MonthError)?;
        NaiveDate::from_ymd_opt(year, number(month)?, 1).map(Self).ok_or(MonthError)
    }
}

impl TryFrom<String> for Month {
    type Error = MonthError;

    fn try_from(text: String) -> Result<Self, MonthError> {
        text.parse()
    }
}

impl From<Month> for String {
    fn from(month: Month) -> Self {
        month.to_string()
    }
}
