//! The gate: one answer, every refusal recorded, nothing without the log.

use account_types::events::AccountStatus;
use futures::future::join_all;
use kernel::configuration::{ConfigurationItem, ConfigurationKind};
use provider_simulator::Behaviour;
use query_log::{Filter, Kind};
use query_registry::domain::rules::THREE_YEARS;
use query_registry_types::applications::QueryApplicationView;
use query_registry_types::events::{Decision, QueryRecorded};
use query_registry_types::queries::{QueryAnswer, QueryRecord};
use sample_city::Provider;
use serde_json::{Value, json};

use crate::stage::{Stage, city};

#[actix_web::test]
async fn an_endorsed_application_is_answered_once_with_approved_fields_alone() {
    let stage = Stage::set().await;
    let application = stage.applied().await;
    let body = stage.ask(application.id, 0);
    stage.query(&body).await.expect_problem("application-not-endorsed");
    assert_eq!(stage.served(), 0, "the provider is not asked without endorsement");
    let _ = stage.endorse_as(&stage.supervisor, &[&application]).await.expect_status(200);

    let response = stage.query(&body).await;
    assert_eq!(response.headers["cache-control"], "no-store");
    let answer: QueryAnswer = response.json(200);
    let content = answer.content.unwrap();
    assert_eq!(content["name"], json!(city().citizens[10].name));
    assert!(!content.contains_key("education") && !content.contains_key("household_number"));
    assert_eq!(answer.watermark.register_number, application.register_number);
    assert_eq!(answer.watermark.account_number, "S-0001");
    assert_eq!(answer.time_on_screen_seconds, 300);
    let salt: [u8; 32] = hex::decode(&answer.digest_salt).unwrap().try_into().unwrap();
    assert_eq!(
        identity::salted_digest(&content, &salt).unwrap(),
        answer.digest,
        "the digest commits to the content"
    );

    let again = stage.query(&body).await;
    assert_eq!(again.status, 409);
    let again = again.expect_problem("query-already-answered");
    assert_eq!((&again["digest"], &again["state"]), (&json!(answer.digest), &json!("answered")));
    assert_eq!(again["status"], json!(409), "the member of RFC 9457");
    assert!(again.get("content").is_none());
    assert_eq!(stage.served(), 1);

    let mut redelivery = body.clone();
    redelivery["delivery_of"] = json!(answer.query);
    let second: QueryAnswer = stage.query(&redelivery).await.json(200);
    assert_eq!(second.delivery, 2);
    stage.query(&redelivery).await.expect_problem("deliveries-used-up");

    let events = stage.app.published::<QueryRecorded>().await;
    let decisions: Vec<Decision> = events.iter().map(|e| e.decision).collect();
    let [yes, no] = [Decision::Answered, Decision::Refused];
    assert_eq!(decisions, [no, yes, no, yes, no]);
    assert_eq!(events[3].marks["second-delivery"], 2);
    stage.strike().await;
}

#[actix_web::test]
async fn the_log_has_intent_and_outcome_before_the_answer_and_no_table_has_the_content() {
    let stage = Stage::set().await;
    let application = stage.endorsed().await;
    let answer: QueryAnswer = stage.query(&stage.ask(application.id, 1)).await.json(200);
    let log = stage.registry().log.clone();
    let filter = Filter { query: Some(answer.query), ..Filter::default() };
    let entries = log.find(THREE_YEARS, &filter, None, 10).await.unwrap().entries;
    let kinds: Vec<Kind> = entries.iter().map(|e| e.header.kind).collect();
    assert_eq!(kinds, [Kind::Intent, Kind::Outcome]);
    assert_eq!(entries[1].header.closes, Some(entries[0].header.index));
    assert_eq!(entries[1].header.index, answer.receipt.index);
    assert_eq!(entries[1].header.digests["answer"].to_string(), answer.digest);
    let body = log.open_body(&entries[0]).await.unwrap().values().unwrap();
    assert_eq!(body["subject"].expose(), &stage.persons[1]);
    assert!(body["reason"].expose().contains("低收入戶"));
    let record: QueryRecord =
        stage.app.get(&format!("/v1/queries/{}", answer.query), &stage.token()).await.json(200);
    assert_eq!(record.decision, Some(Decision::Answered));
    assert_eq!(record.fields_returned, answer.fields_returned);
    let name = city().citizens[11].name.clone();
    for secret in [stage.persons[1].as_str(), name.as_str(), "低收入戶申請"] {
        for table in
            ["outbox", "query_applications", "query_records", "cases", "idempotency", "jobs", "outputs"]
        {
            assert!(!holds(&stage, table, secret).await, "{table} holds a personal value in clear");
        }
    }
    stage.strike().await;
}

