//! Daily and weekly control, imports, reconciliation, destruction.

use account_types::events::{AccountSnapshot, AgencyChanged};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Duration;
use identity::{Endorsement, Role};
use kernel::Clock as _;
use kernel::ids::{AccountId, OrderId};
use query_log::{Filter, GOVERNANCE};
use query_registry::domain::rules::{FIVE_YEARS, THREE_YEARS};
use query_registry::schedules::{daily_control, holdings, reconciliation, weekly_control};
use query_registry_types::control::{ControlItem, ControlReport, Reconciliation};
use query_registry_types::events::{
    ControlItemRaised, ControlItemSettled, Decision, DestructionCarriedOut, HoldingCounted, QueryRecorded,
    ReportClosed,
};
use query_registry_types::import::Import;
use query_registry_types::queries::QueryAnswer;
use retention_types::events::DestructionApproved;
use serde_json::{Value, json};
use testkit::TestPerson;
use uuid::Uuid;

use crate::stage::{Stage, person_event};

async fn page<T: serde::de::DeserializeOwned>(stage: &Stage, path: &str, who: &TestPerson) -> Vec<T> {
    let body = stage.app.get(path, &stage.app.token(who)).await.expect_status(200);
    serde_json::from_value(body["items"].clone()).unwrap()
}

async fn bureau(stage: &Stage) -> TestPerson {
    let handler = stage.app.person("handler", "bureau", &[Role::BusinessHandler, Role::BusinessSupervisor]);
    let agency = AgencyChanged {
        agency: handler.agency,
        name: "社會局".into(),
        kind: "bureau".into(),
        units: vec![],
        networks: vec![],
        revision: 1,
    };
    stage.app.feed("account", &agency).await;
    stage.app.feed("account", &person_event(&handler, 1)).await;
    handler
}

async fn endorse(
    stage: &Stage,
    kind: &str,
    report: &ControlReport,
    by: &TestPerson,
) -> testkit::TestResponse {
    let endorsement = Endorsement::sign(&by.card, &report.content, stage.app.clock.now()).unwrap();
    let path = format!("/v1/{kind}-reports/{}/endorsement", report.id);
    stage.app.post(&path, &stage.app.token(by), &json!({"endorsement": endorsement})).await
}

