//! The service over HTTP, against the real database and broker.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "api/checkpoints.rs"]
mod checkpoints;

use account_types::ActContent;
use account_types::events::{AccountChanged, AccountSnapshot, AccountStatus, AgencyChanged, PostSnapshot};
use audit_sampling::domain::draw::{DrawError, verify_draw};
use audit_sampling::domain::projection::PersonView;
use audit_sampling_types::DrawProof;
use audit_sampling_types::events::{FindingClosed, FindingRaised, GovernanceRecorded};
use identity::{Endorsement, Role};
use kernel::ids::{AccountId, QueryId};
use kernel::{Clock as _, days};
use query_registry_types::events::{Decision, QueryRecorded};
use serde::Serialize;
use serde_json::{Value, json};
use testkit::{TestApp, TestPerson};
use uuid::Uuid;

fn id<T: From<Uuid>>(n: u128) -> T {
    Uuid::from_u128(n).into()
}

fn sign<T: Serialize>(app: &TestApp, by: &TestPerson, act: &str, subject: Uuid, body: &T) -> Endorsement {
    let content = ActContent::new(act, subject, by.post, body);
    Endorsement::sign(&by.card, &content, app.clock.now()).unwrap()
}

/// Announces a person with his card.
/// The agency of `person`, as the account service tells it.
fn district_office(person: &TestPerson) -> AgencyChanged {
    AgencyChanged {
        agency: person.agency,
        name: "高雄市鹽埕區公所".into(),
        kind: "district_office".into(),
        units: vec![],
        networks: vec![],
        revision: 1,
    }
}

async fn announce(app: &TestApp, person: &TestPerson) {
    announce_in(app, person, &[person]).await;
}

/// Announces a person with his card and the posts of all of `posts`.
async fn announce_in(app: &TestApp, person: &TestPerson, posts: &[&TestPerson]) {
    let content = json!({});
    let endorsement = Endorsement::sign(&person.card, &content, app.clock.now()).unwrap();
    let anchors = app.pki.anchors().unwrap();
    let card = endorsement.verify(&content, &anchors, app.clock.now()).unwrap().subject();
    let post = |held: &&TestPerson| PostSnapshot {
        id: held.post,
        agency: held.agency,
        unit: held.unit,
        roles: held.roles.iter().map(ToString::to_string).collect(),
        from: "2025-01-01".parse().unwrap(),
        until: None,
        deputy_for: None,
    };
    let view = PersonView {
        person: person.person,
        in_service: true,
        posts: posts.iter().map(post).collect(),
        cards: [card].into(),
        revision: 1,
    };
    app.feed("account", &view).await;
}

fn account_of(person: &TestPerson) -> AccountId {
    AccountId(Uuid::new_v5(&person.person.0, b"account"))
}

async fn open_account(app: &TestApp, person: &TestPerson) {
    let account = AccountSnapshot {
        id: account_of(person),
        number: "H0001".into(),
        regulation: "household".into(),
        person: person.person,
        post: person.post,
        agency: person.agency,
        unit: person.unit,
        status: AccountStatus::Active,
        permission_items: [].into(),
        valid_from: "2025-01-01".parse().unwrap(),
        valid_until: None,
        opened_by: id(99),
        revision: 1,
    };
    let event = AccountChanged { account, cause: "opened".into(), clause: "H5.1.2".into() };
    app.feed("account", &event).await;
}

fn query(person: &TestPerson, n: u128, marks: &[(&str, i64)]) -> QueryRecorded {
    QueryRecorded {
        query: QueryId(Uuid::from_u128(n)),
        application: None,
        account: Some(account_of(person)),
        person: person.person,
        agency: person.agency,
        unit: Some(person.unit),
        case: None,
        programme: None,
        regulation: "household".into(),
        decision: Decision::Answered,
        refusal: None,
        items: vec![],
        records: 1,
        at: days::at("2026-02-10".parse().unwrap(), 10, 0),
        log: "three-year".into(),
        log_index: 1,
        marks: marks.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect(),
    }
}

async fn app() -> TestApp {
    TestApp::of(audit_sampling::service()).at(days::at("2026-04-02".parse().unwrap(), 9, 0)).start().await
}