async fn holds(stage: &Stage, table: &str, text: &str) -> bool {
    use diesel_async::RunQueryDsl as _;
    #[derive(diesel::QueryableByName)]
    struct Found {
        #[diesel(sql_type = diesel::sql_types::Bool)]
        found: bool,
    }
    let sql = format!("SELECT EXISTS (SELECT FROM {table} t WHERE strpos(t::text, $1) > 0) AS found");
    let mut conn = stage.app.context().connection().await.unwrap();
    let row: Found =
        diesel::sql_query(sql).bind::<diesel::sql_types::Text, _>(text).get_result(&mut conn).await.unwrap();
    row.found
}

#[actix_web::test]
async fn each_refusal_has_its_code_and_is_recorded() {
    let stage = Stage::set().await;
    let application = stage.endorsed().await;
    let body = stage.ask(application.id, 0);
    let with = |key: &str, value: Value| {
        let mut body = body.clone();
        body[key] = value;
        body
    };
    let mut elsewhere = stage.user.clone();
    elsewhere.place = "203.0.113.9".parse().ok();
    let mut by_hand = stage.user.clone();
    by_hand.system = None;
    let (elsewhere, by_hand) = (stage.app.token(&elsewhere), stage.app.token(&by_hand));
    stage.app.post("/v1/queries", &elsewhere, &body).await.expect_problem("outside-office-network");
    stage.app.post("/v1/queries", &by_hand, &body).await.expect_problem("system-not-registered");
    stage
        .query(&with("application", json!(uuid::Uuid::from_u128(1))))
        .await
        .expect_problem("application-unknown");
    stage.query(&with("national_id", json!(stage.persons[3]))).await.expect_problem("person-not-covered");
    stage.query(&with("items", json!(["kinship"]))).await.expect_problem("items-not-covered");
    let mut account = stage.account.clone();
    account.revision = 2;
    account.status = AccountStatus::Suspended;
    stage.feed_account(&account).await;
    let refused = stage.query(&body).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.expect_problem("account-not-active")["clause"], "H5.1.2");
    account.revision = 3;
    account.status = AccountStatus::Active;
    account.permission_items = ["calendar".to_owned()].into();
    stage.feed_account(&account).await;
    stage.query(&body).await.expect_problem("permission-missing");
    account.revision = 4;
    account.permission_items = stage.account.permission_items.clone();
    stage.feed_account(&account).await;
    let closing = format!("/v1/cases/{}/closing", stage.case);
    let _ = stage.app.post(&closing, &stage.token(), &json!({})).await.expect_status(200);
    stage.query(&body).await.expect_problem("case-closed");
    stage.app.clock.advance(chrono::Duration::days(2));
    stage.query(&body).await.expect_problem("application-expired");
    assert_eq!(stage.served(), 0);

    let codes: Vec<String> =
        stage.app.published::<QueryRecorded>().await.into_iter().filter_map(|e| e.refusal).collect();
    let filter = Filter { kinds: vec![Kind::Refusal], ..Filter::default() };
    let entries = stage.registry().log.find(THREE_YEARS, &filter, None, 100).await.unwrap().entries;
    let logged: Vec<String> = entries.into_iter().filter_map(|e| e.header.refusal).collect();
    assert_eq!(codes.len(), 9);
    assert_eq!(logged, codes, "every refusal is in the log and was published");
    stage.strike().await;
}