#[actix_web::test]
async fn a_day_is_matched_line_by_line_and_endorsed_by_somebody_else() {
    let stage = Stage::set().await;
    stage.app.advance(Duration::zero()).await;
    let application = stage.endorsed().await;
    let first: QueryAnswer = stage.query(&stage.ask(application.id, 0)).await.json(200);
    let _: QueryAnswer = stage.query(&stage.ask(application.id, 1)).await.json(200);
    let mut again = stage.ask(application.id, 0);
    again["delivery_of"] = json!(first.query);
    let second: QueryAnswer = stage.query(&again).await.json(200);
    // Somebody with the database's password makes one record look as if no application had covered it.
    stage
        .sql(&format!(
            "UPDATE query_records SET application_id = NULL, delivery = 9 WHERE id = '{}'",
            first.query
        ))
        .await;
    stage.app.advance(Duration::days(1)).await;
    let reports: Vec<ControlReport> = page(&stage, "/v1/daily-reports", &stage.supervisor).await;
    let report = &reports[0];
    assert_eq!((report.content.lines, report.content.unmatched), (3, 1));
    assert_eq!(report.content.findings["no-application"], 1);
    assert_eq!(report.content.findings["second-delivery"], 1);
    assert_eq!(report.content.day, "2026-03-02".parse().unwrap());
    assert_eq!(report.due_on, "2026-03-03".parse().unwrap());
    let lines: Vec<Value> =
        page(&stage, &format!("/v1/daily-reports/{}/lines", report.id), &stage.supervisor).await;
    assert_eq!(lines.len(), 3);
    let faulty: Vec<&Value> = lines.iter().filter(|l| l["fault"] == "no-application").collect();
    assert_eq!(faulty[0]["query"], json!(first.query));
    let raised = stage.app.published::<ControlItemRaised>().await;
    assert_eq!(
        raised.iter().filter(|i| i.queries == [second.query]).map(|i| i.kind.as_str()).collect::<Vec<_>>(),
        ["second-delivery"]
    );

    let mut own = stage.user.clone();
    own.roles.insert(Role::ResponsibleSupervisor);
    endorse(&stage, "daily", report, &own).await.expect_problem("own-matter");
    let mut altered = report.clone();
    altered.content.unmatched = 0;
    endorse(&stage, "daily", &altered, &stage.supervisor).await.expect_problem("endorsement-invalid");
    let sealed: ControlReport = endorse(&stage, "daily", report, &stage.supervisor).await.json(200);
    assert!(!sealed.seal.unwrap().late);
    endorse(&stage, "daily", report, &stage.supervisor).await.expect_problem("already-settled");
    let closed = stage.app.published::<ReportClosed>().await;
    assert_eq!((closed[0].state.as_str(), closed[0].late), ("endorsed", false));

    // Built again, nothing is doubled.
    daily_control::build(stage.app.context(), "2026-03-02".parse().unwrap()).await.unwrap();
    assert_eq!(stage.app.published::<ControlItemRaised>().await.len(), raised.len());

    let item = raised.iter().find(|i| i.kind == "unmatched-line").unwrap();
    let path = format!("/v1/control-items/{}/explanation", item.item);
    let words = json!({"words": "紀錄遭竄改，已通報"});
    stage.app.post(&path, &stage.app.token(&own), &words).await.expect_problem("own-matter");
    let settled: ControlItem =
        stage.app.post(&path, &stage.app.token(&stage.supervisor), &words).await.json(200);
    assert_eq!(settled.state, "explained");
    assert_eq!(stage.app.published::<ControlItemSettled>().await[0].outcome, "explained");
    let shown: ControlItem = stage
        .app
        .get(&format!("/v1/control-items/{}", item.item), &stage.app.token(&stage.supervisor))
        .await
        .json(200);
    assert_eq!(shown.words.unwrap().expose(), "紀錄遭竄改，已通報");
    stage.strike().await;
}

#[actix_web::test]
async fn an_unendorsed_report_is_overdue_then_late() {
    let stage = Stage::set().await;
    stage.app.advance(Duration::zero()).await;
    let application = stage.endorsed().await;
    let _: QueryAnswer = stage.query(&stage.ask(application.id, 0)).await.json(200);
    stage.app.advance(Duration::days(1)).await;
    stage.app.advance(Duration::days(1)).await;
    let reports: Vec<ControlReport> = page(&stage, "/v1/daily-reports", &stage.supervisor).await;
    assert_eq!(reports[0].overdue_since, Some("2026-03-04".parse().unwrap()));
    let _: ControlReport = endorse(&stage, "daily", &reports[0], &stage.supervisor).await.json(200);
    let closed = stage.app.published::<ReportClosed>().await;
    let states: Vec<(&str, bool)> = closed.iter().map(|c| (c.state.as_str(), c.late)).collect();
    assert_eq!(states, [("overdue", true), ("endorsed", true)]);
    stage.strike().await;
}

