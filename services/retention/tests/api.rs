//! The retention service over HTTP and events, against real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "test helpers fail by panicking")]

use account_types::events::{AgencyChanged, PersonChanged};
use chrono::{Duration, NaiveDate};
use identity::{CardSigner as _, Endorsement, Role, TrustAnchors};
use kernel::canonical;
use kernel::ids::{CaseId, PersonId, QueryId};
use query_registry_types::events::{
    DestructionCarriedOut, ErasedEntry, ErasureCarriedOut, ErasureRefused, HoldingCounted, OutputRecorded,
};
use retention::domain::certificate::DestructionCertificate;
use retention::domain::erasure::{ErasureCertificate, ErasureOrderView};
use retention::domain::order::DestructionOrder;
use retention_types::events::{
    CertificateIssued, DestructionApproved, EndorsementTaken, ErasureApproved, OutputSettled,
};
use retention_types::{ErasureContent, WitnessContent};
use serde_json::{Value, json};
use testkit::{TestApp, TestPerson};
use uuid::Uuid;

struct Stage {
    app: TestApp,
    records: TestPerson,
    head: TestPerson,
    second: TestPerson,
    user: TestPerson,
    colleague: TestPerson,
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

impl Stage {
    async fn set() -> Self {
        let app = TestApp::of(retention::service()).start().await;
        let stage = Self {
            records: app.person("records", "bureau", &[Role::RecordsOfficer]),
            head: app.person("head", "bureau", &[Role::AgencyHead]),
            second: app.person("second", "bureau", &[Role::RecordsOfficer]),
            user: app.person("user", "office", &[Role::User]),
            colleague: app.person("colleague", "office", &[Role::User]),
            app,
        };
        let agency = AgencyChanged {
            agency: stage.records.agency,
            name: "社會局".into(),
            kind: "bureau".into(),
            units: vec![],
            networks: vec![],
            revision: 1,
        };
        stage.app.feed("account", &agency).await;
        for person in [&stage.records, &stage.head, &stage.second, &stage.user, &stage.colleague] {
            stage.app.feed("account", &stage.person_event(person)).await;
        }
        // The first look at the clock sets when each schedule is due next.
        stage.app.advance(Duration::zero()).await;
        stage
    }

    fn person_event(&self, person: &TestPerson) -> PersonChanged {
        let anchors = TrustAnchors::from_dir(&self.app.folder().join("roots")).unwrap();
        let now = self.app.context().now();
        let card =
            Endorsement::sign(&person.card, "card", now).unwrap().verify("card", &anchors, now).unwrap();
        PersonChanged {
            person: person.person,
            in_service: true,
            posts: vec![],
            declared_subjects: [].into(),
            cards: [card.subject()].into(),
            revision: 1,
        }
    }

    async fn count(&self, month: &str, count: i64) {
        let event = HoldingCounted {
            record_kind: "query-log".into(),
            regulation: "household".into(),
            month: day(month),
            count,
            log: Some("three-year".into()),
        };
        self.app.feed("query-registry", &event).await;
    }

    async fn request(&self, month: &str) -> testkit::TestResponse {
        let body = json!({"record_kind": "query_log", "regulation": "household", "month": month, "log": "three-year"});
        self.app.post("/v1/destruction-orders", &self.app.token(&self.records), &body).await
    }

    async fn approve(
        &self,
        order: &DestructionOrder,
        person: &TestPerson,
        card: &TestPerson,
    ) -> testkit::TestResponse {
        let content = order.content(person.post).unwrap();
        let endorsement = Endorsement::sign(&card.card, &content, self.app.context().now()).unwrap();
        let path = format!("/v1/destruction-orders/{}/approvals", order.id);
        self.app.post(&path, &self.app.token(person), &json!({"endorsement": endorsement})).await
    }

    async fn list(&self, path: &str, person: &TestPerson) -> Vec<Value> {
        let body = self.app.get(path, &self.app.token(person)).await.expect_status(200);
        body["items"].as_array().unwrap().clone()
    }

