//! Queries: the case registered by the platform, the application filled in and sealed by its user, stamped by the
//! responsible supervisor with others of the office, then asked (H4.2).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant as Moment};

use chrono::{Datelike as _, Duration as Span};
use futures::{StreamExt as _, stream};
use identity::BatchEndorsement;
use kernel::ids::{AgencyId, CaseId, QueryApplicationId, QueryId};
use kernel::{Instant, Random as _, SystemRandom, days};
use query_registry_types::PersonalText;
use query_registry_types::applications::{
    ApplicationContent, CreateQueryApplication, EndorseQueryApplications, QueryApplicationView,
};
use query_registry_types::cases::{CaseView, RegisterCase};
use query_registry_types::outputs::{Output, OutputKind, RecordOutput};
use query_registry_types::queries::{CreateQuery, QueryAnswer};
use rule_pack::Regulation;
use sample_city::{Medium, PlannedQuery, Provider};
use serde_json::Value;

use super::state::Kept;
use super::{Year, side_by_side};
use crate::client::{CallError, Called, Caller, Who};

/// Requests under way at once.
pub(super) const AT_ONCE: usize = 24;
/// Service that holds the gate.
pub(super) const REGISTRY: &str = "query-registry";
/// Hour and minute at which the day's honest queries are played together: whoever did his duties in the morning is signed in.
const TOGETHER: (u32, u32) = (8, 20);

/// Queries that share an application: one user, one case, one provider, one occasion.
struct Group<'p> {
    who: Who,
    queries: Vec<&'p PlannedQuery>,
}

/// An application that was filled in.
struct Filed<'p> {
    group: Group<'p>,
    view: QueryApplicationView,
}

/// What became of one query.
struct Asked<'p> {
    query: &'p PlannedQuery,
    answer: Called<QueryAnswer>,
    took: Duration,
    output: Option<Called<Output>>,
    case: Option<CaseId>,
}

/// What queries at full load took.
pub struct Load {
    /// Answered a second.
    pub per_second: f64,
    /// Each answer's time.
    pub milliseconds: Vec<f64>,
}

