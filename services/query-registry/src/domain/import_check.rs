//! Imported lines against what was approved (I3.4, I4.1.1): person and item, scope, frequency, fields, hours; and the
//! summary of each office for annex 2. Thresholds are those of the pack's misuse table.

use std::collections::{BTreeMap, BTreeSet};

use account_types::events::{AccountSnapshot, AccountStatus};
use chrono::NaiveDate;
use kernel::ids::{AccountId, AgencyId, PersonId, QueryId};
use kernel::{Instant, WorkingCalendar, days};
use query_registry_types::import::OfficeSummary;
use rule_pack::RulePack;

use crate::domain::control_item::kind;

/// A line to be checked.
#[derive(Debug, Clone)]
pub struct CheckedLine {
    /// Its query.
    pub query: QueryId,
    /// When.
    pub at: Instant,
    /// Office.
    pub agency: AgencyId,
    /// Account as the file has it.
    pub number: String,
    /// The account as it was then, if there was one.
    pub account: Option<AccountSnapshot>,
    /// Keyed hash of whom it was about.
    pub subject: String,
    /// Sub-item.
    pub item: String,
    /// Fields shown.
    pub fields: Vec<String>,
}

/// Something that is not as approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Kind of the control item.
    pub kind: &'static str,
    /// What exactly.
    pub code: &'static str,
    /// Office.
    pub agency: AgencyId,
    /// Account as the file has it: all there is where nobody was given one.
    pub number: String,
    /// Account, if there is one.
    pub account: Option<AccountId>,
    /// Its holder.
    pub person: Option<PersonId>,
    /// Queries concerned.
    pub queries: Vec<QueryId>,
    /// The first day.
    pub day: NaiveDate,
    /// Ids of items or fields.
    pub about: BTreeSet<String>,
}

/// The account's state at `at`, out of its states in order; before the first known one, that one.
pub fn state_at(states: &[(Instant, AccountSnapshot)], at: Instant) -> Option<&AccountSnapshot> {
    let last = states.iter().rev().find(|(since, _)| *since <= at);
    last.or_else(|| states.first()).map(|(_, account)| account)
}

/// Why the use was not approved, if it was not (I3.4).
fn unapproved(line: &CheckedLine) -> Option<&'static str> {
    let day = days::taipei_date(line.at);
    let Some(account) = &line.account else { return Some("no-account") };
    if account.agency != line.agency {
        Some("other-office")
    } else if day < account.valid_from || account.valid_until.is_some_and(|until| day > until) {
        Some("outside-validity")
    } else if account.status != AccountStatus::Active {
        Some("not-active")
    } else if !account.permission_items.contains(&line.item) {
        Some("item-not-approved")
    } else {
        None
    }
}

/// Findings by what makes them one: kind, code, office, account.
#[derive(Default)]
struct Findings(BTreeMap<(&'static str, &'static str, AgencyId, String), Finding>);

impl Findings {
    fn add<'a>(
        &mut self,
        kind: &'static str,
        code: &'static str,
        line: &CheckedLine,
        about: impl IntoIterator<Item = &'a str>,
    ) {
        let finding =
            self.0.entry((kind, code, line.agency, line.number.clone())).or_insert_with(|| Finding {
                kind,
                code,
                agency: line.agency,
                number: line.number.clone(),
                account: line.account.as_ref().map(|a| a.id),
                person: line.account.as_ref().map(|a| a.person),
                queries: vec![],
                day: days::taipei_date(line.at),
                about: BTreeSet::new(),
            });
        finding.day = finding.day.min(days::taipei_date(line.at));
        finding.queries.push(line.query);
        finding.about.extend(about.into_iter().map(str::to_owned));
    }
}

/// Whether `at` is at night or on a day off.
pub fn outside_hours(at: Instant, pack: &RulePack, calendar: &WorkingCalendar) -> bool {
    let hour = days::taipei_hour(at);
    let (from, to) = (pack.misuse.night_from_hour, pack.misuse.night_to_hour);
    let night = if from <= to { (from..to).contains(&hour) } else { hour >= from || hour < to };
    night || !calendar.is_working_day(days::taipei_date(at))
}

/// Checks the lines. `earlier` are the numbers of lines of single accounts in single months of earlier files: with
/// those of this file they show what is usual.
pub fn check(
    lines: &[CheckedLine],
    pack: &RulePack,
    calendar: &WorkingCalendar,
    earlier: &[u32],
) -> Vec<Finding> {
    let mut findings = Findings::default();
    for line in lines {
        if let Some(code) = unapproved(line) {
            findings.add(kind::UNAPPROVED_USE, code, line, [line.item.as_str()]);
        }
        let covered = pack.fields_of([line.item.as_str()]);
        let beyond: Vec<&str> =
            line.fields.iter().map(String::as_str).filter(|field| !covered.contains(field)).collect();
        if !beyond.is_empty() {
            findings.add(kind::FIELD, "field-beyond-item", line, beyond);
        }
        if outside_hours(line.at, pack, calendar) {
            findings.add(kind::HOURS, "outside-hours", line, []);
        }
    }
    frequency(lines, pack, earlier, &mut findings);
    findings.0.into_values().collect()
}

