//! What HTTP promises: tokens, roles, idempotency, versions, pointers.

use identity::Role;
use serde_json::json;
use testkit::TestApp;

use crate::service::{Note, service};

#[tokio::test(flavor = "multi_thread")]
async fn only_a_token_with_a_listed_role_gets_in() {
    let app = TestApp::of(service()).start().await;
    let note = json!({"text": "a"});
    app.send(reqwest::Method::POST, "/v1/notes", None, Some(&note), Some("k"))
        .await
        .expect_problem("unauthenticated");
    app.post("/v1/notes", "no.token.at-all", &note).await.expect_problem("unauthenticated");
    let auditor = app.person("A", "bureau", &[Role::Auditor]);
    app.post("/v1/notes", &app.token(&auditor), &note).await.expect_problem("forbidden");
    let user = app.person("U", "gushan", &[Role::User]);
    let token = app.token(&user);
    let _ = app.post("/v1/notes", &token, &note).await.expect_status(201);
    app.clock.advance(chrono::Duration::minutes(11));
    app.post("/v1/notes", &token, &note).await.expect_problem("unauthenticated");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_post_has_one_effect_and_the_same_answer() {
    let app = TestApp::of(service()).start().await;
    let token = app.token(&app.person("U", "gushan", &[Role::User]));
    let note = json!({"text": "once"});
    let send = || app.send(reqwest::Method::POST, "/v1/notes", Some(&token), Some(&note), Some("the-key"));
    let answers = futures::future::join_all((0..8).map(|_| send())).await;
    let ids: std::collections::BTreeSet<String> =
        answers.into_iter().map(|a| a.json::<Note>(201).id.to_string()).collect();
    assert_eq!(ids.len(), 1, "eight at once made one note");
    let other = json!({"text": "other"});
    app.send(reqwest::Method::POST, "/v1/notes", Some(&token), Some(&other), Some("the-key"))
        .await
        .expect_problem("idempotency-key-reused");
    app.send(reqwest::Method::POST, "/v1/notes", Some(&token), Some(&note), None)
        .await
        .expect_problem("idempotency-key-missing");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_edits_on_the_same_version_one_is_told_to_load_again() {
    let app = TestApp::of(service()).start().await;
    let token = app.token(&app.person("U", "gushan", &[Role::User]));
    let note: Note = app.post("/v1/notes", &token, &json!({"text": "v1"})).await.json(201);
    let client = chassis::http_client(std::time::Duration::from_secs(10)).unwrap();
    let edit = |text: &'static str, key: &'static str| {
        client
            .post(format!("{}/v1/notes/{}/changes", app.running.url(), note.id))
            .bearer_auth(&token)
            .header("idempotency-key", key)
            .header("if-match", "\"1\"")
            .json(&json!({"text": text}))
            .send()
    };
    let (a, b) = tokio::join!(edit("left", "a"), edit("right", "b"));
    let mut statuses = [a.unwrap().status().as_u16(), b.unwrap().status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_looks_like_sql_is_kept_as_it_was_written() {
    let app = TestApp::of(service()).start().await;
    let token = app.token(&app.person("U", "gushan", &[Role::User]));
    for text in ["'); DROP TABLE notes; --", "$1", "\\'; COMMIT; --", "%_"] {
        let note: Note = app.post("/v1/notes", &token, &json!({"text": text})).await.json(201);
        assert_eq!(note.text, text);
        let echo = "SELECT coalesce(sum(times), 0)::bigint AS n FROM echoes WHERE text = $1";
        crate::events::until(&app, echo, text, 1).await;
    }
    let notes = app.get("/v1/notes", &token).await.expect_status(200);
    assert_eq!(notes["items"].as_array().unwrap().len(), 4);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_and_unknown_notes_look_alike() {
    let app = TestApp::of(service()).start().await;
    let owner = app.token(&app.person("U", "gushan", &[Role::User]));
    let stranger = app.token(&app.person("S", "sanmin", &[Role::User]));
    let note: Note = app.post("/v1/notes", &owner, &json!({"text": "mine"})).await.json(201);
    let change = json!({"text": "yours"});
    let foreign = app.post(&format!("/v1/notes/{}/changes", note.id), &stranger, &change).await;
    let unknown = app.post(&format!("/v1/notes/{}/changes", uuid::Uuid::nil()), &stranger, &change).await;
    assert_eq!(foreign.status, 404);
    assert_eq!(foreign.body["type"], unknown.body["type"]);
    assert_eq!(app.get("/v1/notes", &stranger).await.expect_status(200)["items"], json!([]));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_problems_with_pointers() {
    let app = TestApp::of(service()).start().await;
    let token = app.token(&app.person("U", "gushan", &[Role::User]));
    let body = app
        .post("/v1/notes", &token, &json!({"text": "a", "colour": 1}))
        .await
        .expect_problem("malformed-request");
    assert_eq!(body["errors"][0]["pointer"], "/colour");
    let big = json!({"text": "a".repeat(5 * 1024 * 1024)});
    app.post("/v1/notes", &token, &big).await.expect_problem("too-large");
    app.post("/v1/notes/not-an-id/changes", &token, &json!({"text": "a"}))
        .await
        .expect_problem("malformed-request");
    app.get("/v1/nothing", &token).await.expect_problem("not-found");
    // The broker may still be making the topics.
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    while app.get("/readyz", &token).await.status != 200 {
        assert!(tokio::time::Instant::now() < deadline, "never ready");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    app.stop().await;
}
