//! Rhythms: named work that is due again and again. Each due time is handled once, by whichever replica claims it;
//! after a pause every missed due time is handled, one after the other, with its own moment.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Datelike as _, Days, NaiveDate, Utc, Weekday};
use diesel::sql_types::{Array, Bool, Text, Timestamptz};
use diesel::{OptionalExtension as _, QueryableByName};
use diesel_async::RunQueryDsl as _;
use futures::future::LocalBoxFuture;
use kernel::days;
use statement::statement;

use crate::context::Context;
use crate::error::Result;

/// When work is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rhythm {
    /// Each day at `(hour, minute)` in Taipei.
    Daily(u32, u32),
    /// Each week on a day at `(hour, minute)` in Taipei.
    Weekly(Weekday, u32, u32),
    /// Each month on day 1 at `(hour, minute)` in Taipei.
    Monthly(u32, u32),
    /// Each so many minutes.
    Minutes(u32),
}

impl Rhythm {
    /// The first due time after `after`.
    pub fn next(self, after: DateTime<Utc>) -> DateTime<Utc> {
        let today = days::taipei_date(after);
        let first = |mut on: Box<dyn Iterator<Item = NaiveDate>>, h, m| {
            on.find_map(|day| Some(days::at(day, h, m)).filter(|at| *at > after)).unwrap_or(after)
        };
        match self {
            Self::Daily(h, m) => first(Box::new(today.iter_days()), h, m),
            Self::Weekly(weekday, h, m) => {
                first(Box::new(today.iter_days().filter(move |d| d.weekday() == weekday)), h, m)
            }
            Self::Monthly(h, m) => first(Box::new(today.iter_days().filter(|d| d.day() == 1)), h, m),
            Self::Minutes(minutes) => after + chrono::Duration::minutes(minutes.into()),
        }
    }
}

impl Rhythm {
    /// The due time that follows the run for `due`. Days, weeks and months are made up for one by one: each is about
    /// its own day. Minutes are a pulse: what was missed is missed.
    fn next_after_run(self, due: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Minutes(_) => self.next(due.max(now)),
            _ => self.next(due),
        }
    }
}

type Run = Arc<dyn for<'a> Fn(&'a Context, DateTime<Utc>) -> LocalBoxFuture<'a, Result<()>> + Send + Sync>;

/// Named work in a rhythm. `run` gets the due time and must give the same result when it is done again for it.
#[derive(Clone)]
pub struct Schedule {
    /// Its name, unique in the service.
    pub name: &'static str,
    rhythm: Rhythm,
    run: Run,
}

impl Schedule {
    /// Work called `name` in `rhythm`.
    pub fn new<H>(name: &'static str, rhythm: Rhythm, handler: H) -> Self
    where
        H: AsyncFn(&Context, DateTime<Utc>) -> Result<()> + Send + Sync + 'static,
    {
        let handler = Arc::new(handler);
        let run: Run = Arc::new(move |context, due| {
            let handler = handler.clone();
            Box::pin(async move { handler(context, due).await })
        });
        Self { name, rhythm, run }
    }
}

#[derive(QueryableByName)]
struct Due {
    #[diesel(sql_type = Timestamptz)]
    next_at: DateTime<Utc>,
}

/// Runs what is due at the business time that it is, until nothing is. Gives the number of runs.
pub async fn run_due(context: &Context, schedules: &[Schedule]) -> Result<usize> {
    let mut runs = 0;
    loop {
        let due = due(context, schedules).await?;
        let before = runs;
        for schedule in schedules.iter().filter(|s| due.iter().any(|name| name == s.name)) {
            if let Some(due) = claim(context, schedule).await? {
                runs += 1;
                tracing::debug!(schedule = schedule.name, %due, "schedule runs");
                (schedule.run)(context, due).await?;
                finish(context, schedule, schedule.rhythm.next_after_run(due, context.now())).await?;
            }
        }
        if runs == before {
            return Ok(runs);
        }
    }
}

#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    due: bool,
}