#[actix_web::test]
async fn a_malformed_id_is_told_without_the_value() {
    let stage = Stage::set().await;
    let application = stage.endorsed().await;
    let mut body = stage.ask(application.id, 0);
    body["national_id"] = json!("S000000000");
    let problem = stage.query(&body).await.expect_problem("malformed-request");
    assert_eq!(problem["errors"][0]["pointer"], "/national_id");
    assert!(!problem.to_string().contains("S000000000"));
    stage.strike().await;
}

#[actix_web::test]
async fn a_provider_that_is_away_is_recorded_and_the_same_application_is_good_afterwards() {
    let stage = Stage::set().await;
    let application = stage.endorsed().await;
    let body = stage.ask(application.id, 0);
    stage.provider.behave(Provider::Household, Behaviour { outage: true, ..Behaviour::default() });
    let away = stage.query(&body).await;
    assert_eq!(away.status, 503);
    away.expect_problem("provider-unavailable");
    stage.provider.behave(Provider::Household, Behaviour { error_percent: 100, ..Behaviour::default() });
    stage.query(&body).await.expect_problem("provider-failed");
    stage.provider.behave(Provider::Household, Behaviour { break_every: 1, ..Behaviour::default() });
    let broken = stage.query(&body).await.status;
    assert!(broken == 502 || broken == 503, "half an answer is none: {broken}");
    stage.provider.behave(Provider::Household, Behaviour::default());
    let answer: QueryAnswer = stage.query(&body).await.json(200);
    assert_eq!(answer.delivery, 1, "what failed was no delivery");
    let decisions: Vec<Decision> =
        stage.app.published::<QueryRecorded>().await.iter().map(|e| e.decision).collect();
    assert_eq!(decisions, [Decision::Failed, Decision::Failed, Decision::Failed, Decision::Answered]);
    let open =
        stage.registry().log.open_intents(stage.user.agency, "2026-03-02".parse().unwrap()).await.unwrap();
    assert!(open.is_empty(), "each intent has its outcome");
    stage.strike().await;
}

#[actix_web::test]
async fn without_the_log_nothing_is_asked() {
    let stage = Stage::set().await;
    let application = stage.endorsed().await;
    let body = stage.ask(application.id, 0);
    stage.sql("ALTER TABLE log_heads RENAME TO log_heads_away").await;
    let refused = stage.query(&body).await;
    assert_eq!(refused.status, 503);
    refused.expect_problem("log-unavailable");
    assert_eq!(stage.served(), 0);
    stage.sql("ALTER TABLE log_heads_away RENAME TO log_heads").await;
    let _ = stage.query(&body).await.expect_status(200);
    assert_eq!(stage.served(), 1);
    stage.strike().await;
}

#[actix_web::test]
async fn of_many_equal_queries_at_once_one_is_answered() {
    let stage = Stage::set().await;
    let application = stage.endorsed().await;
    let body = stage.ask(application.id, 2);
    let answers = join_all((0..8).map(|_| stage.query(&body))).await;
    let statuses: Vec<u16> = answers.iter().map(|a| a.status).collect();
    assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|s| **s == 409).count(), 7, "{statuses:?}");
    assert_eq!(stage.served(), 1);
    let decisions: Vec<Decision> =
        stage.app.published::<QueryRecorded>().await.iter().map(|e| e.decision).collect();
    assert_eq!(decisions.len(), 8, "each attempt is a record");
    stage.strike().await;
}

#[actix_web::test]
async fn tax_data_pass_the_same_gate() {
    let stage = Stage::set().await;
    let mut account = stage.account.clone();
    account.id = kernel::ids::AccountId(uuid::Uuid::from_u128(6));
    account.regulation = "tax".into();
    stage.feed_account(&account).await;
    let mut content = stage.content();
    content.regulation = "tax".into();
    content.account = account.id;
    content.items = ["income".to_owned()].into();
    let application: QueryApplicationView = stage.apply(content).await.json(201);
    assert!(application.register_number.starts_with("T115-"));
    assert!(!application.reminder.is_empty());
    let _ = stage.endorse_as(&stage.supervisor, &[&application]).await.expect_status(200);
    let answer: QueryAnswer = stage.query(&stage.ask(application.id, 0)).await.json(200);
    assert_eq!(answer.receipt.log, THREE_YEARS);
    assert_eq!(stage.app.published::<QueryRecorded>().await[0].regulation, "tax");
    stage.strike().await;
}