impl Year<'_> {
    /// Plays the queries of office hours: honest ones together, planted ones each at its own time, acts between them.
    pub(super) async fn live_hours(&mut self, day: &sample_city::DayPlan, queries: &[&PlannedQuery]) {
        let mut moments: BTreeMap<Instant, Vec<&PlannedQuery>> = BTreeMap::new();
        let together = days::at(day.date, TOGETHER.0, TOGETHER.1);
        for query in queries {
            let at = if query.planted.is_some() { query.at } else { together };
            moments.entry(at).or_default().push(query);
        }
        let mut acts = Self::moments_of(day);
        for (at, queries) in moments {
            while acts.first().is_some_and(|(due, _)| *due <= at) {
                let (due, act) = acts.remove(0);
                self.carry_out(due, act).await;
            }
            let (planted, honest): (Vec<_>, Vec<_>) = queries.into_iter().partition(|q| q.planted.is_some());
            self.perform_honest(at, &honest).await;
            self.perform_planted(&planted).await;
        }
        for (due, act) in acts {
            self.carry_out(due, act).await;
        }
    }

    async fn perform_honest(&mut self, at: Instant, queries: &[&PlannedQuery]) {
        if queries.is_empty() {
            return;
        }
        self.move_to(at - Span::minutes(5));
        let filed = self.file(queries).await;
        self.move_to(at - Span::minutes(3));
        let filed = self.stamp(filed).await;
        self.move_to(at);
        let asked = self.ask(&filed, AT_ONCE, None).await;
        for asked in asked {
            self.take(asked);
        }
    }

    /// Files and stamps honest queries of the plan, then asks them by `at_once` officials and gives the time of each: one
    /// half at full load, the other at half the rate of the first.
    pub(super) async fn load(&mut self, most: usize, at_once: usize) -> anyhow::Result<(Load, Load)> {
        let plan = self.plan.clone();
        let queries: Vec<&PlannedQuery> =
            plan.queries().filter(|q| q.planted.is_none() && q.fault.is_none()).take(most).collect();
        let filed = self.file(&queries).await;
        self.move_to(self.client.now() + Span::minutes(1));
        let mut filed = self.stamp(filed).await;
        // Nobody signs in while the time runs.
        for filed in &filed {
            self.client.token(filed.group.who).await?;
        }
        let rest = filed.split_off(filed.len() / 2);
        let full = self.load_of(&filed, at_once, None).await?;
        let half = self.load_of(&rest, at_once, Some(full.per_second / 2.0)).await?;
        Ok((full, half))
    }

    async fn load_of(&self, filed: &[Filed<'_>], at_once: usize, pace: Option<f64>) -> anyhow::Result<Load> {
        let begun = Moment::now();
        let asked = self.ask(filed, at_once, pace).await;
        let took = begun.elapsed().as_secs_f64();
        let milliseconds: Vec<f64> =
            asked.iter().filter(|a| a.answer.is_ok()).map(|a| a.took.as_secs_f64() * 1e3).collect();
        anyhow::ensure!(
            milliseconds.len() * 10 > asked.len() * 9,
            "only {} of {} queries were answered",
            milliseconds.len(),
            asked.len()
        );
        #[expect(clippy::cast_precision_loss, reason = "few thousand")]
        let per_second = milliseconds.len() as f64 / took;
        Ok(Load { per_second, milliseconds })
    }

    /// Planted queries one after the other, each at its time.
    pub(super) async fn perform_planted(&mut self, queries: &[&PlannedQuery]) {
        for query in queries {
            if self.is_special(query) {
                self.perform_special(query).await;
                continue;
            }
            self.perform_honest(query.at, &[*query]).await;
        }
    }

    /// Registers what must be registered, fills in and seals one application for each group.
    async fn file<'p>(&mut self, queries: &[&'p PlannedQuery]) -> Vec<Filed<'p>> {
        let mut groups: BTreeMap<(usize, Provider), Group<'p>> = BTreeMap::new();
        for query in queries {
            let who = Who { official: query.official, post: query.post };
            let group = groups
                .entry((query.session, query.provider))
                .or_insert_with(|| Group { who, queries: vec![] });
            group.queries.push(query);
        }
        self.register_cases(queries).await;
        let year = &*self;
        let results: Vec<Option<Result<Filed<'p>, CallError>>> =
            side_by_side(groups.into_values(), |group| async move {
                let (request, who) = (year.fill_in(&group)?, group.who);
                let filed: Called<QueryApplicationView> = match request {
                    Ok(request) => {
                        year.client
                            .call(who, (REGISTRY, "create_query_application"), &[], &[], Some(&request))
                            .await
                    }
                    Err(error) => Err(error),
                };
                Some(filed.map(|view| Filed { group, view }))
            })
            .await;
        let mut filed = vec![];
        for result in results {
            match result {
                None => self.state.did("queries left out: no account or no case"),
                // An account that was suspended for a finding meanwhile: its holder's work waits.
                Some(Err(error)) if error.code() == "account-not-active" => {
                    self.state.query_refused(error.code());
                }
                Some(result) => filed.extend(self.note("query application", result)),
            }
        }
        filed
    }

    /// The application for `group`; nothing when its user has no account or the case is not registered.
    fn fill_in(&self, group: &Group<'_>) -> Option<Called<CreateQueryApplication>> {
        let first = group.queries.first()?;
        let account = self.state.account(group.who, first.provider.code())?;
        let case = *self.state.cases.get(&first.case)?;
        let persons: BTreeSet<usize> = group.queries.iter().map(|q| q.citizen).collect();
        let items = group.queries.iter().flat_map(|q| pack_items(q.provider, q.items)).collect();
        let content = self.content(group.who, first, (account.id, case), &persons, items)?;
        let endorsement = self.client.endorse(group.who, &content);
        Some(endorsement.map(|endorsement| CreateQueryApplication { content, endorsement }))
    }

    /// What annex 2 asks for.
    pub(super) fn content(
        &self,
        who: Who,
        query: &PlannedQuery,
        (account, case): (kernel::ids::AccountId, CaseId),
        persons: &BTreeSet<usize>,
        items: BTreeSet<String>,
    ) -> Option<ApplicationContent> {
        let (city, official) = (self.client.city(), self.client.official(who));
        let unit = official.posts.iter().find(|p| p.id == who.post)?.unit;
        let programme = self.programme(query.case)?;
        let basis = self.pack(Regulation::Household)?.programme(&programme)?.legal_bases.first()?.clone();
        let ids = persons.iter().filter_map(|p| city.citizens.get(*p));
        let mut salt = [0; 32];
        SystemRandom.fill(&mut salt);
        Some(ApplicationContent {
            regulation: query.provider.code().to_owned(),
            date: days::taipei_date(self.client.now()),
            user: official.id,
            unit,
            account,
            case,
            legal_basis: basis,
            citation: None,
            reason: PersonalText(query.reason.clone()),
            persons: ids.map(|c| PersonalText(c.national_id.expose().to_owned())).collect(),
            items,
            remarks: None,
            salt: hex::encode(salt),
        })
    }

    /// The rule pack's programme behind a case of the city: the one that its platform function opens.
    fn programme(&self, case: usize) -> Option<String> {
        let bare = |text: &str| text.replace(' ', "");
        let function = bare(self.client.city().cases.get(case)?.programme.function);
        let pack = self.pack(Regulation::Household)?;
        pack.permission_items.iter().find(|i| bare(&i.label) == function)?.programmes.first().cloned()
    }

    /// The platform registers the cases that are asked about for the first time (H2.3).
    pub(super) async fn register_cases(&mut self, queries: &[&PlannedQuery]) {
        let new: HashMap<usize, &PlannedQuery> = queries
            .iter()
            .filter(|q| !self.state.cases.contains_key(&q.case))
            .map(|q| (q.case, *q))
            .collect();
        let requests: Vec<(usize, RegisterCase)> = new
            .into_iter()
            .filter_map(|(place, query)| Some((place, self.registration(place, query)?)))
            .collect();
        let client = &self.client;
        let results: Vec<(usize, Called<CaseView>)> = side_by_side(requests, |(place, request)| async move {
            let operation = (REGISTRY, "register_case");
            (place, client.call(Caller::Platform, operation, &[], &[], Some(&request)).await)
        })
        .await;
        for (place, result) in results {
            if let Some(view) = self.note("case", result) {
                self.state.cases.insert(place, view.id);
                self.state.did("cases registered by the platform");
            }
        }
    }

    fn registration(&self, place: usize, query: &PlannedQuery) -> Option<RegisterCase> {
        let city = self.client.city();
        let case = city.cases.get(place)?;
        let post = city.officials.get(query.official)?.posts.iter().find(|p| p.id == query.post)?;
        let persons = case.persons.iter().filter_map(|p| city.citizens.get(*p));
        // Months long past have cases of their own.
        let old = self.today < self.plan.settings.start;
        let opened_on = if old { self.today } else { case.opened };
        let ends_on = if old { days::add_months(self.today, 12) } else { case.until };
        Some(RegisterCase {
            number: if old {
                format!("{}-舊案-{place}", self.today.year() - 1911)
            } else {
                case.number.clone()
            },
            programme: self.programme(place)?,
            opened_on,
            ends_on: Some(ends_on),
            persons: persons.map(|c| PersonalText(c.national_id.expose().to_owned())).collect(),
            agency: Some(case.agency),
            unit: Some(post.unit),
        })
    }

    /// Each office's responsible supervisor stamps what lies before him, forty at once.
    async fn stamp<'p>(&mut self, filed: Vec<Filed<'p>>) -> Vec<Filed<'p>> {
        let mut by_supervisor: BTreeMap<Who, Vec<(QueryApplicationId, String)>> = BTreeMap::new();
        for filed in &filed {
            if let Some(supervisor) = self.supervisor(filed.view.agency, filed.group.who) {
                by_supervisor.entry(supervisor).or_default().push((filed.view.id, filed.view.digest.clone()));
            }
        }
        let most = self.pack(Regulation::Household).map_or(1, |p| p.endorsement.largest_batch);
        let most = usize::try_from(most).unwrap_or(1).max(1);
        let batches: Vec<(Who, Vec<(QueryApplicationId, String)>)> = by_supervisor
            .into_iter()
            .flat_map(|(who, all)| all.chunks(most).map(|c| (who, c.to_vec())).collect::<Vec<_>>())
            .collect();
        let year = &*self;
        let results: Vec<Called<Value>> =
            side_by_side(batches, |(who, batch)| async move { year.stamp_batch(who, batch).await }).await;
        for result in results {
            if self.note("supervisor's endorsement", result).is_some() {
                self.state.did("batches of applications stamped");
            }
        }
        filed
    }

    pub(super) async fn stamp_batch(
        &self,
        who: Who,
        batch: Vec<(QueryApplicationId, String)>,
    ) -> Called<Value> {
        let (applications, digests): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        let endorsement = BatchEndorsement::sign(&self.client.card(who)?, digests, self.client.now())
            .map_err(|e| CallError::Transport { operation: "endorsement".to_owned(), source: e.into() })?;
        let request = EndorseQueryApplications { applications, endorsement };
        self.client.post(who, (REGISTRY, "endorse_query_applications"), &[], &request).await
    }

    /// The responsible supervisor of the user's unit, else of the agency; never the user.
    pub(super) fn supervisor(&self, agency: AgencyId, user: Who) -> Option<Who> {
        let city = self.client.city();
        let unit = self.client.official(user).posts.iter().find(|p| p.id == user.post).map(|p| p.unit);
        let all: Vec<_> =
            city.holders(agency, "responsible_supervisor").filter(|(i, _)| *i != user.official).collect();
        let own = all.iter().find(|(_, post)| Some(post.unit) == unit).or_else(|| all.first());
        own.map(|(official, post)| Who { official: *official, post: post.id })
    }

    /// Asks by `at_once` officials, so many queries a second if there is a `pace`.
    async fn ask<'p>(&self, filed: &[Filed<'p>], at_once: usize, pace: Option<f64>) -> Vec<Asked<'p>> {
        let all: Vec<(Who, QueryApplicationId, CaseId, &'p PlannedQuery)> = filed
            .iter()
            .flat_map(|f| f.group.queries.iter().map(|q| (f.group.who, f.view.id, f.view.case, *q)))
            .collect();
        let start = tokio::time::Instant::now();
        stream::iter((0_u32..).zip(all))
            .map(|(place, (who, application, case, query))| async move {
                if let Some(pace) = pace {
                    tokio::time::sleep_until(start + Duration::from_secs_f64(f64::from(place) / pace)).await;
                }
                let begun = Moment::now();
                let answer = self.ask_one(who, application, query).await;
                let took = begun.elapsed();
                let output = match (&answer, query.retrieval) {
                    (Ok(answer), Some(retrieval)) => {
                        Some(self.keep(who, answer.query, retrieval.medium).await)
                    }
                    _ => None,
                };
                Asked { query, answer, took, output, case: Some(case) }
            })
            .buffer_unordered(at_once)
            .collect()
            .await
    }

    pub(super) async fn ask_one(
        &self,
        who: Who,
        application: QueryApplicationId,
        query: &PlannedQuery,
    ) -> Called<QueryAnswer> {
        let national_id =
            self.client.city().citizens.get(query.citizen).map(|c| c.national_id.expose().to_owned());
        let items = Some(pack_items(query.provider, query.items).collect());
        let request = CreateQuery {
            application,
            national_id: PersonalText(national_id.unwrap_or_default()),
            items,
            delivery_of: None,
        };
        self.client.call(who, (REGISTRY, "create_query"), &[], &[], Some(&request)).await
    }

    async fn keep(&self, who: Who, query: QueryId, medium: Medium) -> Called<Output> {
        let kind = if medium == Medium::Print { OutputKind::Print } else { OutputKind::File };
        let request = RecordOutput { kind, count: 1, copy_request: None };
        self.client.call(who, (REGISTRY, "record_output"), &[&query], &[], Some(&request)).await
    }

    fn take(&mut self, asked: Asked<'_>) {
        match asked.answer {
            Ok(answer) => {
                self.state.answered.insert(asked.query.number, self.client.now());
                self.state.did(if answer.content.is_some() {
                    "queries answered"
                } else {
                    "queries: no such person"
                });
            }
            Err(error) => {
                self.state.query_refused(error.code());
                if asked.query.planted.is_none() {
                    self.state.trouble(self.today, "query", &error);
                }
            }
        }
        let Some(output) = asked.output.and_then(|o| self.note("print or file", o)) else { return };
        let (Some(retrieval), Some(case)) = (asked.query.retrieval, asked.case) else { return };
        self.state.did("prints and files recorded");
        self.state.kept.push(Kept {
            output: output.id,
            query: Some(output.query),
            who: Who { official: asked.query.official, post: asked.query.post },
            case,
            medium: retrieval.medium,
            filed_on: retrieval.filed_on,
            destroyed_on: retrieval.destroyed_on,
        });
    }
}

/// The rule pack's items behind the fields of the city's plan.
pub(super) fn pack_items(provider: Provider, fields: &[&str]) -> impl Iterator<Item = String> {
    let items: BTreeSet<&'static str> = fields.iter().map(|field| pack_item(provider, field)).collect();
    items.into_iter().map(str::to_owned)
}

fn pack_item(provider: Provider, field: &str) -> &'static str {
    match (provider, field) {
        (Provider::Tax, "income_total" | "income_by_kind") => "income",
        (Provider::Tax, _) => "property",
        (_, "household_number" | "relation" | "address") => "household",
        (_, "household_members") => "members",
        (_, "parents" | "spouse") => "kinship",
        (_, "marital_status" | "foreign_spouse") => "marriage",
        (_, "registration_history") => "migration",
        _ => "basic",
    }
}
