//! A bureau and a district office with their people, loaded as master data.

use std::collections::{BTreeMap, BTreeSet};

use account_types::events::GovernanceRecorded;
use account_types::{
    AccountRecord, ActContent, AgencyKind, AgencyRecord, ApplicationForm, BootstrapContent, CardBinding,
    CreateApplication, EndorseApplication, GovernedAct, LinkRecord, MasterData, Outcome, PersonRecord,
    PostRecord, ResultKind, StageContent, Summary, SystemRecord, UnitRecord,
};
use chassis::Settings;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::RunQueryDsl as _;
use identity::{Credential, Endorsement, Role};
use kernel::configuration::ConfigurationItem;
use kernel::ids::{AccountId, SystemId};
use kernel::{Clock as _, NationalId, Personal, SystemClock};
use serde_json::Value;
use testkit::{TestApp, TestPerson, TestResponse};
use uuid::Uuid;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    text: String,
}

/// A loaded world.
pub struct World {
    pub app: TestApp,
    pub people: BTreeMap<&'static str, TestPerson>,
    pub platform: Credential,
    pub office_certificate: Credential,
}

const CAST: [(&str, &str, &[Role]); 13] = [
    ("admin-a", "bureau", &[Role::Administrator]),
    ("admin-b", "bureau", &[Role::Administrator]),
    ("user", "office", &[Role::User]),
    ("colleague", "office", &[Role::User]),
    ("supervisor", "office", &[Role::UnitSupervisor, Role::User]),
    ("head", "office", &[Role::AgencyHead]),
    ("officer", "office", &[Role::DesignatedOfficer]),
    ("handler", "bureau", &[Role::BusinessHandler]),
    ("chief", "bureau", &[Role::BusinessSupervisor]),
    ("bureau-officer", "bureau", &[Role::DesignatedOfficer]),
    ("it", "bureau", &[Role::ItUnit]),
    ("it-two", "bureau", &[Role::ItUnit]),
    ("auditor", "bureau", &[Role::Auditor]),
];

pub fn binding(credential: &Credential) -> CardBinding {
    CardBinding {
        issuer_key_id: credential.certificate().issuer_key_id(),
        certificate_serial: credential.certificate().serial(),
        thumbprint: credential.thumbprint(),
    }
}

pub fn account_id(name: &str) -> AccountId {
    AccountId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
}

pub fn system_id() -> SystemId {
    SystemId(Uuid::from_u128(77))
}

pub fn link_id() -> Uuid {
    Uuid::from_u128(78)
}

impl World {
    pub async fn start() -> Self {
        Self::start_with(|_, _, _| {}).await
    }

    /// With other settings.
    pub async fn start_with(
        change: impl FnOnce(&mut Settings, &identity::DevPki, &std::path::Path) + Send + 'static,
    ) -> Self {
        let world = Self::empty_with(change).await;
        world.begin().await;
        world
    }

    /// What was told for the governance log, by kind, in order.
    pub async fn recorded_kinds(&self) -> Vec<String> {
        self.app.published::<GovernanceRecorded>().await.into_iter().map(|record| record.kind).collect()
    }

    /// The first start, and a look of every schedule, from which on rhythms are known.
    pub async fn begin(&self) {
        self.first_start(&self.master_data()).await.unwrap();
        self.app.running.run_due().await.unwrap();
    }

    /// Before the first start.
    pub async fn empty() -> Self {
        Self::empty_with(|_, _, _| {}).await
    }

    /// Before the first start, with other settings.
    pub async fn empty_with(
        change: impl FnOnce(&mut Settings, &identity::DevPki, &std::path::Path) + Send + 'static,
    ) -> Self {
        let app = TestApp::of(account::service()).settings(change).start().await;
        let people: BTreeMap<_, _> =
            CAST.iter().map(|(name, agency, roles)| (*name, app.person(name, agency, roles))).collect();
        let now = SystemClock.now();
        let platform = app.pki.issue_agency("社福平台", "2.16.886.101.90001", now).unwrap();
        let office_certificate = app.pki.issue_agency("三民區公所", "2.16.886.101.90002", now).unwrap();
        Self { app, people, platform, office_certificate }
    }

    /// The first start, signed by both administrators.
    pub async fn first_start(&self, data: &MasterData) -> chassis::Result<Summary> {
        let endorsements = ["admin-a", "admin-b"].map(|name| self.sign_start(name, data));
        account::bootstrap::load(self.app.context(), data, &endorsements).await
    }

    pub fn sign_start(&self, name: &str, data: &MasterData) -> Endorsement {
        self.sign(name, &BootstrapContent::new(data.digest().unwrap()))
    }

