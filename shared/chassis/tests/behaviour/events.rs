//! Events: once each, whatever happens; poison aside; strangers out.

use chassis::outbox::Outgoing;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, sql_query};
use diesel_async::RunQueryDsl as _;
use identity::Role;
use serde_json::json;
use statement::Json;
use testkit::TestApp;
use uuid::Uuid;

use crate::service::{NoteWritten, service};

#[derive(QueryableByName)]
pub struct Count {
    #[diesel(sql_type = BigInt)]
    pub n: i64,
}

pub async fn count(app: &TestApp, sql: &str, text: &str) -> i64 {
    let mut conn = app.context().connection().await.unwrap();
    sql_query(sql).bind::<Text, _>(text).get_result::<Count>(&mut conn).await.unwrap().n
}

const ECHOES: &str = "SELECT coalesce(sum(times), 0)::bigint AS n FROM echoes WHERE text = $1";

pub async fn until(app: &TestApp, sql: &str, text: &str, wanted: i64) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    while count(app, sql, text).await != wanted {
        assert!(tokio::time::Instant::now() < deadline, "{sql} never gave {wanted} for {text}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_goes_out_and_comes_in_once() {
    let app = TestApp::of(service()).start().await;
    let token = app.token(&app.person("U", "gushan", &[Role::User]));
    let _ = app.post("/v1/notes", &token, &json!({"text": "hello"})).await.expect_status(201);
    until(&app, ECHOES, "hello", 1).await;
    // The same rows published again: a relay that died after sending, before remembering it.
    let mut conn = app.context().connection().await.unwrap();
    sql_query("UPDATE outbox SET published_at = NULL").execute(&mut conn).await.unwrap();
    drop(conn);
    let _ = app.post("/v1/notes", &token, &json!({"text": "after"})).await.expect_status(201);
    until(&app, ECHOES, "after", 1).await;
    assert_eq!(count(&app, ECHOES, "hello").await, 1);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_rows_that_change_together_those_are_told_that_changed() {
    let app = TestApp::of(service()).start().await;
    let token = app.token(&app.person("U", "gushan", &[Role::User]));
    let mut notes: Vec<Uuid> = vec![];
    for text in ["first", "second"] {
        let note = app.post("/v1/notes", &token, &json!({"text": text})).await.expect_status(201);
        notes.push(note["id"].as_str().unwrap().parse().unwrap());
    }
    let change = "UPDATE notes n SET version = n.version + 1 FROM jsonb_to_recordset($1) AS s (id uuid, version bigint) \
        WHERE n.id = s.id AND n.version = s.version RETURNING n.id";
    // Of the second another version is wanted than there is.
    let rows = json!([{"id": notes[0], "version": 1}, {"id": notes[1], "version": 2}]);
    let told = ["changed", "unchanged"].map(|text| NoteWritten { note: notes[0], text: text.to_owned() });
    let told = told.map(|event| Outgoing::of(&event, app.context().now()).unwrap());
    let events: Vec<_> = notes.iter().copied().zip(&told).collect();
    let changed = app.context().change_and_tell(change, Json::of(&rows).unwrap(), &events).await.unwrap();
    assert_eq!(changed, [notes[0]].into());
    until(&app, ECHOES, "changed", 1).await;
    let _ = app.post("/v1/notes", &token, &json!({"text": "after"})).await.expect_status(201);
    until(&app, ECHOES, "after", 1).await;
    assert_eq!(count(&app, ECHOES, "unchanged").await, 0);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_event_is_set_aside_and_the_next_comes_through() {
    let app = TestApp::of(service()).start().await;
    let token = app.token(&app.person("U", "gushan", &[Role::User]));
    for text in ["poison", "cure"] {
        let _ = app.post("/v1/notes", &token, &json!({"text": text})).await.expect_status(201);
    }
    until(&app, ECHOES, "cure", 1).await;
    until(&app, "SELECT count(*) AS n FROM dead_letters WHERE data LIKE '%' || $1 || '%'", "poison", 1).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_that_is_replayed_after_the_fault_is_mended_has_its_effect_once() {
    let app = TestApp::of(service()).start().await;
    let token = app.token(&app.person("U", "gushan", &[Role::User]));
    let operator = app.token(&app.person("O", "centre", &[Role::ItCentre]));
    for text in ["poison", "cure"] {
        let _ = app.post("/v1/notes", &token, &json!({"text": text})).await.expect_status(201);
    }
    until(&app, ECHOES, "cure", 1).await;
    let letters = app.get("/v1/dead-letters", &operator).await.expect_status(200);
    let letter = &letters["items"][0];
    assert_eq!(letters["items"].as_array().unwrap().len(), 1, "{letters:#}");
    assert_eq!((&letter["type"], &letter["source"]), (&json!("notes.note-written.v1"), &json!("notes")));
    assert!(letter["reason"].as_str().unwrap().contains("cannot be taken in"), "{letter:#}");

    let replay = format!("/v1/dead-letters/{}/replays", letter["id"].as_str().unwrap());
    app.post(&replay, &token, &json!({})).await.expect_problem("forbidden");
    let stays = app.post(&replay, &operator, &json!({})).await;
    assert_eq!(stays.status, 409, "the fault is still there");
    stays.expect_problem("dead-letter-stays");
    assert_eq!(count(&app, ECHOES, "poison").await, 0);

    let _ = app.post("/v1/notes", &token, &json!({"text": "antidote"})).await.expect_status(201);
    until(&app, ECHOES, "antidote", 1).await;
    for _ in 0..2 {
        let taken = app.post(&replay, &operator, &json!({})).await.expect_status(200);
        assert!(taken["replayed_at"].is_string(), "{taken:#}");
    }
    // And once more from the broker.
    let mut conn = app.context().connection().await.unwrap();
    sql_query("UPDATE outbox SET published_at = NULL").execute(&mut conn).await.unwrap();
    drop(conn);
    let _ = app.post("/v1/notes", &token, &json!({"text": "after"})).await.expect_status(201);
    until(&app, ECHOES, "after", 1).await;
    assert_eq!(count(&app, ECHOES, "poison").await, 1, "one effect");
    let left = app.get("/v1/dead-letters", &operator).await.expect_status(200);
    assert_eq!(left["items"], json!([]));
    let done = app.get("/v1/dead-letters?replayed=true", &operator).await.expect_status(200);
    assert_eq!(done["items"][0]["id"], letter["id"]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_publishes_the_present_state_as_of_its_own_time() {
    let app = TestApp::of(service()).start().await;
    let token = app.token(&app.person("U", "gushan", &[Role::User]));
    for text in ["one", "two"] {
        let _ = app.post("/v1/notes", &token, &json!({"text": text})).await.expect_status(201);
    }
    until(&app, ECHOES, "two", 1).await;
    app.clock.advance(chrono::Duration::days(3));
    let replays = (service().replays)();
    assert!(
        chassis::replay::run(app.context(), &replays, Some("letters"), None).await.is_err(),
        "no such kind"
    );
    assert_eq!(chassis::replay::run(app.context(), &replays, None, None).await.unwrap(), 2);
    for text in ["one", "two"] {
        until(&app, ECHOES, text, 2).await;
    }
    let times = "SELECT count(DISTINCT occurred_at) AS n FROM outbox WHERE data LIKE '%' || $1 || '%'";
    assert_eq!(count(&app, times, "one").await, 1, "told as of the moment since which it stands");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_event_of_a_service_is_heard() {
    let app = TestApp::of(service()).start().await;
    app.feed("notes", &NoteWritten { note: uuid::Uuid::nil(), text: "known".into() }).await;
    assert_eq!(count(&app, ECHOES, "known").await, 1);
    app.stop().await;
}
