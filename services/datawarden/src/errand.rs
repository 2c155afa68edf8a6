//! One query from application to answer, sent to services that run apart through the public API alone: what
//! `datawarden smoke --keys` does to see whether an installation works.

pub mod endurance;
pub mod trace;

use std::collections::BTreeSet;

use anyhow::Context as _;
use chrono::Duration as Span;
use identity::BatchEndorsement;
use kernel::ids::{AccountId, CaseId, QueryApplicationId, QueryId, UnitId};
use kernel::{Instant, Random as _, SystemRandom, days};
use query_registry_types::PersonalText;
use query_registry_types::applications::{
    ApplicationContent, CreateQueryApplication, EndorseQueryApplications, QueryApplicationView,
};
use query_registry_types::cases::{CaseView, RegisterCase};
use query_registry_types::queries::{CreateQuery, QueryAnswer};
use rule_pack::{PackSet, Regulation};
use sample_city::{SampleCity, WelfareCase};
use serde_json::Value;

use crate::client::{CallError, Called, Caller, Client, Who};
use crate::master_data;

const REGISTRY: &str = "query-registry";
/// Problem code of the same query once more.
const ANSWERED: &str = "query-already-answered";

/// Who asks about whom, and on what ground.
#[derive(Debug, Clone)]
pub struct Errand {
    /// The official who asks.
    pub user: Who,
    /// The responsible supervisor who stamps the application.
    pub supervisor: Who,
    /// The account with which he asks.
    pub account: AccountId,
    unit: UnitId,
    case: WelfareCase,
    programme: String,
    legal_basis: String,
    items: BTreeSet<String>,
    /// National id of the person asked about.
    person: String,
}

impl Errand {
    /// The first user of the city with an account, a supervisor, and a case of the own office that holds for a week yet.
    pub fn choose(city: &SampleCity, packs: &PackSet, now: Instant) -> anyhow::Result<Self> {
        let today = days::taipei_date(now);
        let pack = packs.on(Regulation::Household, today).context("no rule pack for today")?;
        let accounts = master_data::accounts(city, packs, now)?;
        let bare = |text: &str| text.replace(' ', "");
        let of_case = |case: &WelfareCase| {
            if case.opened >= today || case.until < today + Span::days(7) {
                return None;
            }
            let label = bare(case.programme.function);
            let item = pack.permission_items.iter().find(|i| bare(&i.label) == label)?;
            let programme = item.programmes.first()?.clone();
            let legal_basis = pack.programme(&programme)?.legal_bases.first()?.clone();
            let (official, post) = city.holders(case.agency, "user").next()?;
            let who = city.officials.get(official)?;
            let account = accounts.iter().find(|a| {
                a.person == who.id && a.post == post.id && a.regulation == pack.regulation.as_str()
            })?;
            let mut stamps =
                city.holders(case.agency, "responsible_supervisor").filter(|(o, _)| *o != official);
            let (supervisor, stamp) = stamps.next()?;
            let person = city.citizens.get(*case.persons.first()?)?;
            Some(Self {
                user: Who { official, post: post.id },
                supervisor: Who { official: supervisor, post: stamp.id },
                account: account.id,
                unit: post.unit,
                case: case.clone(),
                programme,
                legal_basis,
                items: ["basic".to_owned()].into(),
                person: person.national_id.expose().to_owned(),
            })
        };
        city.cases.iter().find_map(of_case).context("no case in the sample city suits")
    }

    /// Places of those whose cards it takes in the city's list of officials.
    pub fn officials(&self) -> [usize; 2] {
        [self.user.official, self.supervisor.official]
    }

    /// The platform registers the case, under a number that was never used.
    pub async fn register_case(&self, client: &Client<'_>) -> Called<CaseId> {
        let city = client.city();
        let persons = self.case.persons.iter().filter_map(|p| city.citizens.get(*p));
        let mut mark = [0; 6];
        SystemRandom.fill(&mut mark);
        let request = RegisterCase {
            number: format!("{}-{}", self.case.number, hex::encode(mark)),
            programme: self.programme.clone(),
            opened_on: self.case.opened,
            ends_on: Some(self.case.until),
            persons: persons.map(|c| PersonalText(c.national_id.expose().to_owned())).collect(),
            agency: Some(self.case.agency),
            unit: Some(self.unit),
        };
        let operation = (REGISTRY, "register_case");
        let view: CaseView = client.call(Caller::Platform, operation, &[], &[], Some(&request)).await?;
        Ok(view.id)
    }