#[actix_web::test]
async fn a_platform_line_without_record_went_past_the_gate() {
    let stage = Stage::set().await;
    stage.app.advance(Duration::zero()).await;
    let application = stage.endorsed().await;
    let _: QueryAnswer = stage.query(&stage.ask(application.id, 0)).await.json(200);
    let line = |person: usize| {
        format!("2026-03-02 09:00:00,S-0001,王,115-1,{},household,審查\r\n", stage.persons[person])
    };
    let header = "查詢時間,作業帳號,使用者,案件編號,查詢條件,資料來源,查調事由\r\n";
    let send = |text: String| json!({"format": "csv", "content": STANDARD.encode(text)});
    let token = stage.app.token(&stage.supervisor);
    let broken = stage
        .app
        .post("/v1/platform-reports", &token, &send(format!("{header}{}x,,,,,,\r\n", line(0))))
        .await
        .expect_problem("import-refused");
    assert_eq!(broken["lines"][0]["line"], 3);
    let body = send(format!("{header}{}{}", line(0), line(2)));
    let import: Import = stage.app.post("/v1/platform-reports", &token, &body).await.json(201);
    let same: Import = stage.app.post("/v1/platform-reports", &token, &body).await.json(200);
    assert_eq!(import.id, same.id);
    stage.app.advance(Duration::days(1)).await;
    let reports: Vec<ControlReport> = page(&stage, "/v1/daily-reports", &stage.supervisor).await;
    assert_eq!((reports[0].content.platform_lines, reports[0].content.unmatched), (2, 1));
    let raised = stage.app.published::<ControlItemRaised>().await;
    assert_eq!(raised.iter().map(|i| i.kind.as_str()).collect::<Vec<_>>(), ["past-the-gate"]);
    assert_eq!(raised[0].account, Some(stage.account.id));
    // A file that comes late is matched at once.
    let late = send(format!("{header}{}", line(1)));
    let token = stage.app.token(&stage.supervisor);
    let _: Import = stage.app.post("/v1/platform-reports", &token, &late).await.json(201);
    assert_eq!(stage.app.published::<ControlItemRaised>().await.len(), 2);
    stage.strike().await;
}

#[actix_web::test]
async fn household_queries_without_a_tax_query_are_listed_by_week_and_case() {
    let stage = Stage::set().await;
    let handler = bureau(&stage).await;
    let application = stage.endorsed().await;
    let answer: QueryAnswer = stage.query(&stage.ask(application.id, 0)).await.json(200);
    let week = "2026-03-09".parse().unwrap();
    weekly_control::build(stage.app.context(), week).await.unwrap();
    weekly_control::build(stage.app.context(), week).await.unwrap();
    let raised = stage.app.published::<ControlItemRaised>().await;
    assert_eq!(raised.len(), 1);
    assert_eq!((raised[0].kind.as_str(), &raised[0].queries), ("missing-tax-query", &vec![answer.query]));
    let reports: Vec<ControlReport> = page(&stage, "/v1/weekly-reports", &handler).await;
    assert_eq!((reports[0].content.lines, reports[0].content.unmatched), (1, 1));
    let _: ControlReport = endorse(&stage, "weekly", &reports[0], &handler).await.json(200);
    stage.strike().await;
}

#[actix_web::test]
async fn the_provider_counts_what_the_register_does_not_know() {
    let stage = Stage::set().await;
    let handler = bureau(&stage).await;
    let application = stage.endorsed().await;
    let answer: QueryAnswer = stage.query(&stage.ask(application.id, 0)).await.json(200);
    let other: QueryAnswer = stage.query(&stage.ask(application.id, 1)).await.json(200);
    // The simulator keeps its book by the machine's month; the register's times are moved there.
    let now = kernel::SystemClock.now();
    stage.sql(&format!("UPDATE query_records SET at = '{}'", now.to_rfc3339())).await;
    stage.sql(&format!("UPDATE query_records SET regulation = 'tax' WHERE id = '{}'", other.query)).await;
    let next = kernel::days::add_months(kernel::days::first_of_month(kernel::days::taipei_date(now)), 1);
    reconciliation::run(stage.app.context(), kernel::days::at(next, 4, 0)).await.unwrap();
    stage.app.running.run_due().await.unwrap();
    let done: Vec<Reconciliation> = page(&stage, "/v1/reconciliations", &handler).await;
    let of = |name: &str| done.iter().find(|r| r.regulation == name).unwrap();
    assert_eq!((of("household").past_the_gate, of("household").missing_at_provider), (1, 0));
    assert_eq!((of("tax").past_the_gate, of("tax").missing_at_provider), (0, 1));
    let raised = stage.app.published::<ControlItemRaised>().await;
    let kinds: Vec<&str> = raised.iter().map(|i| i.kind.as_str()).collect();
    assert!(kinds.contains(&"past-the-gate") && kinds.contains(&"missing-at-provider"), "{kinds:?}");
    assert!(raised.iter().all(|i| i.queries != [answer.query]));
    stage.strike().await;
}

