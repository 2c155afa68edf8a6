//! The console's pages, with a real retention service behind them.
#![expect(clippy::unwrap_used, reason = "test helpers fail by panicking")]

use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use identity::Role;
use reqwest::header::{COOKIE, HeaderValue, LOCATION, SET_COOKIE};
use serde_json::json;
use testkit::{TestApp, TestPerson};
use uuid::Uuid;

struct Stage {
    retention: TestApp,
    console: TestApp,
    http: reqwest::Client,
    user: TestPerson,
}

struct Page {
    status: u16,
    headers: reqwest::header::HeaderMap,
    html: String,
}

impl Stage {
    async fn set() -> Self {
        let retention = TestApp::of(retention::service()).start().await;
        let url = retention.running.url();
        let console = TestApp::of(console::service())
            .settings(move |settings, _, _| {
                settings.services.insert("retention".into(), url);
                // Nothing listens there: a page must stand without this service.
                settings.services.insert("account".into(), "http://127.0.0.1:1".into());
            })
            .start()
            .await;
        let user = retention.person("user", "office", &[Role::User]);
        Self { retention, console, http: chassis::http_client(Duration::from_secs(30)).unwrap(), user }
    }

    /// Signs in with the form; gives the cookies.
    async fn sign_in(&self, token: &str) -> String {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let url = format!("{}/login", self.console.running.url());
        let answer = client.post(url).form(&[("token", token)]).send().await.unwrap();
        assert_eq!(answer.status(), 303);
        assert_eq!(answer.headers()[LOCATION], "/");
        let cookies: Vec<&str> =
            answer.headers().get_all(SET_COOKIE).iter().map(|c| c.to_str().unwrap()).collect();
        assert!(cookies.iter().all(|c| c.contains("HttpOnly") && c.contains("SameSite=Strict")));
        cookies.iter().map(|c| c.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
    }

    async fn page(&self, path: &str, cookies: &str) -> Page {
        let request = self.http.get(format!("{}{path}", self.console.running.url()));
        let answer = request.header(COOKIE, cookies).send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Page { status, headers, html: answer.text().await.unwrap() }
    }

    async fn output(&self) -> Uuid {
        let body = json!({"kind": "media", "count": 1, "regulation": "household", "case": Uuid::from_u128(3),
            "made_on": "2026-03-02"});
        let token = self.retention.token(&self.user);
        let output = self.retention.post("/v1/outputs", &token, &body).await.expect_status(201);
        output["id"].as_str().unwrap().parse().unwrap()
    }
}

fn is_accessible(html: &str) {
    for part in ["<html lang=\"zh-Hant-TW\">", "<title>", "class=\"skip\"", "<main id=\"main\"", "<h1>"] {
        assert!(html.contains(part), "{part} is missing");
    }
    assert!(!html.contains("<script") && !html.contains(" onclick") && !html.contains(" style="));
    assert_eq!(html.matches("<table").count(), html.matches("<caption").count(), "every table has a caption");
    assert_eq!(html.matches("<h1").count(), 1);
}

#[tokio::test]
async fn numbers_lead_to_their_rows_and_rows_to_everything_in_them() {
    let stage = Stage::set().await;
    let output = stage.output().await;
    let cookies = stage.sign_in(&stage.retention.token(&stage.user)).await;

    let home = stage.page("/", &cookies).await;
    assert_eq!(home.status, 200);
    is_accessible(&home.html);
    assert!(home.html.contains("<a href=\"/tasks?service=retention\">1</a>"), "{}", home.html);
    // A service that is away leaves the rest of the page standing.
    assert!(home.html.contains("服務暫時無法使用"));

    let tasks = stage.page("/tasks?service=retention", &cookies).await;
    is_accessible(&tasks.html);
    assert!(tasks.html.contains("列印之資料併入審核案件歸檔"));
    assert!(tasks.html.contains(&format!("/d/retention/outputs/{output}")));

    let detail = stage.page(&format!("/d/retention/outputs/{output}"), &cookies).await;
    assert_eq!(detail.status, 200);
    is_accessible(&detail.html);
    assert!(detail.html.contains("可攜式媒體") && detail.html.contains("民國115年3月2日"));

    let list = stage.page("/p/retention", &cookies).await;
    is_accessible(&list.html);
    assert!(list.html.contains(&format!("/d/retention/outputs/{output}")));
    // Lists that are not for this role are named in one line; one by itself says so in the service's own words.
    assert!(list.html.contains("不屬您的職務：保存清單、銷毀案"));
    assert!(!list.html.contains("您的職務不得執行此作業"));
    let alone = stage.page("/p/retention/holdings", &cookies).await;
    assert_eq!(alone.status, 403);
    assert!(alone.html.contains("您的職務不得執行此作業（H4.3）"));

    for path in ["/clauses", "/forms", "/p/accounts", "/p/audits", "/p/retention/outputs"] {
        let page = stage.page(path, &cookies).await;
        assert_eq!(page.status, 200, "{path}");
        is_accessible(&page.html);
    }
    let clauses = stage.page("/clauses", &cookies).await;
    assert!(clauses.html.contains("<a href=\"/tasks?clause=H3.2\">1</a>"));
}

#[derive(serde::Deserialize)]
struct Asked {
    username: String,
}

async fn sample_token(request: HttpRequest, asked: web::Form<Asked>) -> HttpResponse {
    let own = request.headers().get("origin").is_some_and(|o| o.to_str().unwrap().starts_with("http://127"));
    match asked.username.as_str() {
        "auditor" if own => HttpResponse::Ok().json(json!({"access_token": "sample.auditor.token"})),
        _ => HttpResponse::BadRequest().finish(),
    }
}

#[actix_web::test]
async fn a_role_signs_in_without_a_card_where_a_development_login_is_and_nowhere_else() {
    let login = HttpServer::new(|| App::new().route("/token", web::post().to(sample_token)))
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
    let url = format!("http://{}/token", login.addrs()[0]);
    let server = login.run();
    let handle = server.handle();
    tokio::spawn(server);
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let ask = async |console: &TestApp, role: &str| {
        let url = format!("{}/login", console.running.url());
        http.post(url).form(&[("role", role)]).send().await.unwrap()
    };
    let page = async |console: &TestApp| {
        http.get(format!("{}/login", console.running.url())).send().await.unwrap().text().await.unwrap()
    };

    let laptop = TestApp::of(console::service()).development_login(url).start().await;
    let html = page(&laptop).await;
    is_accessible(&html);
    assert!(html.contains("value=\"auditor\">稽核人員</button>"));
    assert!(!html.contains("agency_system"), "systems have no pages");
    let answer = ask(&laptop, "auditor").await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()[LOCATION]),
        (303, &HeaderValue::from_static("/"))
    );
    assert!(answer.headers()[SET_COOKIE].to_str().unwrap().contains("sample.auditor.token"));
    let refused = ask(&laptop, "user").await;
    assert_eq!(refused.status(), 503);
    assert!(!refused.headers().contains_key(SET_COOKIE));

    let city = TestApp::of(console::service()).start().await;
    assert!(!page(&city).await.contains("name=\"role\""));
    let refused = ask(&city, "auditor").await;
    assert_eq!(refused.status(), 400);
    assert!(!refused.headers().contains_key(SET_COOKIE));
    handle.stop(false).await;
}

