//! What the player of the year keeps in mind, and what he tells at its end.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant as Moment};

use chrono::NaiveDate;
use identity::Credential;
use kernel::ids::{AccountId, AgencyId, CaseId, PersonId, QueryApplicationId, QueryId};
use sample_city::{Medium, PlannedQuery};
use uuid::Uuid;

use crate::client::{CallError, Client, Who};

/// Operations that the report names with their times.
const DEAREST: usize = 12;

/// A print or file that is to be filed or destroyed.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Its id in the register.
    pub output: Uuid,
    /// The query whose result it shows, while the player remembers it.
    pub query: Option<QueryId>,
    /// Who answers for it.
    pub who: Who,
    /// Its case.
    pub case: CaseId,
    /// On what.
    pub medium: Medium,
    /// The day on which it is filed.
    pub filed_on: Option<NaiveDate>,
    /// The day on which it is destroyed.
    pub destroyed_on: Option<NaiveDate>,
}

/// An account as the officials know it.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its id.
    pub id: AccountId,
    /// Its number.
    pub number: String,
    /// Its holder, in the post it was granted for.
    pub who: Who,
    /// `household`, `tax` or `immigration`.
    pub regulation: String,
    /// Whether it has ended.
    pub stopped: bool,
}

/// A daily report that its supervisor endorses late: the office's first one from a day on.
#[derive(Debug, Clone)]
pub struct HeldBack {
    /// The office.
    pub agency: AgencyId,
    /// The first day that it may be about.
    pub from: NaiveDate,
    /// Working days after the due day.
    pub late: u32,
    /// The report, once there is one, with the day on which it is endorsed at last.
    pub report: Option<(Uuid, NaiveDate)>,
}

/// See the module.
#[derive(Default)]
pub struct State {
    /// Accounts by id.
    pub accounts: HashMap<AccountId, Known>,
    /// Registered cases by their place in the city's list.
    pub cases: HashMap<usize, CaseId>,
    /// Prints and files in hand.
    pub kept: Vec<Kept>,
    /// Reports held back.
    pub held_back: Vec<HeldBack>,
    /// Subjects that were worked on today.
    pub worked: HashSet<String>,
    /// Agency certificates that are bound.
    pub certificates: HashMap<AgencyId, Credential>,
    /// People whose posts have ended, with their last day's morrow.
    pub gone: HashMap<PersonId, NaiveDate>,
    /// Applications whose effect waits for its day.
    pub ending: Vec<(NaiveDate, Uuid)>,
    /// When planned queries were answered, by their number.
    pub answered: HashMap<usize, kernel::Instant>,
    /// Referrals whose outcome comes on a day.
    pub referrals: Vec<(NaiveDate, Uuid)>,
    /// People whose card is lost.
    pub cardless: HashSet<PersonId>,
    /// The application and the query with which a found card is tried.
    pub thief: Option<(QueryApplicationId, PlannedQuery)>,
    /// Requests for copies.
    pub copies: u32,
    /// Duties that could not be done, with the day on which they are tried again.
    pub put_off: HashMap<String, NaiveDate>,
    /// Occasions of the year that took place.
    pub occasions: HashSet<&'static str>,
    done: BTreeMap<String, u64>,
    refused: BTreeMap<String, u64>,
    troubles: BTreeMap<(String, String), (u64, String)>,
    phases: BTreeMap<&'static str, Duration>,
}

impl State {
    /// Counts something that was done.
    pub fn did(&mut self, what: &str) {
        *self.done.entry(what.to_owned()).or_default() += 1;
    }

    /// Adds the real time that a part of a day took.
    pub fn took(&mut self, phase: &'static str, begun: Moment) {
        *self.phases.entry(phase).or_default() += begun.elapsed();
    }

    /// Counts a query that the gate refused.
    pub fn query_refused(&mut self, code: &str) {
        *self.refused.entry(code.to_owned()).or_default() += 1;
    }

    /// Notes what went otherwise than the player meant.
    pub fn trouble(&mut self, day: NaiveDate, what: &str, error: &CallError) {
        tracing::debug!(%day, what, %error, "the year met a refusal");
        let key = (format!("{what}: {}", error.operation()), error.code().to_owned());
        let source = std::error::Error::source(error).map(|e| format!(": {e}")).unwrap_or_default();
        self.troubles.entry(key).or_insert_with(|| (0, format!("{day} {error}{source}"))).0 += 1;
    }

    /// The live account of `who` under `regulation`, in the post acted in.
    pub fn account(&self, who: Who, regulation: &str) -> Option<&Known> {
        self.accounts.values().find(|a| a.who == who && a.regulation == regulation && !a.stopped)
    }

    /// The report.
    pub fn report(&self, took: Duration, client: &Client<'_>) -> YearReport {
        let mut operations: Vec<(String, u64, Duration)> =
            client.times().into_iter().map(|(name, (count, time))| (name, count, time)).collect();
        operations.sort_by_key(|(_, _, time)| std::cmp::Reverse(*time));
        YearReport {
            took,
            requests: client.requests(),
            phases: self.phases.clone(),
            operations,
            done: self.done.clone(),
            refused: self.refused.clone(),
            troubles: self
                .troubles
                .iter()
                .map(|((w, c), (n, e))| (format!("{w} [{c}]"), *n, e.clone()))
                .collect(),
        }
    }
}

/// What happened in the year, as its player saw it.
#[derive(Debug, Clone)]
pub struct YearReport {
    /// Real time that it took.
    pub took: Duration,
    /// Requests sent.
    pub requests: u64,
    /// Real time that each part of the days took in all.
    pub phases: BTreeMap<&'static str, Duration>,
    /// Operations, how often each was called and how long its answers took in all; the dearest first.
    pub operations: Vec<(String, u64, Duration)>,
    /// Acts by name with their number.
    pub done: BTreeMap<String, u64>,
    /// Queries that the gate refused, by problem code.
    pub refused: BTreeMap<String, u64>,
    /// Refusals that the player did not expect: what, how often, the first one in words.
    pub troubles: Vec<(String, u64, String)>,
}

impl YearReport {
    /// Prints it.
    pub fn print(&self) {
        use crate::commands::say;
        say(format!("The year took {:.1} s and {} requests.", self.took.as_secs_f64(), self.requests));
        for (phase, time) in &self.phases {
            say(format!("  {:>6.1} s  {phase}", time.as_secs_f64()));
        }
        for (operation, count, time) in self.operations.iter().take(DEAREST) {
            let mean =
                time.as_secs_f64() * 1e3 / f64::from(u32::try_from(*count).unwrap_or(u32::MAX)).max(1.0);
            say(format!("  {count:>7}  {operation}, {mean:.1} ms each"));
        }
        for (what, count) in &self.done {
            say(format!("  {count:>7}  {what}"));
        }
        for (code, count) in &self.refused {
            say(format!("  {count:>7}  queries refused: {code}"));
        }
        for (what, count, first) in &self.troubles {
            say(format!("  {count:>7}  unexpected: {what}; first: {first}"));
        }
    }
}
