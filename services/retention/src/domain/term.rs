//! The term of a month of records: by the pack that was followed when the month ended, and by no later one.

use chrono::{Days, NaiveDate};
use kernel::days;
use rule_pack::{PackSet, RecordKind, Regulation, RulePack};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How long a month of records is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Term {
    /// Rule pack that fixes it.
    pub rule_pack: String,
    /// Clause of the term.
    pub clause: String,
    /// Years.
    pub years: u32,
    /// Last day on which the month must be kept.
    pub ends_on: NaiveDate,
    /// First day on which it may be destroyed.
    pub may_end_on: NaiveDate,
}

/// The last day of the month that begins on `month`.
pub fn last_day(month: NaiveDate) -> NaiveDate {
    let next = days::add_months(days::first_of_month(month), 1);
    next.checked_sub_days(Days::new(1)).unwrap_or(next)
}

/// A record kind as holders write it (`query-log`) or as packs do (`query_log`).
pub fn record_kind(text: &str) -> Option<RecordKind> {
    text.replace('-', "_").parse().ok()
}

/// The pack followed at the end of `month`.
pub fn pack_of<'a>(packs: &'a PackSet, regulation: &str, month: NaiveDate) -> Option<&'a RulePack> {
    let regulation: Regulation = regulation.parse().ok()?;
    packs.on(regulation, last_day(month)).map(AsRef::as_ref)
}

/// The term of `kind` of `month`; none where no pack fixes one: such records are never destroyed here.
pub fn term(packs: &PackSet, kind: &str, regulation: &str, month: NaiveDate) -> Option<Term> {
    let pack = pack_of(packs, regulation, month)?;
    let retention = pack.retention.get(&record_kind(kind)?)?;
    // Counted from the month's last day: no record of the month ends before its own term.
    let may_end_on = retention.may_end_on(last_day(month));
    Some(Term {
        rule_pack: pack.reference(),
        clause: retention.clause.clone(),
        years: retention.years,
        ends_on: may_end_on.checked_sub_days(Days::new(1)).unwrap_or(may_end_on),
        may_end_on,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    static PACKS: LazyLock<PackSet> = LazyLock::new(|| PackSet::embedded().unwrap());

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_is_kept_as_long_as_its_last_day() {
        let household = term(&PACKS, "query-log", "household", day("2023-01-01")).unwrap();
        assert_eq!((household.clause.as_str(), household.years), ("H6.6", 3));
        assert_eq!((household.ends_on, household.may_end_on), (day("2026-01-31"), day("2026-02-01")));
        let immigration = term(&PACKS, "query_log", "immigration", day("2023-01-01")).unwrap();
        assert_eq!((immigration.clause.as_str(), immigration.may_end_on), ("I3.8", day("2028-02-01")));
        assert_eq!(term(&PACKS, "no-such-kind", "household", day("2023-01-01")), None);
        assert_eq!(term(&PACKS, "query_log", "household", day("2001-01-01")), None);
    }

    proptest! {
        #[test]
        fn no_record_ends_before_its_own_years(months in 0u32..120, offset in 0u64..31) {
                let month = days::add_months(day("2019-01-01"), months);
            let record = month.checked_add_days(Days::new(offset)).unwrap().min(last_day(month));
            for kind in RecordKind::ALL {
                if let Some(term) = term(&PACKS, kind.as_str(), "household", month) {
                    prop_assert!(term.may_end_on > days::add_months(record, term.years * 12));
                    prop_assert!(term.ends_on < term.may_end_on);
                }
            }
        }
    }
}