/// The names of those that are due; a schedule that is new here begins with its next due time.
async fn due(context: &Context, schedules: &[Schedule]) -> Result<Vec<String>> {
    let now = context.now();
    let mut conn = context.connection().await?;
    let known: Vec<Known> = statement("SELECT name, next_at <= $1 AS due FROM schedules")
        .bind::<Timestamptz, _>(now)
        .load(&mut conn)
        .await?;
    let new = schedules.iter().filter(|s| known.iter().all(|known| known.name != s.name));
    let (names, next): (Vec<&str>, Vec<DateTime<Utc>>) = new.map(|s| (s.name, s.rhythm.next(now))).unzip();
    if !names.is_empty() {
        statement(
            "INSERT INTO schedules (name, next_at) SELECT * FROM unnest($1, $2) ON CONFLICT DO NOTHING",
        )
        .bind::<Array<Text>, _>(names)
        .bind::<Array<Timestamptz>, _>(next)
        .execute(&mut conn)
        .await?;
    }
    Ok(known.into_iter().filter(|known| known.due).map(|known| known.name).collect())
}

/// Claims the due time of `schedule` for a while (real time, so that a dead replica's claim ends).
async fn claim(context: &Context, schedule: &Schedule) -> Result<Option<DateTime<Utc>>> {
    let now = context.now();
    let mut conn = context.connection().await?;
    let due: Option<Due> = statement(
        "UPDATE schedules SET claimed_until = clock_timestamp() + interval '5 minutes' WHERE name = $1 AND next_at <= $2 \
         AND (claimed_until IS NULL OR claimed_until < clock_timestamp()) RETURNING next_at",
    )
    .bind::<Text, _>(schedule.name)
    .bind::<Timestamptz, _>(now)
    .get_result(&mut conn)
    .await
    .optional()?;
    Ok(due.map(|d| d.next_at))
}

async fn finish(context: &Context, schedule: &Schedule, next: DateTime<Utc>) -> Result<()> {
    let mut conn = context.connection().await?;
    statement("UPDATE schedules SET next_at = $2, claimed_until = NULL WHERE name = $1")
        .bind::<Text, _>(schedule.name)
        .bind::<Timestamptz, _>(next)
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// Runs schedules and jobs as they fall due, until the task is dropped.
pub async fn run(context: Context, schedules: Vec<Schedule>, jobs: Vec<crate::jobs::JobKind>) {
    loop {
        if let Err(error) = run_due(&context, &schedules).await {
            tracing::warn!(?error, "schedules wait");
        }
        if let Err(error) = crate::jobs::run_due(&context, &jobs).await {
            tracing::warn!(?error, "jobs wait");
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// The day before the one in which `at` lies, in Taipei: daily work at night is about it.
pub fn day_before(at: DateTime<Utc>) -> NaiveDate {
    let day = days::taipei_date(at);
    day.checked_sub_days(Days::new(1)).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_times_are_counted_in_taipei() {
        let at: DateTime<Utc> = "2026-11-23T16:30:00Z".parse().unwrap(); // 00:30 on Tuesday the 24th in Taipei
        assert_eq!(Rhythm::Daily(1, 0).next(at), days::at("2026-11-24".parse().unwrap(), 1, 0));
        assert_eq!(Rhythm::Daily(0, 30).next(at), days::at("2026-11-25".parse().unwrap(), 0, 30));
        assert_eq!(
            Rhythm::Weekly(Weekday::Mon, 6, 0).next(at),
            days::at("2026-11-30".parse().unwrap(), 6, 0)
        );
        assert_eq!(
            Rhythm::Minutes(5).next_after_run(at, at + chrono::Duration::days(1)),
            at + chrono::Duration::minutes(1445)
        );
        assert_eq!(Rhythm::Monthly(2, 0).next(at), days::at("2026-12-01".parse().unwrap(), 2, 0));
    }
}
