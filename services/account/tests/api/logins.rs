//! Prepared logins: whose place counts, whose pages may ask, what may be asked.

use chassis::settings::{Limits, Proxy};
use reqwest::Method;
use serde_json::{Value, json};

use crate::oauth::{CLIENT, JWT, OFFICE, Somebody, claims, signed};
use crate::world::World;

const PAGES: &str = "https://welfare.example";
const CONSOLE: &str = "https://console.example";

#[tokio::test(flavor = "multi_thread")]
async fn the_place_is_where_the_login_was_prepared_whoever_redeems_it() {
    let world = World::start().await;
    let (browser, card) = (world.somebody(), &world.people["user"].card);
    let prepared = browser.prepare(card, json!({"client_id": "welfare-platform"})).await.good();
    let assertion = signed(card, &prepared);
    // The agency's server, in a data centre.
    let form = [
        ("grant_type", JWT),
        ("assertion", assertion.as_str()),
        ("client_assertion_type", CLIENT),
        ("place", "10.9.9.9"),
    ];
    let proof = world.platform_assertion(None);
    let server = browser.at("192.0.2.80");
    let token = server.ask(&[&form[..], &[("client_assertion", &proof)]].concat()).await.good();
    let claims = claims(&token);
    assert_eq!((&claims["place"], &claims["client_id"]), (&json!(OFFICE), &json!("welfare-platform")));
    // It renews the session without saying where the official is, who is where he was.
    let refresh = token["refresh_token"].as_str().unwrap();
    let proof = world.platform_assertion(None);
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("client_assertion_type", CLIENT),
        ("client_assertion", proof.as_str()),
    ];
    assert_eq!(crate::oauth::claims(&server.ask(&form).await.good())["place"], OFFICE);
}