    pub fn master_data(&self) -> MasterData {
        let agency = |name: &str, kind, certificate: Option<&Credential>| {
            let member = CAST.iter().find(|(_, a, _)| *a == name).map(|(n, _, _)| &self.people[n]).unwrap();
            AgencyRecord {
                id: member.agency,
                name: name.to_owned(),
                kind,
                parent: None,
                units: vec![UnitRecord { id: member.unit, name: format!("{name}/單位") }],
                networks: vec!["10.1.0.0/16".into()],
                certificates: certificate.iter().map(|c| c.thumbprint()).collect(),
                provides: [].into(),
            }
        };
        let bureau = self.people["it"].agency;
        MasterData {
            administrators: [self.people["admin-a"].person, self.people["admin-b"].person],
            agencies: vec![
                agency("bureau", AgencyKind::Bureau, None),
                agency("office", AgencyKind::DistrictOffice, Some(&self.office_certificate)),
            ],
            systems: vec![SystemRecord {
                id: system_id(),
                code: "welfare-platform".into(),
                name: "社福平台".into(),
                agency: bureau,
                thumbprint: Some(self.platform.thumbprint()),
                attests_place: true,
                origins: BTreeSet::new(),
            }],
            people: self.people.iter().enumerate().map(|(i, (name, p))| person(i, name, p)).collect(),
            accounts: vec![
                self.account("household", "user"),
                self.account("immigration", "user"),
                self.account("household", "colleague"),
            ],
            links: vec![LinkRecord {
                id: link_id(),
                regulation: "household".into(),
                name: "社福平台連結戶役政".into(),
                agency: bureau,
                manager: self.people["it"].person,
                manager_post: self.people["it"].post,
            }],
            custodians: ["head", "chief", "handler"].map(|name| self.people[name].person).into(),
            configuration: self.configuration(),
        }
    }

    /// What the service under test runs on.
    pub fn configuration(&self) -> Vec<ConfigurationItem> {
        let context = self.app.context();
        let day = kernel::days::taipei_date(context.now());
        chassis::configuration::items(context.settings(), context.packs(), day).unwrap()
    }

    fn account(&self, regulation: &str, holder: &str) -> AccountRecord {
        let p = &self.people[holder];
        let item = if regulation == "immigration" { "entry-exit" } else { "low-income-management" };
        AccountRecord {
            id: account_id(&format!("{regulation}/{holder}")),
            number: format!("{regulation}-{holder}"),
            regulation: regulation.into(),
            person: p.person,
            post: p.post,
            items: [item.to_owned()].into(),
            valid_from: "2025-06-01".parse().unwrap(),
            valid_until: None,
            opened_by: self.people["it"].person,
            granted_by: Some("高市社字第1號".into()),
        }
    }

    pub fn token(&self, name: &str) -> String {
        self.app.token(&self.people[name])
    }

    pub async fn get(&self, name: &str, path: &str) -> TestResponse {
        self.app.get(path, &self.token(name)).await
    }

    pub async fn post(&self, name: &str, path: &str, body: &impl serde::Serialize) -> TestResponse {
        self.app.post(path, &self.token(name), body).await
    }

    /// Runs `sql` on the service's database.
    pub async fn sql(&self, sql: &str) {
        let mut conn = self.app.context().connection().await.unwrap();
        sql_query(sql).execute(&mut conn).await.unwrap();
    }

    /// The column `text` of the one row that `sql` gives for `id`.
    pub async fn text(&self, sql: &str, id: Uuid) -> String {
        let mut conn = self.app.context().connection().await.unwrap();
        let row: Line = sql_query(sql).bind::<SqlUuid, _>(id).get_result(&mut conn).await.unwrap();
        row.text
    }

    /// Why sessions ended, the last one last.
    pub async fn session_ends(&self) -> Vec<String> {
        let mut conn = self.app.context().connection().await.unwrap();
        let sql = "SELECT doc->'ended'->>'because' AS text FROM sessions WHERE ended ORDER BY updated_at, id";
        let rows: Vec<Line> = sql_query(sql).load(&mut conn).await.unwrap();
        rows.into_iter().map(|row| row.text).collect()
    }

    /// Rows of a table.
    pub async fn rows(&self, table: &str) -> i64 {
        let mut conn = self.app.context().connection().await.unwrap();
        let row: Line = sql_query(format!("SELECT count(*)::text AS text FROM {table}"))
            .get_result(&mut conn)
            .await
            .unwrap();
        row.text.parse().unwrap()
    }

