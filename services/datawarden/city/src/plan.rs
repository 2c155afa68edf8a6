//! The plan of a year: who queries whom, when, for which case, with which reason; what is printed and filed; what
//! goes wrong. A plan is data: whoever plays it drives the real services with it.

mod honest;
mod weave;

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use kernel::ids::PostId;
use kernel::{Instant, WorkingCalendar};
use serde::{Deserialize, Serialize};

use crate::SampleCity;
use crate::personnel::{self, PersonnelChange};

/// A data provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// 戶役政.
    Household,
    /// 財稅.
    Tax,
}

impl Provider {
    /// `household` or `tax`, as in paths and agency codes.
    pub fn code(self) -> &'static str {
        match self {
            Self::Household => "household",
            Self::Tax => "tax",
        }
    }
}

/// Items that may be asked of the household registers; each is a field of the provider's answer.
pub const HOUSEHOLD_ITEMS: [&str; 12] = [
    "name",
    "birth_date",
    "sex",
    "household_number",
    "relation",
    "address",
    "marital_status",
    "spouse",
    "parents",
    "household_members",
    "foreign_spouse",
    "registration_history",
];

/// Items that may be asked of the tax registers; each is a field of the provider's answer.
pub const TAX_ITEMS: [&str; 6] =
    ["income_total", "income_by_kind", "property_total", "land_value", "house_value", "vehicles"];

/// What a plan covers.
#[derive(Debug, Clone, Copy)]
pub struct PlanSettings {
    /// First day.
    pub start: NaiveDate,
    /// The day after the last one.
    pub end: NaiveDate,
    /// Honest queries in all, household and tax together; planted ones come on top.
    pub queries: usize,
}

/// On what a result was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// A print (列印).
    Print,
    /// A saved file (電子檔).
    File,
}

/// A print or file of a result, and what became of it (H3.2, H7). Exactly one of the two days is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retrieval {
    /// On what.
    pub medium: Medium,
    /// Day on which it was filed into its case.
    pub filed_on: Option<NaiveDate>,
    /// Day on which it was destroyed.
    pub destroyed_on: Option<NaiveDate>,
}

/// A fault that strikes while a query runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The gate's process ends after the intent is in the log and before the outcome is.
    DiesAfterIntent,
}

/// One query, application and endorsements included: who plays the plan has the user fill in and endorse the
/// application shortly before `at`, the responsible supervisor endorse it, and then the query made at `at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedQuery {
    /// Number in the plan, from 0, in the order of time.
    pub number: usize,
    /// When, Taipei office hours unless planted.
    pub at: Instant,
    /// Place in the list of officials.
    pub official: usize,
    /// The post acted in.
    pub post: PostId,
    /// The provider asked.
    pub provider: Provider,
    /// Place in the list of cases.
    pub case: usize,
    /// Place in the list of citizens.
    pub citizen: usize,
    /// Items asked for, out of [`HOUSEHOLD_ITEMS`] or [`TAX_ITEMS`].
    pub items: &'static [&'static str],
    /// The reason (查調事由).
    pub reason: String,
    /// Queries of one official for one case on one occasion share it; a tax follow-up has its household query's.
    pub session: usize,
    /// Print or file that was made of the result.
    pub retrieval: Option<Retrieval>,
    /// Fault that strikes.
    pub fault: Option<Fault>,
    /// Id of the planted item.
    pub planted: Option<String>,
}

/// Something other than a query. The text is the planted item's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlannedAct {
    /// An official reports his card as lost, at this time (I3.7).
    CardLost(String, usize, Instant),
    /// The same official gets a new card.
    CardReplaced(String, usize),
    /// The responsible supervisor endorses the daily report about `of` too late (H8.1.1).
    ReportHeldBack {
        /// Planted item.
        planted: String,
        /// Who is late.
        official: usize,
        /// Day that the report is about.
        of: NaiveDate,
        /// Working days past its due day.
        working_days_late: u32,
    },
    /// Somebody asks the provider about the citizen without the gate, at this time.
    CallPastGate {
        /// Planted item.
        planted: String,
        /// The provider.
        provider: Provider,
        /// Place in the list of citizens.
        citizen: usize,
        /// When.
        at: Instant,
        /// Transaction number that he makes up.
        transaction: uuid::Uuid,
    },
    /// A superuser alters the log entry of the day's first query.
    EditLogRow(String),
}