#[tokio::test]
async fn no_page_without_a_session_and_none_with_a_wrong_token() {
    let stage = Stage::set().await;
    for path in ["/", "/tasks", "/p/accounts", "/clauses", "/forms", "/forms/H-A1"] {
        let page = stage.page(path, "").await;
        assert!(page.html.contains("存取權杖"), "{path} leads to the sign-in page");
    }
    let cookies = stage.sign_in("a.b.c").await;
    let home = stage.page("/p/retention", &cookies).await;
    assert!(home.html.contains("請重新登入"));
    let url = format!("{}/login", stage.console.running.url());
    let refused = stage
        .http
        .post(url)
        .header("origin", "https://evil.example")
        .form(&[("token", "a.b.c")])
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 403);
}

#[tokio::test]
async fn every_page_keeps_content_off_disks_and_scripts_out() {
    let stage = Stage::set().await;
    let cookies = stage.sign_in(&stage.retention.token(&stage.user)).await;
    for path in [
        "/",
        "/login",
        "/ended",
        "/forms/H-A2",
        "/p/none",
        "/d/retention/none/0190a0a0-0000-7000-8000-000000000001",
    ] {
        let page = stage.page(path, &cookies).await;
        assert_eq!(page.headers["cache-control"], "no-store", "{path}");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}");
        is_accessible(&page.html);
    }
    let home = stage.page("/", &cookies).await;
    assert!(home.headers["refresh"].to_str().unwrap().ends_with("url=/ended"));
    assert_eq!(stage.page("/p/none", &cookies).await.status, 404);
}

#[tokio::test]
async fn the_official_forms_print_every_label_as_published() {
    let stage = Stage::set().await;
    let cookies = stage.sign_in(&stage.retention.token(&stage.user)).await;
    let packs = rule_pack::PackSet::embedded().unwrap();
    for id in ["H-A1", "H-A2", "I-A1", "I-A2", "I-A3"] {
        let page = stage.page(&format!("/forms/{id}"), &cookies).await;
        assert_eq!(page.status, 200, "{id}");
        is_accessible(&page.html);
        let (pack, form) = packs.iter().find_map(|p| p.form(id).map(|f| (p, f))).unwrap();
        let labels = form.all_fields().map(|f| &f.label).chain(&form.notes).chain([&form.title]);
        let rows = form.table.iter().flat_map(|t| t.rows.iter().map(|r| &r.label));
        let ticks: Vec<&String> = match form.tick_items {
            rule_pack::TickItems::None => vec![],
            rule_pack::TickItems::PermissionItems => pack.permission_items.iter().map(|i| &i.label).collect(),
            rule_pack::TickItems::QueryItems => pack.query_items.iter().map(|i| &i.title.zh).collect(),
        };
        for label in labels.chain(rows).chain(ticks) {
            assert!(page.html.contains(label.as_str()), "{id}: {label}");
        }
    }
    let reminder = "說明：資料使用者謹依個人資料保護法相關規定使用連結資料，如有違法應負相關法律責任。";
    assert!(stage.page("/forms/H-A2", &cookies).await.html.contains(reminder));
}

/// The console lists no operation: pages are not `/v1`.
#[test]
fn the_document_lists_no_page() {
    let document = console::service().document().unwrap();
    assert!(document["paths"].as_object().is_none_or(serde_json::Map::is_empty));
}
