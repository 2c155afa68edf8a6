//! An office with a user, supervisors and an auditor; a case; a provider.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock};

use account_types::events::{
    AccountChanged, AccountSnapshot, AccountStatus, AgencyChanged, PersonChanged, PostSnapshot, SystemChanged,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chassis::document;
use chassis::settings::Settings;
use identity::{BatchEndorsement, CardSigner as _, DevPki, Endorsement, Role};
use kernel::configuration::{ConfigurationChanged, ConfigurationItem, ConfigurationKind};
use kernel::ids::{AccountId, CaseId, QueryApplicationId, SystemId};
use kernel::{Clock as _, SystemClock, days};
use provider_simulator::{ProviderSimulator, ProviderTls};
use query_log::SealedValue;
use query_registry::domain::application::QueryApplication;
use query_registry::state::Registry;
use query_registry_types::PersonalText;
use query_registry_types::applications::{
    ApplicationContent, CreateQueryApplication, EndorseQueryApplications, QueryApplicationView,
};
use sample_city::{CitySettings, SampleCity};
use serde_json::{Value, json};
use testkit::{TestApp, TestPerson, TestResponse};
use uuid::Uuid;

static CITY: OnceLock<Arc<SampleCity>> = OnceLock::new();

pub fn city() -> Arc<SampleCity> {
    let make = || {
        let start = "2026-01-01".parse().unwrap();
        let settings = CitySettings { citizens: 6_000, cases: 900, ..CitySettings::new(3, start) };
        Arc::new(SampleCity::generate(settings).unwrap())
    };
    Arc::clone(CITY.get_or_init(make))
}

pub struct Stage {
    pub app: TestApp,
    pub provider: ProviderSimulator,
    pub user: TestPerson,
    pub supervisor: TestPerson,
    pub unit_supervisor: TestPerson,
    pub auditor: TestPerson,
    pub account: AccountSnapshot,
    pub persons: Vec<String>,
    pub case: CaseId,
}

pub const PLATFORM: SystemId = SystemId(Uuid::from_u128(0x5051));
pub const OFFICE: &str = "10.2.3.4";

impl Stage {
    pub async fn set() -> Self {
        Self::set_with(|_, _| {}).await
    }

    /// With other settings.
    pub async fn set_with(change: impl FnOnce(&mut Settings, &DevPki) + Send + 'static) -> Self {
        let provider = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&provider);
        let app = TestApp::of(query_registry::service())
            .settings(move |settings, pki, dir| {
                let tls = ProviderTls::from_pki(pki, &["localhost", "127.0.0.1"], SystemClock.now()).unwrap();
                let address = "127.0.0.1:0".parse().unwrap();
                let simulator =
                    ProviderSimulator::start(address, city(), Arc::new(SystemClock), &tls).unwrap();
                for name in ["household", "tax"] {
                    let provider = chassis::settings::Provider {
                        url: format!("{}/{name}", simulator.url),
                        roots: Some(dir.join("roots/internal.pem")),
                    };
                    settings.providers.insert(name.to_owned(), provider);
                }
                *slot.lock().unwrap() = Some(simulator);
                change(settings, pki);
            })
            .start()
            .await;
        let provider = provider.lock().unwrap().take().unwrap();
        let user = app.person("user", "office", &[Role::User]).through(PLATFORM, OFFICE);
        let account = AccountSnapshot {
            id: AccountId(Uuid::from_u128(5)),
            number: "S-0001".into(),
            regulation: "household".into(),
            person: user.person,
            post: user.post,
            agency: user.agency,
            unit: user.unit,
            status: AccountStatus::Active,
            permission_items: ["low-income-management".to_owned()].into(),
            valid_from: "2026-01-01".parse().unwrap(),
            valid_until: None,
            opened_by: app.person("it", "bureau", &[]).person,
            revision: 1,
        };
        let supervisor = app.person("supervisor", "office", &[Role::ResponsibleSupervisor, Role::User]);
        let stage = Self {
            supervisor,
            unit_supervisor: app.person("unit-supervisor", "office", &[Role::UnitSupervisor]),
            auditor: app.person("auditor", "bureau", &[Role::Auditor]),
            user,
            account,
            persons: city().citizens[10..14].iter().map(|c| c.national_id.expose().to_owned()).collect(),
            case: CaseId(Uuid::nil()),
            provider,
            app,
        };
        stage.fill_directory().await;
        stage.with_case().await
    }

    async fn fill_directory(&self) {
        let agency = AgencyChanged {
            agency: self.user.agency,
            name: "範例區公所".into(),
            kind: "district_office".into(),
            units: vec![(self.user.unit, "社會課".into())],
            networks: vec!["10.2.0.0/16".into()],
            revision: 1,
        };
        self.app.feed("account", &agency).await;
        let system = SystemChanged {
            system: PLATFORM,
            code: "welfare-platform".into(),
            agency: self.user.agency,
            active: true,
            revision: 1,
        };
        self.app.feed("account", &system).await;
        // What the gate looks at; roots and keys are compared at a start.
        let at_start = [ConfigurationKind::TrustRoot, ConfigurationKind::Key];
        for item in self.configuration().into_iter().filter(|item| !at_start.contains(&item.kind)) {
            self.feed_configuration(item, true, 1).await;
        }
        for person in [&self.user, &self.supervisor, &self.unit_supervisor, &self.auditor] {
            self.app.feed("account", &person_event(person, 1)).await;
        }
        self.feed_account(&self.account).await;
    }

    /// What the service under test runs on.
    pub fn configuration(&self) -> Vec<ConfigurationItem> {
        let context = self.app.context();
        let day = days::taipei_date(context.now());
        chassis::configuration::items(context.settings(), context.packs(), day).unwrap()
    }

    pub async fn feed_configuration(&self, item: ConfigurationItem, approved: bool, revision: i64) {
        self.app.feed("account", &ConfigurationChanged { item, approved, revision }).await;
    }

    pub async fn feed_account(&self, account: &AccountSnapshot) {
        let event =
            AccountChanged { account: account.clone(), cause: "changed".into(), clause: "H5.1.2".into() };
        self.app.feed("account", &event).await;
    }

    async fn with_case(mut self) -> Self {
        let body = json!({"number": "115-1", "programme": "low-income", "opened_on": "2026-03-01",
            "persons": self.persons});
        let case = self.app.post("/v1/cases", &self.token(), &body).await.expect_status(201);
        self.case = serde_json::from_value(case["id"].clone()).unwrap();
        self
    }

    pub fn token(&self) -> String {
        self.app.token(&self.user)
    }

    pub fn registry(&self) -> Arc<Registry> {
        self.app.context().state()
    }

    /// What the user fills in for the first three persons of the case.
    pub fn content(&self) -> ApplicationContent {
        ApplicationContent {
            regulation: "household".into(),
            date: days::taipei_date(self.app.clock.now()),
            user: self.user.person,
            unit: self.user.unit,
            account: self.account.id,
            case: self.case,
            legal_basis: "social-assistance-44-3".into(),
            citation: None,
            reason: "審查低收入戶申請之家庭應計算人口".into(),
            persons: self.persons[..3].iter().map(|p| PersonalText(p.clone())).collect(),
            items: BTreeSet::from(["basic".to_owned()]),
            remarks: None,
            salt: "ab".repeat(32),
        }
    }

    /// The answer to a GET as it came.
    pub async fn text(&self, path: &str, token: &str) -> String {
        let client = chassis::http_client(std::time::Duration::from_secs(20)).unwrap();
        let url = format!("{}{path}", self.app.running.url());
        let answer = client.get(url).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.text().await.unwrap()
    }

    pub async fn apply(&self, content: ApplicationContent) -> TestResponse {
        let endorsement = Endorsement::sign(&self.user.card, &content, self.app.clock.now()).unwrap();
        let body = CreateQueryApplication { content, endorsement };
        self.app.post("/v1/query-applications", &self.token(), &body).await
    }

    pub async fn applied(&self) -> QueryApplicationView {
        self.apply(self.content()).await.json(201)
    }

    pub async fn endorse_as(
        &self,
        person: &TestPerson,
        applications: &[&QueryApplicationView],
    ) -> TestResponse {
        let digests = applications.iter().map(|a| a.digest.clone()).collect();
        let endorsement = BatchEndorsement::sign(&person.card, digests, self.app.clock.now()).unwrap();
        let applications = applications.iter().map(|a| a.id).collect();
        let body = EndorseQueryApplications { applications, endorsement };
        self.app.post("/v1/query-application-endorsements", &self.app.token(person), &body).await
    }

    /// An application that is filled in and endorsed.
    pub async fn endorsed(&self) -> QueryApplicationView {
        let application = self.applied().await;
        let _ = self.endorse_as(&self.supervisor, &[&application]).await.expect_status(200);
        application
    }

    /// What was written in the only application, as it is at rest.
    pub async fn sealed_content(&self) -> SealedValue {
        let mut conn = self.app.context().connection().await.unwrap();
        let all = document::select::<QueryApplication>(&mut conn, document::Filter::all(), 2).await.unwrap();
        assert_eq!(all.len(), 1);
        all[0].content.clone()
    }

    pub fn ask(&self, application: QueryApplicationId, person: usize) -> Value {
        json!({"application": application, "national_id": self.persons[person]})
    }

    pub async fn query(&self, body: &Value) -> TestResponse {
        self.app.post("/v1/queries", &self.token(), body).await
    }

    /// Queries that the provider served this month.
    pub fn served(&self) -> usize {
        let month = days::taipei_date(SystemClock.now()).format("%Y-%m").to_string();
        self.provider.counts(sample_city::Provider::Household, &month).count
    }

    pub async fn sql(&self, sql: &str) {
        use diesel_async::SimpleAsyncConnection as _;
        self.app.context().connection().await.unwrap().batch_execute(sql).await.unwrap();
    }

    pub async fn strike(self) {
        self.app.stop().await;
        self.provider.stop().await;
    }
}

pub fn person_event(person: &TestPerson, revision: i64) -> PersonChanged {
    let thumbprint = URL_SAFE_NO_PAD.encode(kernel::canonical::sha256(&person.card.chain_der()[0]));
    PersonChanged {
        person: person.person,
        in_service: true,
        posts: vec![PostSnapshot {
            id: person.post,
            agency: person.agency,
            unit: person.unit,
            roles: person.roles.iter().map(ToString::to_string).collect(),
            from: "2026-01-01".parse().unwrap(),
            until: None,
            deputy_for: None,
        }],
        declared_subjects: BTreeSet::new(),
        cards: [thumbprint].into(),
        revision,
    }
}