/// One day.
#[derive(Debug, Clone)]
pub struct DayPlan {
    /// The day, in Taipei.
    pub date: NaiveDate,
    /// Whether offices are open.
    pub working: bool,
    /// Changes that the personnel file of this day tells of.
    pub reported_changes: Vec<PersonnelChange>,
    /// Other acts.
    pub acts: Vec<PlannedAct>,
    /// Queries in the order of time.
    pub queries: Vec<PlannedQuery>,
}

/// A plan.
#[derive(Debug, Clone)]
pub struct YearPlan {
    /// What it covers.
    pub settings: PlanSettings,
    /// Each calendar day of `[start, end)`.
    pub days: Vec<DayPlan>,
    /// All personnel changes of the period.
    pub changes: Vec<PersonnelChange>,
}

impl YearPlan {
    /// Plans the days of `settings` with offices open as `calendar` says. Planted items whose day lies past the end
    /// are left out; a plan from the city's first day over a year holds all of them.
    pub fn build(city: &SampleCity, calendar: &WorkingCalendar, settings: PlanSettings) -> Self {
        let changes = personnel::changes(city, settings.start, settings.end);
        let mut draft =
            Draft { city, calendar, settings, days: BTreeMap::new(), changes: &changes, sessions: 0 };
        for date in settings.start.iter_days().take_while(|d| *d < settings.end) {
            let day = DayPlan {
                date,
                working: calendar.is_working_day(date),
                reported_changes: Vec::new(),
                acts: Vec::new(),
                queries: Vec::new(),
            };
            draft.days.insert(date, day);
        }
        weave::weave(&mut draft);
        honest::fill(&mut draft);
        let mut days: Vec<DayPlan> = draft.days.into_values().collect();
        let mut number = 0;
        for day in &mut days {
            day.reported_changes = changes.iter().filter(|c| c.reported == day.date).cloned().collect();
            day.queries.sort_by_key(|q| (q.at, q.official, q.session));
            for query in &mut day.queries {
                query.number = number;
                number += 1;
            }
        }
        Self { settings, days, changes }
    }

    /// All queries in the order of time.
    pub fn queries(&self) -> impl Iterator<Item = &PlannedQuery> {
        self.days.iter().flat_map(|d| &d.queries)
    }

    /// All other acts in the order of days.
    pub fn acts(&self) -> impl Iterator<Item = &PlannedAct> {
        self.days.iter().flat_map(|d| &d.acts)
    }

    /// SHA-256 (lower-case hexadecimal) over the whole plan.
    pub fn digest(&self) -> String {
        kernel::canonical::sha256_hex(crate::text::of_plan(self).as_bytes())
    }
}

impl PlannedAct {
    /// The planted item that it belongs to.
    pub fn planted(&self) -> &str {
        match self {
            Self::CardLost(id, ..) | Self::CardReplaced(id, _) | Self::EditLogRow(id) => id,
            Self::ReportHeldBack { planted, .. } | Self::CallPastGate { planted, .. } => planted,
        }
    }
}

/// A plan in the making.
struct Draft<'a> {
    city: &'a SampleCity,
    calendar: &'a WorkingCalendar,
    settings: PlanSettings,
    days: BTreeMap<NaiveDate, DayPlan>,
    changes: &'a [PersonnelChange],
    sessions: usize,
}

impl Draft<'_> {
    /// The working day on or after `offset` calendar days from the start.
    fn day(&self, offset: u32) -> NaiveDate {
        self.calendar.on_or_after(self.settings.start + Days::new(u64::from(offset)))
    }

    /// Puts `query` on the day of `at` if the plan covers it.
    fn add(&mut self, query: PlannedQuery) -> bool {
        let date = kernel::days::taipei_date(query.at);
        self.days.get_mut(&date).is_some_and(|day| {
            day.queries.push(query);
            true
        })
    }

    fn act(&mut self, date: NaiveDate, act: PlannedAct) {
        if let Some(day) = self.days.get_mut(&date) {
            day.acts.push(act);
        }
    }

    fn next_session(&mut self) -> usize {
        self.sessions += 1;
        self.sessions
    }

    /// Open cases of the official's main agency on `day`, planted ones left out.
    fn open_cases(&self, official: usize, day: NaiveDate) -> Vec<usize> {
        let agency = self.city.officials[official].posts.first().map(|p| p.agency);
        let cases = self.city.cases.iter().enumerate();
        cases
            .filter(|(_, c)| Some(c.agency) == agency && c.planted.is_none() && c.is_open(day))
            .map(|(i, _)| i)
            .collect()
    }
}