#[actix_web::test]
async fn habits_of_misuse_are_marked_and_not_refused() {
    let stage = Stage::set().await;
    let hash = stage.registry().subjects.hash(&stage.persons[0]);
    let mut event = crate::stage::person_event(&stage.user, 2);
    event.declared_subjects = [hash].into();
    stage.app.feed("account", &event).await;
    let mut content = stage.content();
    content.reason = "查查查".into();
    let application: QueryApplicationView = stage.apply(content).await.json(201);
    let _ = stage.endorse_as(&stage.supervisor, &[&application]).await.expect_status(200);
    stage.app.clock.advance(chrono::Duration::hours(13));
    let _ = stage.query(&stage.ask(application.id, 0)).await.expect_status(200);
    let marks = stage.app.published::<QueryRecorded>().await[0].marks.clone();
    let names: Vec<&str> = marks.keys().map(String::as_str).collect();
    assert_eq!(names, ["declared-relative", "meaningless-reason", "night"]);
    stage.strike().await;
}

#[actix_web::test]
async fn a_query_whose_process_died_is_settled_and_its_delivery_free_again() {
    let stage = Stage::set().await;
    let application = stage.endorsed().await;
    let body = stage.ask(application.id, 0);
    stage.provider.behave(Provider::Household, Behaviour { outage: true, ..Behaviour::default() });
    stage.query(&body).await.expect_problem("provider-unavailable");
    // As a killed process leaves it.
    stage
        .sql("UPDATE query_records SET decision = 'open', claimed_at = clock_timestamp() - interval '1 hour'")
        .await;
    stage.provider.behave(Provider::Household, Behaviour::default());
    stage.query(&body).await.expect_problem("query-already-answered");
    stage.app.advance(chrono::Duration::zero()).await;
    stage.app.advance(chrono::Duration::minutes(1)).await;
    let _ = stage.query(&body).await.expect_status(200);
    stage.strike().await;
}

#[actix_web::test]
async fn nothing_is_asked_on_a_way_or_under_rules_that_two_persons_did_not_approve() {
    let stage = Stage::set().await;
    let items = stage.configuration();
    let used =
        |kind, name: &str| items.iter().find(|i| i.kind == kind && i.name.starts_with(name)).unwrap().clone();
    let endpoint = used(ConfigurationKind::ProviderEndpoint, "household");
    let pack = used(ConfigurationKind::RulePack, "household-2017");
    let application = stage.endorsed().await;
    for (n, item) in [endpoint, pack].into_iter().enumerate() {
        stage.feed_configuration(item.clone(), false, 2).await;
        let refused =
            stage.query(&stage.ask(application.id, n)).await.expect_problem("configuration-not-approved");
        assert_eq!(refused["clause"], "invariant-11");
        assert_eq!(stage.served(), n, "the provider is not asked");
        stage.feed_configuration(item.clone(), true, 3).await;
        let later = ConfigurationItem { effective_on: "2026-03-03".parse().unwrap(), ..item.clone() };
        stage.feed_configuration(later, true, 4).await;
        stage.query(&stage.ask(application.id, n)).await.expect_problem("configuration-not-approved");
        stage.feed_configuration(item, true, 5).await;
        let _ = stage.query(&stage.ask(application.id, n)).await.expect_status(200);
    }
    let decisions: Vec<Decision> =
        stage.app.published::<QueryRecorded>().await.iter().map(|e| e.decision).collect();
    assert_eq!(decisions.iter().filter(|d| **d == Decision::Refused).count(), 4, "each refusal is a record");
    stage.strike().await;
}
