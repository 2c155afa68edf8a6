//! The periods of a rhythm.

use chrono::{Datelike as _, Days, NaiveDate};
use rule_pack::{Rhythm, RhythmKind, RhythmUnit, RulePack};

/// The first day of the period of `rhythm` in which `day` lies. Months divide the year; weeks begin on Mondays.
pub fn period_start(rhythm: &Rhythm, day: NaiveDate) -> NaiveDate {
    match rhythm.unit {
        RhythmUnit::Month => {
            let every = rhythm.every.max(1);
            NaiveDate::from_ymd_opt(day.year(), day.month0() / every * every + 1, 1).unwrap_or(day)
        }
        RhythmUnit::Year => NaiveDate::from_ymd_opt(day.year(), 1, 1).unwrap_or(day),
        RhythmUnit::Week => {
            day.checked_sub_days(Days::new(day.weekday().num_days_from_monday().into())).unwrap_or(day)
        }
        RhythmUnit::WorkingDay => day,
    }
}

/// The rhythm by which records of a pack are grouped: that of its sampled audit, else of its internal audit.
pub fn grouping(pack: &RulePack) -> Option<(RhythmKind, &Rhythm)> {
    [RhythmKind::UsageAudit, RhythmKind::InternalAudit]
        .into_iter()
        .find_map(|kind| pack.rhythm(kind).map(|rhythm| (kind, rhythm)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rule_pack::{PackSet, Regulation};

    #[test]
    fn records_are_grouped_by_quarter_and_by_month() {
        let packs = PackSet::embedded().unwrap();
        let day: NaiveDate = "2026-05-20".parse().unwrap();
        let start = |regulation| {
            let pack = packs.on(regulation, day).unwrap();
            let (_, rhythm) = grouping(pack).unwrap();
            period_start(rhythm, day).to_string()
        };
        assert_eq!(start(Regulation::Household), "2026-04-01");
        assert_eq!(start(Regulation::Immigration), "2026-05-01");
    }
}