#[actix_web::test]
async fn a_broken_import_file_is_refused_line_by_line_and_nothing_of_it_is_taken() {
    let stage = Stage::set().await;
    let officer = stage.app.person("officer", "office", &[Role::DesignatedOfficer]);
    stage.app.feed("account", &person_event(&officer, 1)).await;
    let text = "查詢時間,使用機關,帳號,使用者姓名,子項,子項名稱,查詢條件,使用目的,查詢欄位\r\n\
        2026-02-25 10:00:00,範例區公所,u1,王小明,1,,A000000001,審查,name\r\n\
        someday,範例區公所,u1,王小明,1,,A000000001,審查,name\r\n\
        2026-02-25 10:10:00,範例區公所,u9,李大同,no-item,,A000000002,審查,name\r\n";
    let body = json!({"format": "csv", "content": STANDARD.encode(text)});
    let token = stage.app.token(&officer);
    let problem =
        stage.app.post("/v1/immigration-logs", &token, &body).await.expect_problem("import-refused");
    let lines: Vec<i64> =
        problem["lines"].as_array().unwrap().iter().map(|l| l["line"].as_i64().unwrap()).collect();
    assert_eq!(lines, [3, 4], "{problem:#}");
    assert!(!problem.to_string().contains("A000000001"), "a value is told: {problem:#}");
    let imports = stage.app.get("/v1/imports", &token).await.expect_status(200);
    assert_eq!(imports["items"], json!([]), "nothing half-imported");
    let entries = stage.registry().log.find(FIVE_YEARS, &Filter::default(), None, 100).await.unwrap().entries;
    assert!(entries.is_empty());
    stage.strike().await;
}

#[actix_web::test]
async fn an_immigration_log_is_taken_once_logged_and_compared() {
    let stage = Stage::set().await;
    let officer = stage.app.person("officer", "office", &[Role::DesignatedOfficer]);
    stage.app.feed("account", &person_event(&officer, 1)).await;
    let account = AccountSnapshot {
        id: AccountId(Uuid::from_u128(77)),
        number: "u1".into(),
        regulation: "immigration".into(),
        permission_items: ["entry-exit".to_owned()].into(),
        ..stage.account.clone()
    };
    stage.feed_account(&account).await;
    let text = "查詢時間,使用機關,帳號,使用者姓名,子項,子項名稱,查詢條件,使用目的,查詢欄位\r\n\
        2026-02-25 10:00:00,範例區公所,u1,王小明,1,,A000000001,審查,name;entries\r\n\
        2026-02-25 10:05:00,範例區公所,u1,王小明,7,,A000000001,審查,name\r\n\
        2026-02-25 10:10:00,範例區公所,u9,李大同,1,,A000000002,審查,name\r\n";
    let body = json!({"format": "csv", "content": STANDARD.encode(text)});
    let token = stage.app.token(&officer);
    let import: Import = stage.app.post("/v1/immigration-logs", &token, &body).await.json(201);
    assert_eq!((import.lines, import.known, import.items, import.state.as_str()), (3, 0, 2, "recording"));
    stage.app.running.run_due().await.unwrap();
    let again: Import = stage.app.post("/v1/immigration-logs", &token, &body).await.json(200);
    assert_eq!((again.id, again.state.as_str()), (import.id, "done"));
    let longer = format!("{text}2026-02-26 10:00:00,範例區公所,u1,王小明,1,,A000000003,審查,name\r\n");
    let body = json!({"format": "csv", "content": STANDARD.encode(longer)});
    let more: Import = stage.app.post("/v1/immigration-logs", &token, &body).await.json(201);
    assert_eq!((more.lines, more.known), (4, 3));
    stage.app.running.run_due().await.unwrap();

    let events = stage.app.published::<QueryRecorded>().await;
    assert_eq!(events.iter().filter(|e| e.decision == Decision::Imported).count(), 4);
    let log = &stage.registry().log;
    let entries = log.find(FIVE_YEARS, &Filter::default(), None, 100).await.unwrap().entries;
    let imported: Vec<_> = entries.iter().filter(|e| e.header.kind == query_log::Kind::Import).collect();
    assert_eq!(imported.len(), 4);
    // Lines go into the log side by side.
    let mut subjects = vec![];
    for entry in &imported {
        let values = log.open_body(entry).await.unwrap().values().unwrap();
        subjects.push(values["subject"].expose().to_owned());
    }
    subjects.sort_unstable();
    assert_eq!(subjects, ["A000000001", "A000000001", "A000000002", "A000000003"]);
    let raised = stage.app.published::<ControlItemRaised>().await;
    let mut faults: Vec<&str> = raised.iter().map(|i| i.detail["fault"].as_str()).collect();
    faults.sort_unstable();
    assert_eq!(faults, ["item-not-approved", "no-account"]);
    stage.strike().await;
}