/// A proxy of our own.
fn proxy() -> Proxy {
    let networks = vec!["10.0.0.0/24".parse().unwrap()];
    Proxy { networks, certificate: None, proxy_protocol: false, client_cert: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_anybody_can_write_move_nobody() {
    let world = World::start().await;
    let headers = [("x-forwarded-for", "10.1.2.3"), ("forwarded", "for=10.1.2.3"), ("x-real-ip", "10.1.2.3")];
    let abroad = Somebody { headers: &headers, ..world.somebody().at("203.0.113.9") };
    assert_eq!(claims(&abroad.login("user").await.good())["place"], "203.0.113.9");
    let behind = World::start_with(|settings, _, _| settings.http.proxies = vec![proxy()]).await;
    let headers = [("x-forwarded-for", "198.51.100.1, 10.1.2.3")];
    let through = Somebody { headers: &headers, ..behind.somebody().at("10.0.0.2") };
    assert_eq!(claims(&through.login("user").await.good())["place"], "10.1.2.3", "what our own proxy saw");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attested_place_counts_only_in_a_signed_request_of_a_system_registered_for_it() {
    let world = World::start().await;
    let (server, card) = (world.somebody().at("192.0.2.80"), &world.people["user"].card);
    let asked = |place: Option<&str>| json!({"client_assertion_type": CLIENT, "client_assertion": world.platform_assertion(place)});
    let prepared = server.prepare(card, asked(Some("10.1.7.7"))).await.good();
    let assertion = signed(card, &prepared);
    let desk = server.at("10.1.7.7");
    let form = [("grant_type", JWT), ("assertion", assertion.as_str())];
    let token = desk.ask_as_platform(&form).await.good();
    assert_eq!(claims(&token)["place"], "10.1.7.7");
    let refresh = token["refresh_token"].as_str().unwrap().to_owned();
    // Without a place, an agency's server would stand for its officials.
    let refused = server.prepare(card, asked(None)).await;
    assert_eq!((refused.status, &refused.body["errors"][0]["pointer"]), (400, &json!("/client_assertion")));
    let proof = world.platform_assertion(None);
    let unattested = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
        ("client_assertion_type", CLIENT),
        ("client_assertion", proof.as_str()),
    ];
    assert_eq!(server.ask(&unattested).await.refusal(), (400, "invalid_grant"));
    let renewal = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    let _ = desk.ask_as_platform(&renewal).await.good();
    // Redeemed by somebody else than the system that asked.
    let prepared = server.prepare(card, asked(Some("10.1.7.7"))).await.good();
    let assertion = signed(card, &prepared);
    let refused = desk.ask(&[("grant_type", JWT), ("assertion", &assertion)]).await;
    assert_eq!(refused.refusal(), (400, "invalid_grant"));
    // A system that is not registered for it.
    world.sql("UPDATE systems SET doc = jsonb_set(doc, '{attests_place}', 'false')").await;
    let refused = server.prepare(card, asked(Some("10.1.7.7"))).await;
    assert_eq!((refused.status, &refused.body["errors"][0]["pointer"]), (400, &json!("/client_assertion")));
    let prepared = server.at(OFFICE).prepare(card, json!({})).await.good();
    let assertion = signed(card, &prepared);
    let refused = desk.ask_as_platform(&[("grant_type", JWT), ("assertion", &assertion)]).await;
    assert_eq!(refused.refusal(), (400, "invalid_request"));
    // A system that does not prove itself.
    let forged = world.client_assertion(&world.office_certificate, "welfare-platform", Some("10.1.7.7"));
    let forged = json!({"client_assertion_type": CLIENT, "client_assertion": forged});
    assert_eq!(server.prepare(card, forged).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_registered_pages_prepare_logins_each_for_its_own_client() {
    let world = World::start_with(|settings, _, _| {
        settings.identity.console_origins = [CONSOLE.to_owned()].into();
    })
    .await;
    world.sql(&format!("UPDATE systems SET doc = jsonb_set(doc, '{{origins}}', '[\"{PAGES}\"]')")).await;
    let from = [
        [("origin", PAGES)],
        [("origin", CONSOLE)],
        [("origin", "https://evil.example")],
        [("origin", "null")],
    ];
    let [pages, console, evil, null] =
        std::array::from_fn(|n| Somebody { headers: &from[n], ..world.somebody() });
    let card = &world.people["user"].card;
    for (known, origin) in [(pages, PAGES), (console, CONSOLE)] {
        let asked = known.preflight().await;
        assert_eq!(asked.status, 204);
        let prepared = known.prepare(card, json!({})).await;
        let refused = known.prepare(card, json!({"client_id": "another"})).await;
        assert_eq!((prepared.status, refused.status), (201, 400));
        for answer in [&asked, &prepared, &refused] {
            assert_eq!(answer.headers.get("access-control-allow-origin").unwrap(), origin);
            assert_eq!(answer.headers.get("vary").unwrap(), "Origin");
        }
    }
    for foreign in [evil, null] {
        for answer in [foreign.preflight().await, foreign.prepare(card, json!({})).await] {
            assert_eq!(answer.status, 403);
            assert!(!answer.headers.contains_key("access-control-allow-origin"));
        }
    }
    // What the platform's page prepared is for the platform.
    let prepared = pages.prepare(card, json!({})).await.good();
    let assertion = signed(card, &prepared);
    let form = [("grant_type", JWT), ("assertion", assertion.as_str())];
    assert_eq!(world.somebody().ask(&form).await.refusal(), (400, "invalid_grant"));
    // The gate before every operation lets a preflight through where a public operation answers it, and nowhere else.
    let http = chassis::http_client(std::time::Duration::from_secs(10)).unwrap();
    let preflight = async |path: &str, method: &str| {
        let url = format!("{}{path}", world.app.running.url());
        let request = http.request(Method::OPTIONS, url).header("origin", PAGES);
        request.header("access-control-request-method", method).send().await.unwrap().status().as_u16()
    };
    assert_eq!(preflight("/v1/logins", "POST").await, 204);
    assert_eq!(preflight("/v1/accounts", "GET").await, 401);
    assert_eq!(preflight("/v1/logins", "DELETE").await, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn chains_and_waiting_logins_are_bounded() {
    let world = World::start_with(|settings, _, _| {
        settings.http.limits = Limits { logins: 3, ..Limits::none() };
        settings.redis.url = None;
    })
    .await;
    let (somebody, card) = (world.somebody(), &world.people["user"].card);
    let leaf = card.credential().x5c().remove(0);
    for (certificate, pointer) in [
        (json!([]), "/certificate"),
        (json!(vec![leaf.clone(); 6]), "/certificate"),
        (json!([leaf.clone(), "A".repeat(20_000)]), "/certificate"),
        (json!(["!"]), "/certificate/0"),
        (json!(["AAAA"]), "/certificate/0"),
        (json!([1]), "/certificate/0"),
    ] {
        let refused = somebody.prepare(card, json!({ "certificate": certificate })).await;
        assert_eq!((refused.status, &refused.body["errors"][0]["pointer"]), (400, &json!(pointer)));
    }
    let unknown = somebody.prepare(card, json!({"x": 1})).await;
    assert_eq!(unknown.body["errors"][0]["pointer"], "/x");
    let desk = somebody.at("10.1.5.5");
    for _ in 0..3 {
        let _ = desk.prepare(card, json!({})).await.good();
    }
    let refused = desk.prepare(card, json!({})).await;
    assert_eq!(refused.status, 429);
    assert!(refused.headers.contains_key("retry-after"));
    let _ = somebody.at("10.1.5.6").prepare(card, json!({})).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_post_is_the_one_that_was_prepared_or_is_chosen_and_is_held() {
    let world = World::start().await;
    let (somebody, user) = (world.somebody(), &world.people["user"]);
    let redeem = async |prepared: &Value, more: &[(&str, &str)]| {
        let assertion = signed(&user.card, prepared);
        somebody.ask(&[&[("grant_type", JWT), ("assertion", &assertion)], more].concat()).await
    };
    let (own, other) = (user.post.to_string(), world.people["colleague"].post.to_string());
    let prepared = somebody.prepare(&user.card, json!({"post": own})).await.good();
    let token = redeem(&prepared, &[]).await.good();
    assert_eq!(claims(&token)["post"], json!(own));
    let prepared = somebody.prepare(&user.card, json!({"post": own})).await.good();
    assert_eq!(redeem(&prepared, &[("post", &other)]).await.refusal(), (400, "invalid_grant"));
    let prepared = somebody.prepare(&user.card, json!({"post": other})).await.good();
    let refused = redeem(&prepared, &[]).await;
    assert_eq!(refused.text("error_description"), "This post is not held today.");
    // Of what the post may do, a part.
    let card = &world.people["supervisor"].card;
    let part = somebody.sign_in(card, &[("scope", "user")]).await.good();
    assert_eq!((&part["scope"], &claims(&part)["roles"]), (&json!("user"), &json!(["user"])));
    let refused = somebody.sign_in(card, &[("scope", "user auditor")]).await;
    assert_eq!(refused.refusal(), (400, "invalid_scope"));
}
