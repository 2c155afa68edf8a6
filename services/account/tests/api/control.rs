//! What recurs and what others tell: personnel changes, inventories, links, trainings, findings, the first start.

use account_types::events::{AccountChanged, AccountStatus, DestructionCarriedOut, InventoryClosed};
use account_types::{Outcome, ResultKind};
use audit_sampling_types::events::{FindingClosed, FindingRaised};
use chrono::Duration;
use kernel::ids::{FindingId, OrderId};
use retention_types::events::DestructionApproved;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{World, account_id, link_id};

const HEAD: &str = "通報日期,生效日期,員工代號,姓名,異動類別,異動代碼,原機關,新機關\r\n";

async fn status(world: &World, account: &str) -> Value {
    let path = format!("/v1/accounts/{}", account_id(account));
    world.get("it", &path).await.expect_status(200)["status"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_personnel_file_is_taken_whole_or_not_and_never_twice() {
    let world = World::start().await;
    let import =
        async |csv: String| world.post("it", "/v1/personnel-changes/imports", &json!({"csv": csv})).await;
    let good = "2026-03-02,2026-03-02,ks-user,x,離職,resignation,,\r\n";
    let bad = format!("{HEAD}{good}2026-03-02,2026-03-02,ks-nobody,x,離職,resignation,,\r\n");
    let problem = import(bad).await.expect_problem("import-refused");
    assert_eq!(problem["errors"][0]["pointer"], "/csv line 3");
    assert_eq!(world.get("it", "/v1/personnel-changes").await.expect_status(200)["items"], json!([]));
    assert_eq!(
        import(format!("{HEAD}{good}")).await.expect_status(200),
        json!({"rows": 1, "new": 1, "known": 0})
    );
    assert_eq!(
        import(format!("{HEAD}{good}")).await.expect_status(200),
        json!({"rows": 1, "new": 0, "known": 1})
    );
    // Seven days (pack): Monday 2 March to Monday 9 March; the night after it is stopped ex officio.
    world.app.advance(Duration::days(7)).await;
    assert_eq!(status(&world, "household/user").await, "active");
    world.app.advance(Duration::days(1)).await;
    assert_eq!(status(&world, "household/user").await, "stopped");
    assert_eq!(status(&world, "household/colleague").await, "active");
    let settled = world.get("it", "/v1/personnel-changes?status=settled").await.expect_status(200);
    assert_eq!(settled["items"].as_array().unwrap().len(), 1);
    let open = world.get("it", "/v1/obligations?clause=H5.2.2&state=open").await.expect_status(200);
    assert_eq!(open["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_applies_himself_is_not_stopped_ex_officio() {
    let world = World::start().await;
    let csv = format!("{HEAD}2026-03-02,2026-03-03,ks-user,x,業務調整,duty_change,,\r\n");
    let _ = world.post("it", "/v1/personnel-changes/imports", &json!({"csv": csv})).await.expect_status(200);
    let account = account_id("household/user");
    world.file("user", world.form("user", "household", "cancel", Some(account)), 'a').await;
    world.app.advance(Duration::days(12)).await;
    assert_eq!(status(&world, "household/user").await, "active");
    assert_eq!(status(&world, "immigration/user").await, "stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inventory_opens_with_evidence_and_its_decisions_are_carried_out() {
    let world = World::start().await;
    world.app.advance(Duration::days(30)).await;
    let open = world.get("it", "/v1/inventories?status=open&regulation=household").await.expect_status(200);
    let inventory = &open["items"][0];
    assert_eq!(
        (&inventory["period_end"], &inventory["lines"]),
        (&json!("2026-03-31"), &json!(2)),
        "{open:#}"
    );
    let id = inventory["id"].as_str().unwrap();
    let lines = world.get("it", &format!("/v1/inventory-lines?inventory={id}")).await.expect_status(200);
    let lines = lines["items"].as_array().unwrap().clone();
    assert!(lines.iter().all(|l| l["evidence"]["idle"] == true), "{lines:#?}");
    let closing = format!("/v1/inventories/{id}/closing");
    world.post("it-two", &closing, &json!({})).await.expect_problem("inventory-undecided");
    for (line, effect) in lines.iter().zip(["stop", "keep"]) {
        let path = format!("/v1/inventory-lines/{}/decision", line["id"].as_str().unwrap());
        world.post("it", &path, &json!({"effect": effect, "reason": "x"})).await.expect_problem("own-matter");
        if effect == "keep" {
            let silent = json!({"effect": effect, "reason": ""});
            world.post("it-two", &path, &silent).await.expect_problem("stage-incomplete");
        }
        let _ = world
            .post("it-two", &path, &json!({"effect": effect, "reason": "已查核"}))
            .await
            .expect_status(200);
    }
    let closed = world.post("it-two", &closing, &json!({})).await.expect_status(200);
    assert_eq!((&closing_of(&closed)["changed"], &closing_of(&closed)["undecided"]), (&json!(1), &json!(0)));
    let event = world.app.published::<InventoryClosed>().await.pop().unwrap();
    assert_eq!((event.reviewed, event.changed, event.undecided), (2, 1, 0));
    let stopped = world.get("it", "/v1/accounts?status=stopped").await.expect_status(200);
    assert_eq!(stopped["items"].as_array().unwrap().len(), 1);
    let duties = world.get("it", "/v1/obligations?clause=H5.1.3&state=done").await.expect_status(200);
    assert!(duties["items"].as_array().unwrap().len() >= 2, "{duties:#}");
}

fn closing_of(inventory: &Value) -> &Value {
    &inventory["closing"]
}

#[tokio::test(flavor = "multi_thread")]
async fn undecided_lines_are_escalated_after_the_deadline() {
    let world = World::start().await;
    world.app.advance(Duration::days(60)).await;
    let open = world.get("it", "/v1/inventories?status=open&regulation=household").await.expect_status(200);
    assert!(open["items"][0]["escalated_on"].is_string(), "{open:#}");
    let late = world.get("it", "/v1/obligations?clause=H5.1.3&late=true").await.expect_status(200);
    assert_eq!(late["items"][0]["escalated_to"], "auditor");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_not_needed_is_followed_to_its_end() {
    let world = World::start().await;
    let link = format!("/v1/data-links/{}", link_id());
    let manager = json!({"manager": world.people["it-two"].person, "manager_post": world.people["it-two"].post, "from": "2026-03-02"});
    let changed = world.post("it", &format!("{link}/managers"), &manager).await.expect_status(200);
    let letter = changed["letters"][0]["id"].clone();
    let owed = world.get("it", "/v1/obligations?clause=H5.1.4&state=open").await.expect_status(200);
    assert_eq!(owed["items"][0]["due_on"], "2026-03-12", "{owed:#}");
    let sent = json!({"letter": letter, "on": "2026-03-02", "number": "高市社字第3號"});
    let _ = world.post("it", &format!("{link}/letters"), &sent).await.expect_status(200);
    let answer = json!({"letter": letter, "on": "2026-03-02"});
    let _ = world.post("it", &format!("{link}/letter-confirmations"), &answer).await.expect_status(200);
    let open = world.get("it", "/v1/obligations?clause=H5.1.4&state=open").await.expect_status(200);
    assert_eq!(open["items"], json!([]));
    let review = json!({"needed": false, "finding": "全年未使用"});
    let ending = world.post("it", &format!("{link}/reviews"), &review).await.expect_status(200);
    let letter = ending["letters"][1]["id"].clone();
    let sent = json!({"letter": letter, "on": "2026-03-02", "number": "高市社字第4號"});
    let _ = world.post("it", &format!("{link}/letters"), &sent).await.expect_status(200);
    let answer = json!({"letter": letter, "on": "2026-03-02"});
    let ended = world.post("it", &format!("{link}/letter-confirmations"), &answer).await.expect_status(200);
    assert_eq!(ended["status"], "ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn training_and_attestations_close_the_duties_of_their_period() {
    let world = World::start().await;
    world.app.advance(Duration::days(122)).await; // 2 July: second half-year and third quarter have begun.
    let training = json!({"title": "資安教育訓練", "held_on": "2026-07-02", "hours": 3, "participants": [world.people["user"].person]});
    let _ = world.post("it", "/v1/trainings", &training).await.expect_status(201);
    let done = world.get("it", "/v1/obligations?clause=H5.1.5").await.expect_status(200);
    assert_eq!(done["items"][0]["state"], "done", "{done:#}");
    let open = world.get("it", "/v1/obligations?clause=H5.2.3&state=open").await.expect_status(200);
    let before = open["items"].as_array().unwrap().len();
    assert!(before > 0, "{open:#}");
    let attest =
        json!({"account": account_id("household/user"), "kind": "pin_changed", "done_on": "2026-07-02"});
    world.post("colleague", "/v1/attestations", &attest).await.expect_problem("not-the-actor");
    let _ = world.post("user", "/v1/attestations", &attest).await.expect_status(201);
    let open = world.get("it", "/v1/obligations?clause=H5.2.3&state=open").await.expect_status(200);
    assert!(open["items"].as_array().unwrap().len() < before);
    let host =
        json!({"host": "db-1", "duty": "修補程式更新", "done_on": "2026-07-02", "evidence": "維護紀錄第5號"});
    let _ = world.post("it", "/v1/host-security-records", &host).await.expect_status(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_order_ends_the_records_of_its_month_alone() {
    let world = World::start().await;
    let it = world.file("user", world.form("user", "household", "add", None), 'a').await;
    let outcome = Outcome { result: ResultKind::Refused, effective_on: None, note: Some("不符".into()) };
    let signed = world.stage("supervisor", &it, "unit-supervisor", Some(outcome));
    let body = json!({"stage": "unit-supervisor", "reason": "不符", "endorsement": signed.endorsement});
    let path = format!("/v1/permission-applications/{}", it["id"].as_str().unwrap());
    let _ = world.post("supervisor", &format!("{path}/refusal"), &body).await.expect_status(200);
    let order = |n: u128, month: &str| DestructionApproved {
        order: OrderId(Uuid::from_u128(n)),
        service: "account".into(),
        record_kind: "permission_application".into(),
        regulation: "household".into(),
        month: month.parse().unwrap(),
        log: None,
        approved_by: vec![],
        digest: String::new(),
    };
    world.app.feed("retention", &order(1, "2026-02-01")).await;
    let _ = world.get("user", &path).await.expect_status(200);
    world.app.feed("retention", &order(2, "2026-03-01")).await;
    world.get("user", &path).await.expect_problem("not-found");
    let counts: Vec<i64> =
        world.app.published::<DestructionCarriedOut>().await.iter().map(|d| d.count).collect();
    assert_eq!(counts, [0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_suspends_at_once_and_only_its_end_resumes() {
    let world = World::start().await;
    let finding = FindingId(Uuid::from_u128(5));
    let account = account_id("household/user");
    let raised = FindingRaised {
        finding,
        kind: "misuse".into(),
        agency: world.people["user"].agency,
        account: Some(account),
        person: None,
        suspend: true,
        clause: "H9".into(),
    };
    world.app.feed("audit-sampling", &raised).await;
    assert_eq!(status(&world, "household/user").await, "suspended");
    let words = json!({"reason": "x", "clause": "H9"});
    world
        .post("it", &format!("/v1/accounts/{account}/resumption"), &words)
        .await
        .expect_problem("not-suspended");
    let closed =
        FindingClosed { finding, account: Some(account), outcome: "no-violation".into(), resume: true };
    world.app.feed("audit-sampling", &closed).await;
    assert_eq!(status(&world, "household/user").await, "active");
    let last = world.app.published::<AccountChanged>().await.pop().unwrap();
    assert_eq!((last.account.status, last.cause.as_str()), (AccountStatus::Active, "resumed"));
}
