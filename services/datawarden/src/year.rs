//! The simulated year: every day of the plan, lived by officials through the public API alone.
//!
//! A day goes: what fell due at night; the personnel file; duties of the morning; queries in the order of their hours;
//! duties of the afternoon, each a day or two before it is due, found by asking who is to do what by when.

mod audits;
mod control;
mod copies;
mod duties;
mod history;
mod imports;
mod internal_audits;
mod misdeeds;
mod offices;
mod permissions;
mod queries;
mod retention;
mod state;

use std::time::{Duration, Instant as Moment};

use anyhow::Context as _;
use chrono::{Datelike as _, NaiveDate};
use futures::{StreamExt as _, stream};
use indicatif::{ProgressBar, ProgressStyle};
use kernel::{Instant, WorkingCalendar, days};
use rule_pack::{PackSet, Regulation, RulePack};
use sample_city::{DayPlan, PlanSettings, YearPlan};

use crate::client::{CallError, Called, Client};
use crate::stack::Stack;

pub use queries::Load;
use state::State;
pub use state::YearReport;

/// Honest queries of the year unless told; planted ones come on top. A tenth of what a real year of these offices would have
/// (`docs/decisions/0014-year.md`).
pub const QUERIES: usize = 4_000;

/// When the night's work is done and the day's begins.
const FIRST_HOUR: u32 = 7;

/// The year as it is lived.
pub(crate) struct Year<'a> {
    client: Client<'a>,
    stack: &'a Stack,
    calendar: &'a WorkingCalendar,
    packs: &'a PackSet,
    plan: YearPlan,
    state: State,
    today: NaiveDate,
}

/// The moment at which the clock must stand before the first thing of the year's history is written: in the month whose
/// five-year term ends within the year that ends on `end`.
pub fn history_start(end: NaiveDate) -> Instant {
    history::start(end)
}

/// Asks `most` honest queries of the plan, which stand on one day at the clock's time, by `at_once` officials: one half as
/// fast as they are answered, the other at half that rate.
pub async fn ask_at_full_load(stack: &Stack, most: usize, at_once: usize) -> anyhow::Result<(Load, Load)> {
    let mut year = open(stack, most * 2).await?;
    year.learn_accounts().await.context("the accounts that stand")?;
    year.load(most, at_once).await
}

async fn open(stack: &Stack, queries: usize) -> anyhow::Result<Year<'_>> {
    let context = &stack.service("query-registry").context;
    let (calendar, packs) = (context.calendar(), context.packs());
    let end = days::taipei_date(stack.memory.end);
    let settings = PlanSettings { start: stack.city.settings.start, end, queries };
    Ok(Year {
        client: Client::open(stack).await?,
        stack,
        calendar,
        packs,
        plan: YearPlan::build(&stack.city, calendar, settings),
        state: State::default(),
        today: days::taipei_date(stack.clock.now_moment()),
    })
}

/// Lives the months long past and the year with so many honest `queries` up to the stack's end, with a progress bar. The clock
/// stands at the end afterwards; the caller releases it.
pub async fn live(stack: &Stack, queries: usize) -> anyhow::Result<YearReport> {
    let mut year = open(stack, queries).await?;
    let started = Moment::now();
    year.learn_accounts().await.context("the accounts that stand")?;
    year.live_history().await.context("the months three and five years back")?;
    let bar = progress_bar(u64::try_from(year.plan.days.len()).unwrap_or_default());
    for place in 0..year.plan.days.len() {
        let day = year.plan.days[place].clone();
        bar.set_message(days::roc(day.date));
        if bar.is_hidden() && day.date.day() == 1 {
            crate::commands::say(format!(
                "{} … {:.0} s",
                days::roc(day.date),
                started.elapsed().as_secs_f64()
            ));
        }
        year.live_day(&day).await.with_context(|| format!("{}", day.date))?;
        bar.inc(1);
    }
    year.move_to(stack.memory.end);
    stack.run_due().await?;
    stack.settle().await?;
    bar.finish_and_clear();
    let report = year.state.report(started.elapsed(), &year.client);
    report.print();
    Ok(report)
}

/// Does `each` for all of `items`, in no order, as many at once as requests may be under way.
async fn side_by_side<I, T, F: Future<Output = T>>(
    items: impl IntoIterator<Item = I>,
    each: impl FnMut(I) -> F,
) -> Vec<T> {
    stream::iter(items).map(each).buffer_unordered(queries::AT_ONCE).collect().await
}

fn progress_bar(days: u64) -> ProgressBar {
    let bar = ProgressBar::new(days);
    let style = ProgressStyle::with_template("The year {bar:40} {pos}/{len} days, {eta} to go  {msg}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

impl Year<'_> {
    async fn live_day(&mut self, day: &DayPlan) -> anyhow::Result<()> {
        self.today = day.date;
        let (night, daytime): (Vec<_>, Vec<_>) = day
            .queries
            .iter()
            .partition(|q| days::in_taipei(q.at) < days::in_taipei(days::at(day.date, FIRST_HOUR, 0)));
        self.perform_planted(&night).await;
        self.move_to(days::at(day.date, FIRST_HOUR, 0));
        let begun = Moment::now();
        self.stack.run_due().await?;
        self.state.took("what fell due at night", begun);
        if day.working {
            self.move_to(days::at(day.date, 8, 5));
            let begun = Moment::now();
            self.import_files(day).await;
            self.state.took("files of the morning", begun);
            let begun = Moment::now();
            self.do_duties().await;
            self.state.took("duties", begun);
        }
        // What the night and the morning changed is known before anybody asks.
        if !daytime.is_empty() {
            self.settle().await?;
        }
        let begun = Moment::now();
        self.live_hours(day, &daytime).await;
        self.state.took("queries", begun);
        if day.working {
            self.move_to(days::at(day.date, 17, 10));
            // What was printed today must have reached the register of prints.
            self.settle().await?;
            let begun = Moment::now();
            self.finish_day(day).await;
            self.state.took("end of the day", begun);
        }
        self.settle().await
    }

    async fn settle(&mut self) -> anyhow::Result<()> {
        let begun = Moment::now();
        self.stack.settle().await?;
        self.state.took("waiting for events", begun);
        Ok(())
    }

    /// What the afternoon leaves to do: prints filed, the month's and the year's occasions, duties that came up today.
    async fn finish_day(&mut self, day: &DayPlan) {
        self.settle_outputs().await;
        self.occasions(day).await;
    }

    /// Moves the clock on, never back.
    fn move_to(&self, to: Instant) {
        if self.stack.clock.now_moment() < to {
            self.stack.clock.set(to);
        }
    }

    fn pack(&self, regulation: Regulation) -> Option<&RulePack> {
        self.packs.on(regulation, self.today).map(AsRef::as_ref)
    }

    /// Notes a refusal that the plan did not foresee; the year goes on.
    fn note<T>(&mut self, what: &str, called: Called<T>) -> Option<T> {
        called.map_err(|error: CallError| self.state.trouble(self.today, what, &error)).ok()
    }

    /// Whether today is the first working day of its month.
    fn first_working_day(&self) -> bool {
        self.calendar.on_or_after(self.today.with_day(1).unwrap_or(self.today)) == self.today
    }
}

/// The clock's present moment without naming its trait at each call.
trait Now {
    fn now_moment(&self) -> Instant;
}

impl Now for kernel::SimulatedClock {
    fn now_moment(&self) -> Instant {
        kernel::Clock::now(self)
    }
}
