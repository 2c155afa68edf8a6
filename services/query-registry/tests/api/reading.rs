//! Auditors read records and logs; each reading of personal values is an entry itself.

use std::collections::BTreeSet;

use identity::{Principal, PrincipalKind, Role};
use kernel::Clock as _;
use query_log::{Filter, Kind};
use query_registry::domain::rules::THREE_YEARS;
use query_registry_types::applications::QueryRegister;
use query_registry_types::logs::FoundLogEntries;
use query_registry_types::queries::QueryAnswer;
use serde_json::{Value, json};
use testkit::TestPerson;
use testkit::duties::{Hand, cases};
use uuid::Uuid;

use crate::stage::Stage;

#[actix_web::test]
async fn auditors_read_what_is_logged_and_their_reading_is_logged_first() {
    let stage = Stage::set().await;
    let application = stage.endorsed().await;
    let answer: QueryAnswer = stage.query(&stage.ask(application.id, 0)).await.json(200);
    let token = stage.app.token(&stage.auditor);
    let list =
        stage.app.get(&format!("/v1/queries?agency={}", stage.user.agency), &token).await.expect_status(200);
    assert_eq!(list["items"][0]["id"], json!(answer.query));
    let subject = list["items"][0]["subject"].as_str().unwrap();
    let same = stage.app.get(&format!("/v1/queries?subject={subject}"), &token).await.expect_status(200);
    assert_eq!(same["items"].as_array().unwrap().len(), 1);

    let intent = answer.receipt.index - 1;
    let entry = format!("/v1/logs/{THREE_YEARS}/entries/{intent}");
    let header = stage.app.get(&entry, &token).await.expect_status(200);
    assert!(!header.to_string().contains(&stage.persons[0]));
    let purpose = json!({"purpose": "115年第1季稽核"});
    let body = stage.app.post(&format!("{entry}/readings"), &token, &purpose).await.expect_status(200);
    assert_eq!(body["values"]["subject"], json!(stage.persons[0]));
    let filter = Filter { kinds: vec![Kind::Governance], ..Filter::default() };
    let readings = stage.registry().log.find(THREE_YEARS, &filter, None, 10).await.unwrap().entries;
    assert_eq!(readings.len(), 1);
    assert_eq!(readings[0].header.action.as_deref(), Some("reading"));
    assert_eq!(json!(readings[0].header.index), body["reading"]);
    stage.app.get(&entry, &stage.token()).await.expect_problem("forbidden");
    let heads = stage.app.get("/v1/logs", &token).await.expect_status(200);
    assert_eq!(heads["heads"].as_array().unwrap().len(), 3);
    stage.strike().await;
}