    /// A governed change, by both administrators.
    pub async fn govern(&self, change: &Value) {
        // As the service reads it: with every field.
        let change: GovernedAct = serde_json::from_value(change.clone()).unwrap();
        let content = |act: &str, subject: Uuid, name: &str| {
            self.sign(name, &ActContent::new(act, subject, self.people[name].post, &change))
        };
        let endorsement = content("propose_governed_change", Uuid::nil(), "admin-a");
        let body = serde_json::json!({"change": change, "reason": "人事", "endorsement": endorsement});
        let proposed = self.post("admin-a", "/v1/governed-changes", &body).await.expect_status(201);
        let id: Uuid = proposed["id"].as_str().unwrap().parse().unwrap();
        let body = serde_json::json!({"endorsement": content("approve_governed_change", id, "admin-b")});
        let path = format!("/v1/governed-changes/{id}/approval");
        let _ = self.post("admin-b", &path, &body).await.expect_status(200);
    }

    pub fn sign<T: serde::Serialize>(&self, name: &str, content: &T) -> Endorsement {
        Endorsement::sign(&self.people[name].card, content, self.app.clock.now()).unwrap()
    }

    /// The form of `regulation` filled in by `name`.
    pub fn form(
        &self,
        name: &str,
        regulation: &str,
        kind: &str,
        account: Option<AccountId>,
    ) -> ApplicationForm {
        let fields: &[(&str, &str)] = if regulation == "immigration" {
            &[
                ("agency", "三民區公所"),
                ("agency-address", "高雄市三民區"),
                ("name", "王小明"),
                ("national-id", "S000000001"),
                ("card-serial", "TP10000000000001"),
                ("phone", "07-5550000"),
                ("email", "user@office.example"),
                ("legal-basis", "社會救助法"),
                ("purpose", "查調入出境以審核補助"),
            ]
        } else {
            &[
                ("date", "2026-03-02"),
                ("kind", kind),
                ("unit", "district-office"),
                ("reason", "承辦低收入戶審查"),
                ("phone", "07-5550000"),
                ("name", "王小明"),
                ("email", "user@office.example"),
            ]
        };
        let item = if regulation == "immigration" { "entry-exit" } else { "low-income-management" };
        ApplicationForm {
            regulation: regulation.into(),
            kind: kind.into(),
            post: self.people[name].post,
            account,
            fields: fields.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            items: BTreeSet::from([item.to_owned()]),
        }
    }

    pub fn filing(&self, name: &str, form: ApplicationForm, salt: char) -> CreateApplication {
        let salt = salt.to_string().repeat(64);
        let digest = form.digest(&salt).unwrap();
        let endorsement = Some(self.sign(name, &StageContent::new(&digest, "apply", self.people[name].post)));
        CreateApplication { form, salt, endorsement }
    }

    /// Files an application; gives its document.
    pub async fn file(&self, name: &str, form: ApplicationForm, salt: char) -> Value {
        self.post(name, "/v1/permission-applications", &self.filing(name, form, salt))
            .await
            .expect_status(201)
    }

    pub fn stage(
        &self,
        name: &str,
        application: &Value,
        stage: &str,
        outcome: Option<Outcome>,
    ) -> EndorseApplication {
        let digest = application["form_digest"].as_str().unwrap();
        let content = StageContent {
            outcome: outcome.clone(),
            ..StageContent::new(digest, stage, self.people[name].post)
        };
        EndorseApplication {
            stage: stage.into(),
            outcome,
            joint_unit: None,
            endorsement: self.sign(name, &content),
        }
    }

    pub async fn endorse(
        &self,
        name: &str,
        application: &Value,
        stage: &str,
        outcome: Option<Outcome>,
    ) -> TestResponse {
        let path =
            format!("/v1/permission-applications/{}/endorsements", application["id"].as_str().unwrap());
        self.post(name, &path, &self.stage(name, application, stage, outcome)).await
    }
}

pub fn granted() -> Outcome {
    Outcome { result: ResultKind::Granted, effective_on: Some("2026-03-09".parse().unwrap()), note: None }
}

fn person(i: usize, name: &str, p: &TestPerson) -> PersonRecord {
    PersonRecord {
        id: p.person,
        staff_number: format!("ks-{name}"),
        name: Personal::new(format!("姓名{i}")),
        national_id: Personal::new(
            NationalId::sample('S', u32::try_from(i).unwrap() + 1).unwrap().expose().to_owned(),
        ),
        posts: vec![PostRecord {
            id: p.post,
            agency: p.agency,
            unit: p.unit,
            title: "職員".into(),
            roles: p.roles.iter().map(|r| r.code().to_owned()).collect(),
            from: "2025-01-01".parse().unwrap(),
            until: None,
        }],
        cards: vec![binding(p.card.credential())],
        declared_relatives: vec![],
    }
}