#[tokio::test]
async fn a_quarterly_audit_runs_from_its_plan_to_its_endorsed_record() {
    let app = app().await;
    let user = app.person("user", "office", &[Role::User]);
    let auditor = app.person("auditor", "bureau", &[Role::Auditor]);
    let second = app.person("second", "bureau", &[Role::EthicsOfficer]);
    for person in [&user, &auditor, &second] {
        announce(&app, person).await;
    }
    open_account(&app, &user).await;
    for n in 1..=12 {
        app.feed("query-registry", &query(&user, n, &[])).await;
    }
    // The same query again, as a replay sends it, counts once.
    app.feed("query-registry", &query(&user, 1, &[])).await;
    let token = app.token(&auditor);

    let body = json!({"regulation": "household", "day": "2026-02-10"});
    let plan = app.post("/v1/audit-plans", &token, &body).await.expect_status(201);
    let path = format!("/v1/audit-plans/{}", plan["id"].as_str().unwrap());
    let plan_id: Uuid = plan["id"].as_str().unwrap().parse().unwrap();
    let numbers = json!({"text": "12, 34, 56"});
    app.post(&format!("{path}/draw-numbers"), &token, &numbers).await.expect_problem("wrong-state");

    let at = app.clock.now() + chrono::Duration::minutes(5);
    let source = json!({"source": {"kind": "public_draw", "name": "draw of today", "publishes_at": at}});
    let frozen = app.post(&format!("{path}/population"), &token, &source).await.expect_status(200);
    assert_eq!(frozen["commitment"]["accounts"], 1);
    app.post(&format!("{path}/draw-numbers"), &token, &numbers).await.expect_problem("randomness-too-early");
    app.clock.advance(chrono::Duration::minutes(6));
    let _ = app.post(&format!("{path}/draw-numbers"), &token, &numbers).await.expect_status(200);
    let confirm = format!("{path}/draw-numbers/confirmation");
    app.post(&confirm, &token, &numbers).await.expect_problem("second-person-needed");
    let _ = app.post(&confirm, &app.token(&second), &numbers).await.expect_status(200);
    let drawn = app.post(&format!("{path}/sample"), &token, &json!({})).await.expect_status(200);
    assert_eq!((&drawn["sample"]["accounts"], &drawn["sample"]["records"]), (&json!(1), &json!(10)));

    let proof: DrawProof = app.get(&format!("{path}/draw-proof"), &app.token(&user)).await.json(200);
    assert_eq!(verify_draw(&proof), Ok(()));
    assert_eq!(proof.population[0].count, 12, "a repeated event counts once");
    let mut steered = proof.clone();
    steered.randomness.text = "12, 34, 57".into();
    assert_eq!(verify_draw(&steered), Err(DrawError::Sample));

    let sheets = app.get(&format!("{path}/worksheets"), &token).await.expect_status(200);
    let sheet = &sheets["items"][0];
    let sheet_path = format!("/v1/audit-worksheets/{}", sheet["id"].as_str().unwrap());
    app.get(&format!("{path}/audit-record"), &token).await.expect_problem("worksheets-open");
    let assign = format!("{sheet_path}/assignment");
    app.post(&assign, &token, &json!({"auditor": user.person})).await.expect_problem("not-an-auditor");
    let _ = app.post(&assign, &token, &json!({"auditor": auditor.person})).await.expect_status(200);
    let records: Vec<Value> = sheet["queries"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .map(|(i, q)| {
            let (outcome, remark) = if i == 0 { ("finding", Some("no case")) } else { ("ok", None) };
            json!({"query": q["query"], "outcome": outcome, "remark": remark})
        })
        .collect();
    let result = json!({"records": records, "usage_in_order": true, "account_use_in_order": true,
        "register_in_order": true, "anomalies": null});
    let recorded = app.post(&format!("{sheet_path}/result"), &token, &result).await.expect_status(200);
    assert!(recorded["result"]["finding"].is_string());

    let record = app.get(&format!("{path}/audit-record"), &token).await.expect_status(200);
    assert_eq!((&record["records_in_order"], &record["records_with_findings"]), (&json!(9), &json!(1)));
    let closing = format!("{path}/closing");
    let wrong = sign(&app, &auditor, "close_audit_plan", plan_id, &json!({}));
    app.post(&closing, &token, &json!({"endorsement": wrong})).await.expect_problem("endorsement-invalid");
    let foreign = sign(&app, &second, "close_audit_plan", plan_id, &record);
    app.post(&closing, &token, &json!({"endorsement": foreign})).await.expect_problem("endorsement-invalid");
    let holder = TestPerson { roles: [Role::Auditor].into(), ..user.clone() };
    let own = sign(&app, &holder, "close_audit_plan", plan_id, &record);
    app.post(&closing, &app.token(&holder), &json!({"endorsement": own})).await.expect_problem("own-matter");
    let endorsement = sign(&app, &auditor, "close_audit_plan", plan_id, &record);
    let closed = app.post(&closing, &token, &json!({"endorsement": endorsement})).await.expect_status(200);
    assert_eq!(closed["state"], "closed");
    let kinds: Vec<String> =
        app.published::<GovernanceRecorded>().await.into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, ["draw-plan", "sample", "endorsement", "audit-record"]);
    let late = app.get("/v1/obligations?clause=H8.2&state=done", &token).await.expect_status(200);
    assert_eq!(late["items"].as_array().unwrap().len(), 1);
    app.stop().await;
}