#[actix_web::test]
async fn entries_are_found_by_account_agency_case_subject_and_time_and_each_search_is_logged_first() {
    let stage = Stage::set().await;
    let application = stage.endorsed().await;
    let answer: QueryAnswer = stage.query(&stage.ask(application.id, 0)).await.json(200);
    let other: QueryAnswer = stage.query(&stage.ask(application.id, 1)).await.json(200);
    let path = format!("/v1/logs/{THREE_YEARS}/searches");
    let search = async |person: &TestPerson, narrowed: Value| {
        let mut body = json!({"purpose": "115年第1季稽核"});
        body.as_object_mut().unwrap().extend(narrowed.as_object().unwrap().clone());
        stage.app.post(&path, &stage.app.token(person), &body).await
    };
    let both = [answer.receipt.index - 1, answer.receipt.index, other.receipt.index - 1, other.receipt.index];
    let nobody = Uuid::from_u128(7);
    let now = stage.app.clock.now();
    let wanted: [(Value, &[u64]); 10] = [
        (json!({"account": stage.account.id}), &both),
        (json!({"account": nobody}), &[]),
        (json!({"agency": stage.user.agency}), &both),
        (json!({"agency": nobody}), &[]),
        (json!({"case": stage.case}), &both),
        (json!({"case": nobody}), &[]),
        (json!({"subject": stage.persons[0], "account": stage.account.id}), &both[..1]),
        (json!({"agency": stage.user.agency, "from": now + chrono::Duration::seconds(1)}), &[]),
        (
            json!({"agency": stage.user.agency, "until": now + chrono::Duration::seconds(1), "limit": 2}),
            &both[..2],
        ),
        (json!({"agency": stage.user.agency, "after": both[1], "limit": 2}), &both[2..]),
    ];
    for (narrowed, indexes) in wanted {
        let found: FoundLogEntries = search(&stage.auditor, narrowed.clone()).await.json(200);
        assert_eq!(found.items.iter().map(|entry| entry.index).collect::<Vec<_>>(), indexes, "{narrowed}");
        let reading = stage.registry().log.read(THREE_YEARS, found.reading).await.unwrap();
        assert_eq!(reading.header.action.as_deref(), Some("reading"));
        let kept = stage.registry().log.open_body(&reading).await.unwrap().values().unwrap();
        assert_eq!(*kept["official"].expose(), stage.auditor.person.to_string());
        assert_eq!(kept["purpose"].expose(), "115年第1季稽核");
        let subject = kept.get("subject").map(|subject| subject.expose().clone());
        assert_eq!(subject.as_deref(), narrowed["subject"].as_str());
        assert!(!String::from_utf8(reading.header_bytes).unwrap().contains(&stage.persons[0]));
        // What was searched for stands there, as it was sent.
        let search: Value = serde_json::from_str(kept["search"].expose()).unwrap();
        for (key, value) in narrowed.as_object().unwrap().iter().filter(|(key, _)| *key != "subject") {
            if key != "from" && key != "until" {
                assert_eq!(search[key], *value, "{search}");
            }
        }
    }
    // Whoever searched for a person is found by that person, too.
    let found: FoundLogEntries = search(&stage.auditor, json!({"subject": stage.persons[0]})).await.json(200);
    assert_eq!(
        found.items.iter().map(|e| e.header["kind"].clone()).collect::<Vec<_>>(),
        ["intent", "governance"]
    );

    search(&stage.user, json!({})).await.expect_problem("forbidden");
    search(&stage.auditor, json!({"purpose": " "})).await.expect_problem("malformed-request");
    for beyond in [json!({"limit": 201}), json!({"after": 1_u64 << 63})] {
        search(&stage.auditor, beyond).await.expect_problem("malformed-request");
    }
    search(&stage.auditor, json!({"national_id": "x"})).await.expect_problem("malformed-request");
    let unknown = "/v1/logs/two-year/searches";
    let token = stage.app.token(&stage.auditor);
    // A case without an application ends no search before the log is known: the search itself is an entry of it.
    for unknown_log in [json!({"purpose": "稽核"}), json!({"purpose": "稽核", "case": Uuid::nil()})] {
        stage.app.post(unknown, &token, &unknown_log).await.expect_problem("not-found");
    }
    stage.strike().await;
}

#[actix_web::test]
async fn an_offices_auditor_reaches_no_further_than_the_office() {
    let stage = Stage::set().await;
    let application = stage.endorsed().await;
    let answer: QueryAnswer = stage.query(&stage.ask(application.id, 0)).await.json(200);
    let intent = answer.receipt.index - 1;
    let own = stage.app.person("office-auditor", "office", &[Role::Auditor]);
    let other = stage.app.person("other-auditor", "elsewhere", &[Role::Auditor]);
    assert_eq!(own.agency, stage.user.agency);
    let purpose = json!({"purpose": "115年第1季稽核"});
    let search = async |person: &TestPerson, agency: Option<Uuid>| -> Vec<u64> {
        let body = json!({"purpose": "115年第1季稽核", "agency": agency});
        let path = format!("/v1/logs/{THREE_YEARS}/searches");
        let found: FoundLogEntries = stage.app.post(&path, &stage.app.token(person), &body).await.json(200);
        found.items.iter().map(|entry| entry.index).filter(|index| *index <= answer.receipt.index).collect()
    };
    let readings = format!("/v1/logs/{THREE_YEARS}/entries/{intent}/readings");
    let reads =
        async |person: &TestPerson| stage.app.post(&readings, &stage.app.token(person), &purpose).await;
    assert_eq!(search(&own, None).await, [intent, answer.receipt.index]);
    let _ = reads(&own).await.expect_status(200);
    // Not by naming the office either.
    for agency in [None, Some(stage.user.agency.0)] {
        assert_eq!(search(&other, agency).await, [0; 0]);
        assert_eq!(search(&stage.auditor, agency).await, [intent, answer.receipt.index]);
    }
    reads(&other).await.expect_problem("not-found");
    let _ = reads(&stage.auditor).await.expect_status(200);
    // Nor to what the office signed.
    let evidence = format!("/v1/endorsements/{}/evidence", application.digest);
    stage.app.get(&evidence, &stage.app.token(&other)).await.expect_problem("not-found");
    for person in [&own, &stage.auditor] {
        let _ = stage.app.get(&evidence, &stage.app.token(person)).await.expect_status(200);
    }
    stage.strike().await;
}