#[actix_web::test]
async fn an_approved_month_of_log_and_register_ends_and_is_told_once() {
    let stage = Stage::set().await;
    let application = stage.endorsed().await;
    let _: QueryAnswer = stage.query(&stage.ask(application.id, 0)).await.json(200);
    let copy = stage.sealed_content().await;
    stage.sql("DO $$ BEGIN ASSERT (SELECT count(*) FROM endorsements) = 2; END $$").await;
    stage.app.clock.advance(Duration::days(40));
    query_registry::history::load(stage.app.context(), THREE_YEARS, 1).await.unwrap();
    holdings::run(stage.app.context(), stage.app.clock.now()).await.unwrap();
    let held = stage.app.published::<HoldingCounted>().await;
    let kinds: Vec<(&str, i64)> = held.iter().map(|h| (h.record_kind.as_str(), h.count)).collect();
    assert!(kinds.contains(&("query-register", 2)), "{kinds:?}");
    let log = held.iter().find(|h| h.record_kind == "query-log").unwrap();
    for (number, kind) in [(1, "query-log"), (2, "query-register")] {
        let order = DestructionApproved {
            order: OrderId(Uuid::from_u128(number)),
            service: "query-registry".into(),
            record_kind: kind.into(),
            regulation: "household".into(),
            month: "2026-03-01".parse().unwrap(),
            log: (kind == "query-log").then(|| THREE_YEARS.to_owned()),
            approved_by: vec![],
            digest: "ab".repeat(32),
        };
        stage.app.feed("retention", &order).await;
    }
    stage.app.running.run_due().await.unwrap();
    stage.app.running.run_due().await.unwrap();
    let done = stage.app.published::<DestructionCarriedOut>().await;
    assert_eq!(done.len(), 2);
    let dropped = done.iter().find(|d| d.method.starts_with("partitions")).unwrap();
    assert_eq!(dropped.count, log.count);
    let entries = stage.registry().log.find(GOVERNANCE, &Filter::default(), None, 100).await.unwrap().entries;
    let actions: Vec<&str> = entries.iter().filter_map(|e| e.header.action.as_deref()).collect();
    for action in ["destruction-order", "destruction", "rows-destroyed"] {
        assert_eq!(actions.iter().filter(|a| **a == action).count(), 1, "{actions:?}");
    }
    assert!(stage.registry().log.read(THREE_YEARS, 1).await.is_err());
    for table in ["query_records", "query_applications", "endorsement_batches", "endorsements"] {
        stage.sql(&format!("DO $$ BEGIN ASSERT (SELECT count(*) FROM {table}) = 0, '{table}'; END $$")).await;
    }
    assert!(
        stage.registry().values.open(&copy).await.is_err(),
        "its key went, and with it every copy of the row"
    );
    stage.strike().await;
}