    async fn output(&self, kind: &str) -> Uuid {
        let event = OutputRecorded {
            output: Uuid::from_u128(77),
            kind: kind.into(),
            count: 1,
            query: QueryId(Uuid::from_u128(1)),
            person: self.user.person,
            agency: self.user.agency,
            unit: Some(self.user.unit),
            case: CaseId(Uuid::from_u128(2)),
            regulation: "household".into(),
            at: self.app.context().now(),
            due_on: day("2026-04-01"),
        };
        self.app.feed("query-registry", &event).await;
        event.output
    }

    async fn act(&self, output: Uuid, step: &str, person: &TestPerson, body: Value) -> testkit::TestResponse {
        self.app.post(&format!("/v1/outputs/{output}/{step}"), &self.app.token(person), &body).await
    }
}

#[tokio::test]
async fn a_month_past_its_term_ends_under_two_signatures_with_a_certificate() {
    let stage = Stage::set().await;
    stage.count("2023-01-01", 12).await;
    stage.count("2023-12-01", 5).await;
    stage.request("2023-12-01").await.expect_problem("before-retention-term");

    stage.app.advance(Duration::days(1)).await;
    let proposals = stage.list("/v1/destruction-orders?state=proposed", &stage.records).await;
    assert_eq!(proposals.len(), 1);
    assert_eq!(proposals[0]["month"], "2023-01-01");
    let duties = stage.list("/v1/obligations?state=open", &stage.records).await;
    assert_eq!(duties[0]["duty"], "H6.6.log");
    assert_eq!(duties[0]["clause"], "H6.6");

    let order: DestructionOrder = stage.request("2023-01-01").await.json(201);
    assert_eq!(order.id.to_string(), proposals[0]["id"].as_str().unwrap());
    stage.approve(&order, &stage.records, &stage.records).await.expect_problem("own-matter");
    stage.approve(&order, &stage.head, &stage.second).await.expect_problem("foreign-card");
    let mut altered = order.clone();
    altered.holders[0].count = 11;
    stage.approve(&altered, &stage.head, &stage.head).await.expect_problem("endorsement-invalid");

    stage.approve(&order, &stage.head, &stage.head).await.expect_status(200);
    stage.approve(&order, &stage.head, &stage.head).await.expect_problem("own-matter");
    assert!(stage.app.published::<DestructionApproved>().await.is_empty());
    stage.approve(&order, &stage.second, &stage.second).await.expect_status(200);
    let approved = stage.app.published::<DestructionApproved>().await;
    assert_eq!(approved.len(), 1);
    assert_eq!(approved[0].record_kind, "query-log");
    assert_eq!(approved[0].approved_by, [stage.head.person, stage.second.person]);

    let taken = stage.app.published::<EndorsementTaken>().await;
    assert_eq!(taken.len(), 2, "each approval goes to the governance log, and no refused one");
    assert_ne!(taken[0], taken[1]);

    let certificate_path = format!("/v1/destruction-orders/{}/certificate", order.id);
    let auditor = stage.app.person("auditor", "bureau", &[Role::Auditor]);
    stage.app.get(&certificate_path, &stage.app.token(&auditor)).await.expect_problem("not-found");
    let carried_out = DestructionCarriedOut {
        order: order.id,
        count: 12,
        root: "ab".repeat(32),
        entry: Some(9),
        method: "partition dropped, data key destroyed".into(),
    };
    stage.app.feed("query-registry", &carried_out).await;
    let certificate: DestructionCertificate =
        stage.app.get(&certificate_path, &stage.app.token(&auditor)).await.json(200);
    assert_eq!(certificate.digest, canonical::sha256_hex(&canonical::bytes(&certificate.content).unwrap()));
    assert_eq!(certificate.digest, canonical::sha256_hex(certificate.canonical.as_bytes()));
    assert_eq!((certificate.content.count, certificate.content.approvals.len()), (12, 2));
    let issued = stage.app.published::<CertificateIssued>().await;
    assert_eq!(issued, [CertificateIssued { order: order.id, digest: certificate.digest }]);
    assert!(stage.list("/v1/obligations?state=open", &stage.records).await.is_empty());
    let gone = stage.list("/v1/holdings?state=destroyed", &stage.records).await;
    assert_eq!(gone.len(), 1);
}

fn erasure() -> Value {
    json!({"target": {"log": "three-year", "regulation": "household", "month": "2026-02-01",
            "query": Uuid::from_u128(1)},
        "basis": "court_order", "document": "115訴字第12號", "reason": "判決命刪除"})
}

#[tokio::test]
async fn a_record_is_erased_early_under_two_persons_with_a_certificate() {
    let stage = Stage::set().await;
    let token = stage.app.token(&stage.records);
    let post = async |body: &Value| stage.app.post("/v1/erasure-orders", &token, body).await;
    let mut bad = erasure();
    bad["target"]["index"] = json!(4);
    post(&bad).await.expect_status(400);
    bad["target"]["query"] = Value::Null;
    bad["target"]["index"] = json!(-1);
    post(&bad).await.expect_status(400);

    let order: ErasureOrderView = post(&erasure()).await.json(201);
    let approve = async |person: &TestPerson, card: &TestPerson, document: &str| {
        let content = ErasureContent {
            act: "approve-erasure".into(),
            order: order.id,
            target: order.target.clone(),
            basis: order.basis,
            document: document.into(),
            requested_by: stage.records.person,
            post: person.post,
        };
        let endorsement = Endorsement::sign(&card.card, &content, stage.app.context().now()).unwrap();
        let path = format!("/v1/erasure-orders/{}/approvals", order.id);
        stage.app.post(&path, &stage.app.token(person), &json!({"endorsement": endorsement})).await
    };
    approve(&stage.records, &stage.records, &order.document).await.expect_problem("own-matter");
    approve(&stage.head, &stage.second, &order.document).await.expect_problem("foreign-card");
    approve(&stage.head, &stage.head, "115訴字第13號").await.expect_problem("endorsement-invalid");
    assert!(stage.app.published::<ErasureApproved>().await.is_empty());
    approve(&stage.head, &stage.head, &order.document).await.expect_status(200);
    approve(&stage.second, &stage.second, &order.document).await.expect_problem("wrong-order-state");
    let approved = stage.app.published::<ErasureApproved>().await;
    assert_eq!(approved.len(), 1);
    assert_eq!(
        (approved[0].requested_by, approved[0].approved_by),
        (stage.records.person, stage.head.person)
    );
    assert_eq!(approved[0].query, Some(QueryId(Uuid::from_u128(1))));
    assert_eq!(stage.app.published::<EndorsementTaken>().await.len(), 1);

    let path = format!("/v1/erasure-orders/{}/certificate", order.id);
    stage.app.get(&path, &token).await.expect_problem("not-found");
    let carried_out = ErasureCarriedOut {
        order: order.id,
        entries: vec![ErasedEntry { index: 7, leaf_hash: "cd".repeat(32), erasure: 12 }],
        rows: 2,
        method: "keys destroyed".into(),
        backups_expire_on: day("2026-04-01"),
    };
    for _ in 0..2 {
        stage.app.feed("query-registry", &carried_out).await;
    }
    let certificate: ErasureCertificate = stage.app.get(&path, &token).await.json(200);
    assert_eq!(certificate.digest, canonical::sha256_hex(&canonical::bytes(&certificate.content).unwrap()));
    assert_eq!(certificate.digest, canonical::sha256_hex(certificate.canonical.as_bytes()));
    assert_eq!(certificate.content.confirmation.backups_expire_on, day("2026-04-01"));
    let issued = stage.app.published::<CertificateIssued>().await;
    assert_eq!(issued, [CertificateIssued { order: order.id, digest: certificate.digest }]);
    let listed = stage.list("/v1/erasure-orders?state=certified", &stage.records).await;
    assert_eq!(listed.len(), 1);
    assert!(!listed[0].to_string().contains("判決命刪除"), "why stays sealed");
}

#[tokio::test]
async fn an_erasure_is_held_back_given_back_or_refused_and_then_over() {
    let stage = Stage::set().await;
    let token = stage.app.token(&stage.records);
    let ask = async || stage.app.post("/v1/erasure-orders", &token, &erasure()).await;
    let order: ErasureOrderView = ask().await.json(201);
    let back = format!("/v1/erasure-orders/{}/return", order.id);
    stage.app.post(&back, &token, &json!({"cause": "王小明的案子"})).await.expect_status(400);
    stage.app.post(&back, &token, &json!({"cause": "wrong-scope"})).await.expect_status(200);
    stage.app.post(&back, &token, &json!({"cause": "wrong-scope"})).await.expect_problem("wrong-order-state");

    let ethics = stage.app.person("ethics", "bureau", &[Role::EthicsOfficer]);
    let body = json!({"scope": {"from_month": "2026-02-01"}, "reason": "司法調查"});
    stage.app.post("/v1/holds", &stage.app.token(&ethics), &body).await.expect_status(201);
    ask().await.expect_problem("under-legal-hold");

    let refused = ErasureRefused { order: order.id, fault: "not-found".into() };
    stage.app.feed("query-registry", &refused).await;
    let path = format!("/v1/erasure-orders/{}", order.id);
    let shown: ErasureOrderView = stage.app.get(&path, &token).await.json(200);
    assert_eq!(shown.fault.as_deref(), Some("wrong-scope"), "nothing waited for an answer");
}

#[tokio::test]
async fn a_hold_wins_until_another_person_lifts_it() {
    let stage = Stage::set().await;
    stage.count("2023-01-01", 12).await;
    let ethics = stage.app.person("ethics", "bureau", &[Role::EthicsOfficer]);
    let body =
        json!({"scope": {"regulation": "household", "record_kind": "query-log"}, "reason": "司法調查"});
    let hold = stage.app.post("/v1/holds", &stage.app.token(&ethics), &body).await.expect_status(201);
    stage.app.advance(Duration::days(1)).await;
    assert!(stage.list("/v1/destruction-orders", &stage.records).await.is_empty());
    let refused = stage.request("2023-01-01").await.expect_problem("under-legal-hold");
    assert_eq!(refused["clause"], "H6.6");

    let lift = format!("/v1/holds/{}/lift", hold["id"].as_str().unwrap());
    let reason = json!({"reason": "調查終結"});
    stage.app.post(&lift, &stage.app.token(&ethics), &reason).await.expect_problem("own-matter");
    stage.app.post(&lift, &stage.app.token(&stage.records), &reason).await.expect_status(200);
    let order: DestructionOrder = stage.request("2023-01-01").await.json(201);

    // A hold that comes after the request stops the approvals.
    stage.app.post("/v1/holds", &stage.app.token(&ethics), &body).await.expect_status(201);
    stage.approve(&order, &stage.head, &stage.head).await.expect_problem("under-legal-hold");
}

#[tokio::test]
async fn a_holder_that_does_not_confirm_owes_an_overdue_duty() {
    let stage = Stage::set().await;
    stage.count("2023-01-01", 12).await;
    let order: DestructionOrder = stage.request("2023-01-01").await.json(201);
    stage.approve(&order, &stage.head, &stage.head).await.expect_status(200);
    stage.approve(&order, &stage.second, &stage.second).await.expect_status(200);
    stage.app.advance(Duration::days(40)).await;
    let late = stage.list("/v1/obligations?late=true", &stage.records).await;
    let waiting =
        late.iter().find(|o| o["key"] == format!("destruction/{}/query-registry", order.id)).unwrap();
    assert_eq!(waiting["escalated_to"], "administrator");
}

#[tokio::test]
async fn an_output_is_destroyed_by_a_fitting_method_before_a_witness() {
    let stage = Stage::set().await;
    let output = stage.output("print").await;
    assert_eq!(stage.list("/v1/outputs?unsettled=true", &stage.user).await.len(), 1);
    let stranger = stage.app.person("stranger", "other-office", &[Role::User]);
    assert!(stage.list("/v1/outputs", &stranger).await.is_empty());
    stage.act(output, "no-need", &stranger, json!({})).await.expect_problem("not-found");
    stage.act(output, "no-need", &stage.colleague, json!({})).await.expect_problem("forbidden");

    let destroy =
        |method: &str, witness: PersonId| json!({"method": method, "on": "2026-03-02", "witness": witness});
    let witness = stage.colleague.person;
    stage
        .act(output, "destruction", &stage.user, destroy("shredded", witness))
        .await
        .expect_problem("need-not-confirmed");
    stage.act(output, "no-need", &stage.user, json!({})).await.expect_status(200);
    let duties = stage.list("/v1/obligations?state=open", &stage.user).await;
    assert_eq!(duties[0]["duty"], "H7.destruction");
    stage
        .act(output, "destruction", &stage.user, destroy("degaussed", witness))
        .await
        .expect_problem("method-unfit");
    stage
        .act(output, "destruction", &stage.user, destroy("shredded", stage.user.person))
        .await
        .expect_problem("witness-unfit");

    let content = WitnessContent {
        act: "witness-destruction".into(),
        output,
        method: retention_types::DestructionMethod::Shredded,
        on: day("2026-03-02"),
    };
    assert!(!stage.user.card.chain_der().is_empty());
    let now = stage.app.context().now();
    let mut body = destroy("shredded", witness);
    body["witness_endorsement"] = json!(Endorsement::sign(&stage.user.card, &content, now).unwrap());
    stage.act(output, "destruction", &stage.user, body.clone()).await.expect_problem("foreign-card");
    body["witness_endorsement"] = json!(Endorsement::sign(&stage.colleague.card, &content, now).unwrap());
    stage.act(output, "destruction", &stage.user, body).await.expect_status(200);
    let settled = stage.app.published::<OutputSettled>().await;
    assert_eq!(settled, [OutputSettled { output, state: "destroyed".into(), on: day("2026-03-02") }]);
    assert!(stage.list("/v1/obligations?state=open", &stage.user).await.is_empty());
    stage.act(output, "no-need", &stage.user, json!({})).await.expect_problem("already-settled");
}

#[tokio::test]
async fn an_office_is_reminded_of_what_it_has_not_filed_until_it_is() {
    let stage = Stage::set().await;
    let body = json!({"kind": "media", "count": 1, "regulation": "immigration", "case": Uuid::from_u128(3),
        "made_on": "2026-03-02"});
    let output = stage.app.post("/v1/outputs", &stage.app.token(&stage.user), &body).await.expect_status(201);
    let id: Uuid = output["id"].as_str().unwrap().parse().unwrap();
    stage.app.advance(Duration::days(30)).await;
    let open = stage.list("/v1/obligations?state=open&clause=I5", &stage.user).await;
    let duties: Vec<&str> = open.iter().map(|o| o["duty"].as_str().unwrap()).collect();
    assert_eq!(duties, ["I5.destruction", "I5.reminder"]);
    // What is due by a day is what is due on it or before.
    let due: NaiveDate = open[0]["due_on"].as_str().unwrap().parse().unwrap();
    let by = |day: NaiveDate| format!("/v1/obligations?state=open&clause=I5&due_by={day}");
    assert!(stage.list(&by(due), &stage.user).await.contains(&open[0]));
    let before = due.pred_opt().unwrap();
    assert!(
        stage
            .list(&by(before), &stage.user)
            .await
            .iter()
            .all(|o| o["due_on"].as_str() < open[0]["due_on"].as_str())
    );
    let filing = |case: u128| json!({"case": Uuid::from_u128(case), "on": "2026-04-01"});
    stage.act(id, "filing", &stage.user, filing(4)).await.expect_problem("other-case");
    stage.act(id, "filing", &stage.user, filing(3)).await.expect_status(200);
    assert!(stage.list("/v1/obligations?state=open", &stage.user).await.is_empty());
}

/// The operations file and the routes name the same operations.
#[test]
fn the_document_is_complete() {
    let document = retention::service().document().unwrap();
    let operations = document["paths"].as_object().unwrap().values().map(|p| p.as_object().unwrap().len());
    assert_eq!(operations.sum::<usize>(), 30);
}