#[tokio::test]
async fn queries_at_night_become_one_finding_that_a_joint_investigation_ends() {
    let app = app().await;
    let user = app.person("user", "office", &[Role::User]);
    let honest = app.person("honest", "office", &[Role::User]);
    let lead = app.person("lead", "bureau", &[Role::BusinessSupervisor]);
    let ethics = app.person("ethics", "bureau", &[Role::EthicsOfficer]);
    let it_unit = app.person("it", "bureau", &[Role::ItUnit]);
    for person in [&user, &honest, &lead, &ethics, &it_unit] {
        announce(&app, person).await;
    }
    open_account(&app, &user).await;
    for n in 1..=6 {
        app.feed("query-registry", &query(&user, n, &[("night", 2)])).await;
    }
    app.feed("query-registry", &query(&honest, 20, &[])).await;
    let token = app.token(&lead);
    let list = app.get("/v1/findings?kind=night_queries", &token).await.expect_status(200);
    let findings = list["items"].as_array().unwrap();
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0]["evidence"].as_array().unwrap().len(), 6);
    let all = app.get("/v1/findings", &token).await.expect_status(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 1, "nobody else is accused");

    let body = json!({"finding": findings[0]["id"]});
    let opened = app.post("/v1/investigations", &token, &body).await.expect_status(201);
    let id: Uuid = opened["id"].as_str().unwrap().parse().unwrap();
    let path = format!("/v1/investigations/{id}");
    let record = json!({"cause": "c", "effect": "e", "containment": "k", "conclusion": "no_violation",
        "reasons": "ordered night work"});
    let _ = app.post(&format!("{path}/record"), &token, &record).await.expect_status(200);
    for person in [&lead, &ethics, &it_unit] {
        app.post(&format!("{path}/closing"), &token, &json!({})).await.expect_problem("party-missing");
        let endorsement = sign(&app, person, "endorse_investigation", id, &record);
        let body = json!({"endorsement": endorsement});
        let _ = app.post(&format!("{path}/endorsements"), &app.token(person), &body).await.expect_status(200);
    }
    let _ = app.post(&format!("{path}/closing"), &token, &json!({})).await.expect_status(200);
    assert_eq!(app.published::<FindingRaised>().await.len(), 1);
    let closed = app.published::<FindingClosed>().await;
    assert_eq!(closed[0].outcome, "no-violation");
    app.stop().await;
}

#[tokio::test]
async fn whoever_has_a_post_in_the_visited_office_records_no_visit_whichever_he_acts_in() {
    let app = app().await;
    let user = app.person("user", "office", &[Role::User]);
    let auditor = app.person("auditor", "bureau", &[Role::Auditor]);
    let insider = app.person("insider", "bureau", &[Role::Auditor]);
    let agency = district_office(&user);
    app.feed("account", &agency).await;
    announce(&app, &auditor).await;
    announce_in(&app, &insider, &[&insider, &user]).await;
    let (token, today) = (app.token(&auditor), days::taipei_date(app.clock.now()));
    let plan = json!({"offices": [user.agency], "visit_on": today});
    let check = app.post("/v1/spot-checks", &token, &plan).await.expect_status(201);
    let path = format!("/v1/spot-checks/{}", check["id"].as_str().unwrap());
    let _ = app.post(&format!("{path}/draw"), &token, &json!({})).await.expect_status(200);
    let seen = json!({"visited_on": today, "result": "all as it should be", "in_order": true});
    let result = format!("{path}/result");
    app.post(&result, &app.token(&insider), &seen).await.expect_problem("audited-unit-insider");
    let _ = app.post(&result, &token, &seen).await.expect_status(200);
    app.stop().await;
}

#[tokio::test]
async fn audits_are_opened_by_rhythm_with_their_duties_and_annex_two_is_printed_with_its_labels() {
    let app = app().await;
    let officer = app.person("officer", "office", &[Role::DesignatedOfficer]);
    let agency = district_office(&officer);
    app.feed("account", &agency).await;
    let token = app.token(&officer);
    app.running.run_due().await.unwrap();
    app.advance(chrono::Duration::days(1)).await;
    let token_later = app.token(&officer);
    let audits = app.get("/v1/internal-audits", &token_later).await.expect_status(200);
    let items = audits["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{audits:#}");
    let annex_two = items.iter().find(|a| a["annex"] == 2).unwrap();
    assert!(items.iter().any(|a| a["annex"] == 3));
    let form_path = format!("/v1/internal-audits/{}/form", annex_two["id"].as_str().unwrap());
    let form = app.get(&form_path, &token_later).await.expect_status(200);
    assert_eq!(form["title"], "高雄市鹽埕區公所應用移民資訊內部稽核紀錄表");
    assert_eq!(form["rows"].as_array().unwrap().len(), 4);
    let open = app.get("/v1/obligations?clause=I4.1.1&state=open", &token_later).await.expect_status(200);
    assert_eq!(open["items"].as_array().unwrap().len(), 1);
    assert_eq!(app.get("/v1/internal-audits", &token).await.status, 401, "a token ends after ten minutes");
    app.stop().await;
}

#[test]
fn every_problem_code_is_documented_once_and_every_route_has_its_roles() {
    let service = audit_sampling::service();
    service.document().unwrap();
    let mut codes: Vec<&str> = service.problems.iter().map(|p| p.code).collect();
    let all = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all);
}
