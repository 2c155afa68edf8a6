//! Months that lie three and five years back, written through the same API with the clock set back, so that their terms
//! end within the year (H6.6, I3.8).

use chrono::{Datelike as _, NaiveDate};
use kernel::{Instant, days};
use sample_city::{PlannedQuery, Provider};

use super::Year;

/// Months of the year after which the household month of three years ago ends.
const HOUSEHOLD_AFTER: u32 = 2;
/// Months of the year after which the immigration month of five years ago ends.
const IMMIGRATION_AFTER: u32 = 3;
/// Household and tax queries of that month.
const QUERIES: usize = 40;

/// The first day of the month that lies `years` before the month `after` months into the year that ends on `end`.
fn month(end: NaiveDate, years: u32, after: u32) -> NaiveDate {
    let start = days::sub_months(end, 12);
    let day = days::sub_months(days::add_months(start, after), 12 * years);
    day.with_day(1).unwrap_or(day)
}

/// The moment of the first thing that is written.
pub(super) fn start(end: NaiveDate) -> Instant {
    days::at(month(end, 5, IMMIGRATION_AFTER), 8, 0)
}

impl Year<'_> {
    /// Writes both months. Schedules do not run for the years between: nothing was owed to a suite that did not stand.
    pub(super) async fn live_history(&mut self) -> anyhow::Result<()> {
        let end = days::taipei_date(self.stack.memory.end);
        let old = month(end, 5, IMMIGRATION_AFTER);
        self.today = self.calendar.on_or_after(days::add_months(old, 1).pred_opt().unwrap_or(old));
        self.move_to(days::at(self.today, 20, 0));
        if self.client.has(super::queries::REGISTRY, super::imports::IMPORT_LOG) {
            self.import_immigration(old, days::add_months(old, 1)).await;
        }
        self.stack.settle().await?;
        let past = month(end, 3, HOUSEHOLD_AFTER);
        let queries = self.old_queries(past);
        let mut by_day: std::collections::BTreeMap<NaiveDate, Vec<&PlannedQuery>> =
            std::collections::BTreeMap::new();
        for query in &queries {
            by_day.entry(days::taipei_date(query.at)).or_default().push(query);
        }
        for (day, queries) in by_day {
            self.today = day;
            let plan = sample_city::DayPlan {
                date: day,
                working: true,
                reported_changes: vec![],
                acts: vec![],
                queries: vec![],
            };
            self.live_hours(&plan, &queries).await;
        }
        self.stack.settle().await?;
        // What was kept of it was filed long ago.
        self.state.cases.clear();
        Ok(())
    }

    /// Queries of officials who were in service then, about persons of cases that were open for their office; the cases
    /// of those days have numbers of their own.
    fn old_queries(&self, month: NaiveDate) -> Vec<PlannedQuery> {
        let city = self.client.city();
        let template = self.plan.queries().filter(|q| {
            let official = &city.officials[q.official];
            q.planted.is_none() && q.provider == Provider::Household && official.appointed < month
        });
        let mut chosen: Vec<PlannedQuery> = vec![];
        for query in template {
            if chosen.len() >= QUERIES {
                break;
            }
            if chosen.iter().any(|c| c.case == query.case) {
                continue;
            }
            let day = self
                .calendar
                .on_or_after(month + chrono::Days::new(u64::try_from(chosen.len() / 10 * 3).unwrap_or(0)));
            let hour = u32::try_from(9 + chosen.len() % 3).unwrap_or(9);
            let session = 1_000_000 + chosen.len() * 2;
            let household =
                PlannedQuery { at: days::at(day, hour, 10), session, retrieval: None, ..query.clone() };
            let tax = PlannedQuery {
                provider: Provider::Tax,
                items: &sample_city::TAX_ITEMS,
                at: days::at(day, hour, 20),
                ..household.clone()
            };
            chosen.push(household);
            chosen.push(tax);
        }
        chosen
    }
}