    /// The user fills in annex 2 and seals it.
    pub async fn apply(&self, client: &Client<'_>, case: CaseId) -> Called<QueryApplicationView> {
        let mut salt = [0; 32];
        SystemRandom.fill(&mut salt);
        let content = ApplicationContent {
            regulation: Regulation::Household.as_str().to_owned(),
            date: days::taipei_date(client.now()),
            user: client.official(self.user).id,
            unit: self.unit,
            account: self.account,
            case,
            legal_basis: self.legal_basis.clone(),
            citation: None,
            reason: PersonalText("申請人戶籍資料與申請書不符，需查調核對".to_owned()),
            persons: vec![PersonalText(self.person.clone())],
            items: self.items.clone(),
            remarks: None,
            salt: hex::encode(salt),
        };
        let endorsement = client.endorse(self.user, &content)?;
        let request = CreateQueryApplication { content, endorsement };
        client.call(self.user, (REGISTRY, "create_query_application"), &[], &[], Some(&request)).await
    }

    /// The responsible supervisor stamps it.
    pub async fn stamp(&self, client: &Client<'_>, application: &QueryApplicationView) -> Called<Value> {
        let card = client.card(self.supervisor)?;
        let endorsement = BatchEndorsement::sign(&card, vec![application.digest.clone()], client.now())
            .map_err(|e| CallError::Transport { operation: "endorsement".to_owned(), source: e.into() })?;
        let request = EndorseQueryApplications { applications: vec![application.id], endorsement };
        client.post(self.supervisor, (REGISTRY, "endorse_query_applications"), &[], &request).await
    }

    /// The user asks; after a lost answer once more, naming the query that was lost.
    pub async fn ask(&self, client: &Client<'_>, application: QueryApplicationId) -> Called<QueryAnswer> {
        let request = |delivery_of: Option<QueryId>| CreateQuery {
            application,
            national_id: PersonalText(self.person.clone()),
            items: None,
            delivery_of,
        };
        let operation = (REGISTRY, "create_query");
        let first = client.call(self.user, operation, &[], &[], Some(&request(None))).await;
        match lost(&first) {
            Some(query) => client.call(self.user, operation, &[], &[], Some(&request(Some(query)))).await,
            None => first,
        }
    }

    /// All of it.
    pub async fn run(&self, client: &Client<'_>) -> Called<QueryAnswer> {
        let case = self.register_case(client).await?;
        let application = self.apply(client, case).await?;
        self.stamp(client, &application).await?;
        self.ask(client, application.id).await
    }
}

/// The query whose answer went out and did not arrive.
fn lost(answer: &Called<QueryAnswer>) -> Option<QueryId> {
    match answer {
        Err(error @ CallError::Refused { problem, .. }) if error.code() == ANSWERED && !is_open(error) => {
            serde_json::from_value(problem["delivered_by"].clone()).ok()
        }
        _ => None,
    }
}

/// Whether the service died under the query before it was answered: the delivery is free again when it is settled.
fn is_open(error: &CallError) -> bool {
    matches!(error, CallError::Refused { problem, .. } if error.code() == ANSWERED && problem["state"] == "open")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(state: &str) -> Called<QueryAnswer> {
        Err(CallError::Refused {
            operation: "create_query".to_owned(),
            status: 409,
            code: ANSWERED.to_owned(),
            detail: String::new(),
            // As the gate says it: `status` is the number of RFC 9457.
            problem: serde_json::json!({
                "status": 409, "state": state, "delivered_by": "01a213f8-3a65-7c1d-8d4e-eb1bf95831d7",
            }),
        })
    }

    #[test]
    fn a_query_that_died_with_its_service_is_told_from_an_answer_that_was_lost() {
        let (died, answered) = (refused("open"), refused("answered"));
        assert!(is_open(died.as_ref().unwrap_err()) && lost(&died).is_none());
        assert!(!is_open(answered.as_ref().unwrap_err()) && lost(&answered).is_some());
    }
}
