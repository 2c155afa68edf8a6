//! A query from the case on, over HTTP.

use std::sync::atomic::{AtomicU32, Ordering};

use identity::{BatchEndorsement, Endorsement};
use kernel::ids::CaseId;
use kernel::{Clock as _, SystemClock, days};
use provider_simulator::{Behaviour, Counts};
use query_registry_types::PersonalText;
use query_registry_types::applications::{
    ApplicationContent, CreateQueryApplication, EndorseQueryApplications, QueryApplicationView,
};
use reqwest::{Method, RequestBuilder, Response};
use sample_city::Provider;
use serde_json::{Value, json};

use crate::people::People;
use crate::world::{World, city, expect};

pub const REGISTRY: &str = "query-registry";

static CASES: AtomicU32 = AtomicU32::new(1);

impl World {
    pub async fn post(&self, path: &str, person: &crate::people::Person, body: &Value) -> Response {
        self.request(Method::POST, REGISTRY, path, person).json(body).send().await.unwrap()
    }

    /// Registers a case of three persons.
    pub async fn case(&self) -> CaseId {
        let body = json!({"number": format!("115-{}", CASES.fetch_add(1, Ordering::Relaxed)),
            "programme": "low-income", "opened_on": "2026-03-01", "persons": persons()});
        let case = expect(self.post("/v1/cases", &self.people.user, &body).await, 201).await;
        serde_json::from_value(case["id"].clone()).unwrap()
    }

    /// An application for the three persons, filled in and endorsed.
    pub async fn endorsed(&self) -> QueryApplicationView {
        let (user, supervisor, now) = (&self.people.user, &self.people.supervisor, SystemClock.now());
        let content = ApplicationContent {
            regulation: "household".into(),
            date: days::taipei_date(now),
            user: user.id,
            unit: user.unit,
            account: People::account(),
            case: self.case().await,
            legal_basis: "social-assistance-44-3".into(),
            citation: None,
            reason: "審查低收入戶申請之家庭應計算人口".into(),
            persons: persons().into_iter().map(PersonalText).collect(),
            items: ["basic".to_owned()].into(),
            remarks: None,
            salt: "ab".repeat(32),
        };
        let endorsement = Endorsement::sign(&user.card, &content, now).unwrap();
        let body = serde_json::to_value(CreateQueryApplication { content, endorsement }).unwrap();
        let answer = expect(self.post("/v1/query-applications", user, &body).await, 201).await;
        let application: QueryApplicationView = serde_json::from_value(answer).unwrap();
        let digests = vec![application.digest.clone()];
        let endorsement = BatchEndorsement::sign(&supervisor.card, digests, now).unwrap();
        let body = EndorseQueryApplications { applications: vec![application.id], endorsement };
        let body = serde_json::to_value(body).unwrap();
        expect(self.post("/v1/query-application-endorsements", supervisor, &body).await, 200).await;
        application
    }

    /// The request that asks for the first person of `application`.
    pub fn asking(&self, body: &Value) -> RequestBuilder {
        self.request(Method::POST, REGISTRY, "/v1/queries", &self.people.user).json(body)
    }

    pub async fn ask(&self, body: &Value) -> Response {
        self.asking(body).send().await.unwrap()
    }

    /// What the household provider counted this month.
    pub fn served(&self) -> Counts {
        let month = days::taipei_date(SystemClock.now()).format("%Y-%m").to_string();
        self.provider.counts(Provider::Household, &month)
    }

    pub fn provider_is(&self, behaviour: Behaviour) {
        self.provider.behave(Provider::Household, behaviour);
    }
}

pub fn question(application: &QueryApplicationView) -> Value {
    json!({"application": application.id, "national_id": persons()[0]})
}

fn persons() -> Vec<String> {
    city().citizens[10..13].iter().map(|c| c.national_id.expose().to_owned()).collect()
}