#[actix_web::test]
async fn in_whatever_role_nobody_searches_the_log_for_his_own_account() {
    let stage = Stage::set().await;
    let body = json!({"purpose": "115年第1季稽核", "account": stage.account.id});
    for role in [Role::Auditor, Role::EthicsOfficer] {
        let search = async |person: &TestPerson| {
            let token = stage.app.token_for(&Principal { roles: [role].into(), ..person.principal() });
            stage.app.post(&format!("/v1/logs/{THREE_YEARS}/searches"), &token, &body).await
        };
        search(&stage.user).await.expect_problem("own-matter");
        let _ = search(&stage.auditor).await.expect_status(200);
    }
    stage.strike().await;
}

#[actix_web::test]
async fn in_whatever_roles_nobody_reads_the_log_of_his_own_queries() {
    let stage = Stage::set().await;
    let application = stage.endorsed().await;
    let answer: QueryAnswer = stage.query(&stage.ask(application.id, 0)).await.json(200);
    let readings = format!("/v1/logs/{THREE_YEARS}/entries/{}/readings", answer.receipt.index - 1);
    let purpose = json!({"purpose": "115年第1季稽核"});
    let reads = async |person: &TestPerson, hand: &Hand| {
        let kind = PrincipalKind::Person { person: person.person, post: hand.post() };
        let (roles, acting_for) = (hand.roles().clone(), hand.acting_for());
        let provides = ["household".to_owned()].into();
        let principal = Principal { kind, roles, acting_for, provides, ..person.principal() };
        stage.app.post(&readings, &stage.app.token_for(&principal), &purpose).await
    };
    let mut readers = BTreeSet::new();
    for case in cases("query-registry").iter().filter(|c| c.second == "query-registry.read_log_entry") {
        reads(&stage.user, &case.same_hand()).await.expect_problem(case.rule.problem);
        if readers.insert(case.second_role) {
            let _ = reads(&stage.auditor, &case.other_hand()).await.expect_status(200);
        }
    }
    assert!(readers.len() > 1, "only {readers:?} read the log");
    stage.strike().await;
}

#[actix_web::test]
async fn a_providers_auditor_reads_queries_of_its_own_data_alone() {
    let stage = Stage::set().await;
    let application = stage.endorsed().await;
    let answer: QueryAnswer = stage.query(&stage.ask(application.id, 0)).await.json(200);
    let of = |provides: &str| {
        let (roles, provides) = ([Role::ExternalAuditor].into(), [provides.to_owned()].into());
        stage.app.token_for(&Principal { roles, provides, ..stage.auditor.principal() })
    };
    let (household, tax) = (of("household"), of("tax"));
    let unit = stage.user.unit;
    for path in [
        format!("/v1/queries/{}", answer.query),
        format!("/v1/queries/{}/outputs", answer.query),
        format!("/v1/query-applications/{}", application.id),
        format!("/v1/query-register?unit={unit}&from=2026-03-01&to=2026-03-31"),
        format!("/v1/endorsements/{}/evidence", application.digest),
    ] {
        let _ = stage.app.get(&path, &household).await.expect_status(200);
        stage.app.get(&path, &tax).await.expect_problem("not-found");
    }
    for path in ["/v1/queries", "/v1/query-applications"] {
        let count = async |token: &str| {
            let page: Value = stage.app.get(path, token).await.json(200);
            page["items"].as_array().unwrap().len()
        };
        assert_eq!((count(&household).await, count(&tax).await), (1, 0), "{path}");
    }
    let log = format!("/v1/logs/{THREE_YEARS}/entries/{}/readings", answer.receipt.index - 1);
    let purpose = json!({"purpose": "資料提供機關稽核"});
    stage.app.post(&log, &tax, &purpose).await.expect_problem("not-found");
    let _ = stage.app.post(&log, &household, &purpose).await.expect_status(200);
    stage.strike().await;
}

#[actix_web::test]
async fn the_register_prints_annex_two_with_a_digest() {
    let stage = Stage::set().await;
    let application = stage.endorsed().await;
    let path = format!("/v1/query-register?unit={}&from=2026-03-01&to=2026-03-31", stage.user.unit);
    let mut register: QueryRegister =
        stage.app.get(&path, &stage.app.token(&stage.supervisor)).await.json(200);
    assert_eq!(register.title, "高雄市政府社會局應用戶役政查詢申請紀錄表");
    assert_eq!((register.unit_name.as_str(), register.rows.len()), ("社會課", 1));
    let row = &register.rows[0];
    assert_eq!((row.application, row.date_roc.as_str()), (application.id, "民國115年3月2日"));
    assert_eq!(row.persons.len(), 3);
    assert_eq!(row.supervisor, Some(stage.supervisor.person));
    let digest = std::mem::take(&mut register.digest);
    assert_eq!(kernel::canonical::sha256_hex(&kernel::canonical::bytes(&register).unwrap()), digest);
    stage.strike().await;
}
