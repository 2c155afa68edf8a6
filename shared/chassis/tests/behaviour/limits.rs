//! What HTTP refuses before an operation runs: too many requests, methods and bodies of another kind.

use chassis::settings::{Limits, Proxy};
use identity::Role;
use reqwest::header::{ALLOW, RETRY_AFTER};
use serde_json::json;
use testkit::{TestApp, TestResponse};

use crate::service::service;

const FEW: Limits = Limits { authenticated: 3, anonymous: 2, logins: 2 };

/// Replicas of other tests may share the store: a name of this run alone.
fn unique(app: &TestApp) -> String {
    app.folder().display().to_string()
}

fn seconds(answer: &TestResponse) -> u32 {
    answer.headers[RETRY_AFTER].to_str().unwrap().parse().unwrap()
}

async fn limits_hold_until_the_next_minute(app: TestApp) {
    let token = app.token(&app.person(&unique(&app), "gushan", &[Role::User]));
    let other = app.token(&app.person(&format!("{} other", unique(&app)), "gushan", &[Role::User]));
    app.clock.advance(chrono::Duration::seconds(20));
    for _ in 0..3 {
        let _ = app.get("/v1/notes", &token).await.expect_status(200);
    }
    let refused = app.get("/v1/notes", &token).await;
    assert_eq!(seconds(&refused), 40);
    refused.expect_problem("too-many-requests");
    let _ = app.get("/v1/notes", &other).await.expect_status(200);
    app.clock.advance(chrono::Duration::seconds(40));
    let _ = app.get("/v1/notes", &token).await.expect_status(200);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_over_its_limit_waits_for_the_next_minute_and_others_do_not() {
    let app = TestApp::of(service()).settings(|settings, _, _| settings.http.limits = FEW).start().await;
    limits_hold_until_the_next_minute(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_shared_store_away_a_replica_counts_alone_and_refuses_nobody_for_it() {
    let app = TestApp::of(service())
        .settings(|settings, _, _| {
            settings.http.limits = FEW;
            settings.redis.url = Some("redis://127.0.0.1:1".to_owned().into());
        })
        .start()
        .await;
    limits_hold_until_the_next_minute(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_valid_token_is_limited_by_address() {
    let app = TestApp::of(service())
        .settings(|settings, _, _| {
            settings.http.limits = FEW;
            settings.http.proxies = vec![Proxy {
                networks: vec!["127.0.0.0/8".parse().unwrap()],
                certificate: None,
                proxy_protocol: false,
                client_cert: false,
            }];
        })
        .start()
        .await;
    // Addresses of this run alone, as the proxy in front would write them behind what the client claims.
    let run = kernel::canonical::sha256_hex(unique(&app).as_bytes());
    let client = chassis::http_client(std::time::Duration::from_secs(10)).unwrap();
    let from = async |claimed: &str, host: u8| {
        let address = format!("2001:{}:{}:{host}::1", &run[..4], &run[4..8]);
        let request = client
            .get(format!("{}/v1/notes", app.running.url()))
            .bearer_auth("guessed")
            .header("x-forwarded-for", format!("{claimed}, {address}"));
        TestResponse::read(request.send().await.unwrap()).await.unwrap()
    };
    for claimed in ["192.0.2.1", "192.0.2.2"] {
        from(claimed, 1).await.expect_problem("unauthenticated");
    }
    from("192.0.2.3", 1).await.expect_problem("too-many-requests");
    from("192.0.2.3", 2).await.expect_problem("unauthenticated");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_method_is_told_which_ones_there_are() {
    let app = TestApp::of(service()).start().await;
    let token = app.token(&app.person("U", "gushan", &[Role::User]));
    for (path, offered) in [("/v1/notes", "GET, POST"), ("/healthz", "GET"), ("/openapi.json", "GET")] {
        let answer = app.send(reqwest::Method::DELETE, path, Some(&token), None::<&()>, None).await;
        assert_eq!(answer.headers[ALLOW], offered, "{path}");
        answer.expect_problem("method-not-allowed");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_and_bodies_of_another_kind_are_refused() {
    let app = TestApp::of(service()).start().await;
    let token = app.token(&app.person("U", "gushan", &[Role::User]));
    let client = chassis::http_client(std::time::Duration::from_secs(10)).unwrap();
    let send = async |name: &'static str, value: &'static str| {
        let mut headers = reqwest::header::HeaderMap::new();
        headers.insert("content-type", "application/json; charset=utf-8".parse().unwrap());
        headers.insert("idempotency-key", format!("k-{name}-{value}").replace(' ', "").parse().unwrap());
        headers.insert(name, value.parse().unwrap());
        let request = client
            .post(format!("{}/v1/notes", app.running.url()))
            .bearer_auth(&token)
            .headers(headers)
            .body(json!({"text": "a"}).to_string());
        TestResponse::read(request.send().await.unwrap()).await.unwrap()
    };
    send("content-type", "text/plain").await.expect_problem("unsupported-media-type");
    for value in ["3", "\"-3\"", "\"+3\"", "W/\"3\"", "\"\""] {
        let body = send("if-match", value).await.expect_problem("malformed-request");
        assert_eq!(body["errors"][0]["pointer"], "If-Match", "{value}");
    }
    let body = send("idempotency-key", "two words").await.expect_problem("malformed-request");
    assert_eq!(body["errors"][0]["pointer"], "Idempotency-Key");
    let _ = send("if-match", "\"3\"").await.expect_status(201);
    app.stop().await;
}