fn frequency(lines: &[CheckedLine], pack: &RulePack, earlier: &[u32], findings: &mut Findings) {
    let mut accounts: BTreeMap<(AgencyId, &str), Vec<&CheckedLine>> = BTreeMap::new();
    for line in lines {
        accounts.entry((line.agency, line.number.as_str())).or_default().push(line);
    }
    let mut months: Vec<u32> = earlier.to_vec();
    for own in accounts.values() {
        months.extend(by_month(own).values().map(|lines| count(lines.len())));
    }
    // A handful of months tells nothing about what is usual.
    let known = count(months.len()) >= pack.misuse.usual_least;
    let usual = lower_median(&mut months).unwrap_or_default();
    for own in accounts.values_mut() {
        own.sort_by_key(|line| (line.at, line.query));
        for many in by_month(own).values() {
            if known && count(many.len()) > usual.saturating_mul(pack.misuse.repetition_count) {
                many.iter().for_each(|line| {
                    findings.add(kind::UNUSUAL_FREQUENCY, "more-than-usual", line, []);
                });
            }
        }
        if has_window(own, chrono::Duration::hours(1), pack.misuse.hourly_count)
            && let Some(line) = own.first()
        {
            findings.add(kind::UNUSUAL_FREQUENCY, "many-in-an-hour", line, []);
        }
        let mut subjects: BTreeMap<&str, Vec<&CheckedLine>> = BTreeMap::new();
        for line in own.iter() {
            subjects.entry(line.subject.as_str()).or_default().push(line);
        }
        let window = chrono::Duration::days(pack.misuse.repetition_days.into());
        for same in subjects.values().filter(|s| has_window(s, window, pack.misuse.repetition_count)) {
            same.iter().for_each(|line| findings.add(kind::UNUSUAL_FREQUENCY, "repeated-subject", line, []));
        }
    }
}

fn by_month<'a>(lines: &[&'a CheckedLine]) -> BTreeMap<NaiveDate, Vec<&'a CheckedLine>> {
    let mut months: BTreeMap<NaiveDate, Vec<&CheckedLine>> = BTreeMap::new();
    for line in lines {
        months.entry(days::first_of_month(days::taipei_date(line.at))).or_default().push(line);
    }
    months
}

/// Whether more than `most` of the lines, which are in order of time, lie within `window`.
fn has_window(lines: &[&CheckedLine], window: chrono::Duration, most: u32) -> bool {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    lines.windows(most.saturating_add(1)).any(|some| match (some.first(), some.last()) {
        (Some(first), Some(last)) => last.at - first.at < window,
        _ => false,
    })
}

fn lower_median(values: &mut [u32]) -> Option<u32> {
    values.sort_unstable();
    values.get(values.len().checked_sub(1)? / 2).copied()
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Scope, frequency and fields of each office, for annex 2 (I4.1.1).
pub fn summaries(
    lines: &[CheckedLine],
    findings: &[Finding],
    pack: &RulePack,
    calendar: &WorkingCalendar,
) -> BTreeMap<AgencyId, OfficeSummary> {
    let mut offices: BTreeMap<AgencyId, OfficeSummary> = BTreeMap::new();
    let mut per_day: BTreeMap<(AgencyId, &str, NaiveDate), u32> = BTreeMap::new();
    let mut accounts: BTreeMap<AgencyId, BTreeSet<&str>> = BTreeMap::new();
    for line in lines {
        let day = days::taipei_date(line.at);
        let office = offices.entry(line.agency).or_default();
        office.lines += 1;
        office.from = Some(office.from.map_or(day, |from| from.min(day)));
        office.to = Some(office.to.map_or(day, |to| to.max(day)));
        *office.items.entry(line.item.clone()).or_default() += 1;
        for field in &line.fields {
            *office.fields.entry(field.clone()).or_default() += 1;
        }
        office.outside_hours += u32::from(outside_hours(line.at, pack, calendar));
        let today = per_day.entry((line.agency, line.number.as_str(), day)).or_default();
        *today += 1;
        office.most_per_day = office.most_per_day.max(*today);
        let used = accounts.entry(line.agency).or_default();
        used.insert(line.number.as_str());
        office.accounts = count(used.len());
    }
    for finding in findings {
        *offices.entry(finding.agency).or_default().findings.entry(finding.kind.to_owned()).or_default() += 1;
    }
    offices
}

#[cfg(test)]
#[path = "import_check_tests.rs"]
mod tests;
