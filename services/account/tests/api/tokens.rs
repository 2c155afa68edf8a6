//! The token endpoint: its refusals, logins used once, systems, what tokens are bound to, deputies, lost cards.

use account_types::events::{AccountChanged, AccountStatus};
use account_types::{ActContent, DeputyTerms};
use actix_web::test::TestRequest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chassis::settings::BoundTokens;
use identity::{
    AssertionKind, AssertionRequest, Jwk, PublicKey, SignatureAlgorithm, SignedDataOptions, SoftCard, jws,
    sign_assertion, sign_signed_data,
};
use kernel::Clock as _;
use serde_json::{Value, json};

use crate::oauth::{Answer, CLIENT, JWT, OFFICE, PKCS7, claims, signed};
use crate::world::{World, account_id};

const NEUTRAL: &str = "The assertion is not accepted: prepare a login and sign it with the card.";

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_has_the_code_of_the_rfc_and_is_kept_by_nobody() {
    let world = World::start().await;
    let somebody = world.somebody();
    let assertion = || world.platform_assertion(None);
    let foreign = world.client_assertion(&world.office_certificate, "welfare-platform", None);
    let unknown = world.client_assertion(&world.platform, "nobody", None);
    let cases: Vec<(&str, Vec<(&str, String)>, (u16, &str))> = vec![
        ("nothing", vec![], (400, "invalid_request")),
        ("an empty grant type", vec![("grant_type", String::new())], (400, "invalid_request")),
        ("a password", vec![("grant_type", "password".into())], (400, "unsupported_grant_type")),
        ("no assertion", vec![("grant_type", JWT.into())], (400, "invalid_request")),
        ("no refresh token", vec![("grant_type", "refresh_token".into())], (400, "invalid_request")),
        (
            "an unknown refresh token",
            vec![("grant_type", "refresh_token".into()), ("refresh_token", "x".into())],
            (400, "invalid_grant"),
        ),
        (
            "no assertion that can be read",
            vec![("grant_type", JWT.into()), ("assertion", "a.b.c".into())],
            (400, "invalid_grant"),
        ),
        (
            "a post that is no id",
            vec![("grant_type", JWT.into()), ("assertion", "a.b.c".into()), ("post", "1".into())],
            (400, "invalid_request"),
        ),
        ("no system", vec![("grant_type", "client_credentials".into())], (401, "invalid_client")),
        (
            "a system without proof",
            vec![("grant_type", "client_credentials".into()), ("client_id", "welfare-platform".into())],
            (401, "invalid_client"),
        ),
        (
            "an assertion without its type",
            vec![("grant_type", "client_credentials".into()), ("client_assertion", assertion())],
            (400, "invalid_request"),
        ),
        (
            "an assertion of another type",
            vec![
                ("grant_type", "client_credentials".into()),
                ("client_assertion_type", "saml".into()),
                ("client_assertion", assertion()),
            ],
            (401, "invalid_client"),
        ),
        ("another's certificate", system(&foreign, &[]), (401, "invalid_client")),
        ("an unknown system", system(&unknown, &[]), (401, "invalid_client")),
        ("another client id", system(&assertion(), &[("client_id", "console")]), (401, "invalid_client")),
        ("a scope beyond", system(&assertion(), &[("scope", "auditor")]), (400, "invalid_scope")),
    ];
    for (what, form, refusal) in cases {
        let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
        expect_refusal(what, &somebody.ask(&form).await, refusal);
    }
    let twice = [("grant_type", "client_credentials"), ("grant_type", "client_credentials")];
    expect_refusal("twice", &somebody.ask(&twice).await, (400, "invalid_request"));
    let json = TestRequest::post().uri("/v1/token").set_json(json!({"grant_type": "client_credentials"}));
    expect_refusal("JSON", &somebody.send(json).await, (400, "invalid_request"));
    let good = somebody.ask(&as_str(&system(&assertion(), &[("unknown", "ignored")]))).await.good();
    assert_eq!(
        (&good["token_type"], &good["scope"], &good["expires_in"], good.get("refresh_token")),
        (&json!("Bearer"), &json!("agency_system"), &json!(600), None)
    );
    for (scheme, wanted) in [("Basic YTpi", "Basic realm=\"datawarden\""), ("Bearer x", "Bearer")] {
        let headers = [("authorization", scheme)];
        let basic = crate::oauth::Somebody { headers: &headers, ..somebody };
        let refused = basic.ask(&as_str(&system(&assertion(), &[]))).await;
        expect_refusal(scheme, &refused, (401, "invalid_client"));
        assert_eq!(refused.headers.get("www-authenticate").unwrap(), wanted);
    }
}

fn system(assertion: &str, more: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", CLIENT),
        ("client_assertion", assertion),
    ];
    form.iter().chain(more).map(|(name, value)| (*name, (*value).to_owned())).collect()
}

fn as_str<'a>(form: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    form.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

fn expect_refusal(what: &str, answer: &Answer, refusal: (u16, &str)) {
    assert_eq!(answer.refusal(), refusal, "{what}: {answer:?}");
    assert_eq!(answer.headers.get("cache-control").unwrap(), "no-store", "{what}");
    // RFC 6749 §5.2: no quote, no backslash, printable ASCII.
    let text = answer.text("error_description");
    let allowed = |b: u8| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    assert!(!text.is_empty() && text.bytes().all(allowed), "{what}: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_redeemed_once_and_only_as_it_was_prepared_here() {
    let world = World::start().await;
    let (somebody, card) = (world.somebody(), &world.people["user"].card);
    let prepared = somebody.prepare(card, json!({})).await.good();
    let assertion = signed(card, &prepared);
    let form = [("grant_type", JWT), ("assertion", assertion.as_str())];
    let token = somebody.ask(&form).await.good();
    assert_eq!((&token["token_type"], &token["scope"]), (&json!("Bearer"), &json!("user")));
    let bearer = token["access_token"].as_str().unwrap();
    let _ = world.app.get("/v1/accounts", bearer).await.expect_status(200);
    assert_eq!(somebody.ask(&form).await.refusal(), (400, "invalid_grant"), "a second time");
    // An assertion with a nonce of the sender's own.
    let request = AssertionRequest {
        kind: AssertionKind::Login,
        client_id: None,
        audience: "https://account.test",
        jti: "my-own",
        ttl: chrono::Duration::seconds(60),
        client_thumbprint: None,
        place: None,
    };
    let own = sign_assertion(card, &request, world.app.clock.now()).unwrap();
    let refused = somebody.ask(&[("grant_type", JWT), ("assertion", &own)]).await;
    assert_eq!(refused.refusal(), (400, "invalid_grant"));
    // The nonce that was prepared for another card.
    let prepared = somebody.prepare(&world.people["colleague"].card, json!({})).await.good();
    let jti = prepared["jti"].as_str().unwrap();
    let borrowed = sign_assertion(card, &AssertionRequest { jti, ..request }, world.app.clock.now()).unwrap();
    let refused = somebody.ask(&[("grant_type", JWT), ("assertion", &borrowed)]).await;
    assert_eq!(refused.refusal(), (400, "invalid_grant"));
    // Too late.
    let prepared = somebody.prepare(card, json!({})).await.good();
    world.app.clock.advance(chrono::Duration::seconds(121));
    let late = signed(card, &prepared);
    let refused = somebody.ask(&[("grant_type", JWT), ("assertion", &late)]).await;
    assert_eq!(
        (refused.refusal(), refused.text("error_description").as_str()),
        ((400, "invalid_grant"), NEUTRAL)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_component_may_answer_as_pkcs7() {
    let world = World::start().await;
    let (somebody, card) = (world.somebody(), &world.people["user"].card);
    let prepared = somebody.prepare(card, json!({})).await.good();
    let input = prepared["signing_input"].as_str().unwrap();
    let message = |signer: &SoftCard, content: &str, options| {
        URL_SAFE_NO_PAD.encode(sign_signed_data(signer, content.as_bytes(), options).unwrap())
    };
    let ask = async |message: &str| somebody.ask(&[("grant_type", PKCS7), ("assertion", message)]).await;
    let detached = SignedDataOptions { detached: true, ..SignedDataOptions::default() };
    for wrong in [
        message(card, input, detached),
        message(&world.people["colleague"].card, input, SignedDataOptions::default()),
        message(card, "something else", SignedDataOptions::default()),
        signed(card, &prepared),
        "!".to_owned(),
    ] {
        let refused = ask(&wrong).await;
        assert_eq!((refused.status, refused.text("error_description").as_str()), (400, NEUTRAL));
    }
    let good = message(card, input, SignedDataOptions::default());
    assert_eq!(ask(&good).await.good()["scope"], "user");
    assert_eq!(ask(&good).await.refusal(), (400, "invalid_grant"), "a second time");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_cards_lost_cards_people_who_left_and_wrong_signatures_get_one_answer() {
    let world = World::start().await;
    let somebody = world.somebody();
    let report = json!({"person": world.people["colleague"].person, "lost_on": "2026-03-02"});
    let _ = world.post("officer", "/v1/lost-cards", &report).await.expect_status(200);
    world.sql("UPDATE people SET doc = jsonb_set(doc, '{in_service}', 'false') WHERE doc->'posts'->0->'roles' ? 'agency_head'").await;
    let stranger = world.app.person("stranger", "office", &[]).card;
    let expected = json!({"error": "invalid_grant", "error_description": NEUTRAL});
    for (what, card) in [
        ("unknown", &stranger),
        ("lost", &world.people["colleague"].card),
        ("left", &world.people["head"].card),
    ] {
        let refused = somebody.sign_in(card, &[]).await;
        assert_eq!((refused.status, &refused.body), (400, &expected), "{what}");
    }
    let card = &world.people["user"].card;
    let prepared = somebody.prepare(card, json!({})).await.good();
    let input = prepared["signing_input"].as_str().unwrap();
    let wrong = jws::complete(input, &[7; 64]);
    let refused = somebody.ask(&[("grant_type", JWT), ("assertion", &wrong)]).await;
    assert_eq!((refused.status, &refused.body), (400, &expected), "wrong signature");
    let agency = SoftCard::new(world.office_certificate.clone());
    let refused = somebody.sign_in(&agency, &[]).await;
    assert_eq!((refused.status, &refused.body), (400, &expected), "no citizen card");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_proves_itself_with_each_assertion_once_and_only_while_it_is_registered() {
    let world = World::start().await;
    let somebody = world.somebody();
    let assertion = world.platform_assertion(None);
    let form = system(&assertion, &[]);
    let token = somebody.ask(&as_str(&form)).await.good();
    assert_eq!(claims(&token)["client_id"], "welfare-platform");
    let replayed = somebody.ask(&as_str(&form)).await;
    assert_eq!(replayed.refusal(), (401, "invalid_client"));
    world.sql("UPDATE systems SET doc = jsonb_set(doc, '{active}', 'false')").await;
    let inactive = somebody.ask(&as_str(&system(&world.platform_assertion(None), &[]))).await;
    assert_eq!((inactive.status, &inactive.body), (401, &replayed.body), "as one that is not known");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_the_metadata_finds_the_key_that_signs_tokens() {
    let world = World::start().await;
    let somebody = world.somebody();
    let get = async |path: &str| somebody.send(TestRequest::get().uri(path)).await.good();
    let metadata = get("/.well-known/oauth-authorization-server").await;
    assert_eq!(metadata["issuer"], "https://account.test");
    assert_eq!(metadata["token_endpoint"], "https://account.test/v1/token");
    assert_eq!(metadata["tls_client_certificate_bound_access_tokens"], true);
    let keys = get("/.well-known/jwks.json").await;
    let token = somebody.login("user").await.good();
    let token = token["access_token"].as_str().unwrap();
    let (input, signature) = token.rsplit_once('.').unwrap();
    let header = URL_SAFE_NO_PAD.decode(input.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    let key = keys["keys"].as_array().unwrap().iter().find(|k| k["kid"] == header["kid"]).unwrap();
    let key: Jwk = serde_json::from_value(key.clone()).unwrap();
    let part = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_ref().unwrap()).unwrap();
    let public = PublicKey::P256([vec![4], part(&key.x), part(&key.y)].concat());
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert_eq!(key.alg, "ES256");
    public.verify(SignatureAlgorithm::Es256, input.as_bytes(), &signature).unwrap();
    // Both are counted and offered by GET alone, as every operation.
    let _ = world.app.get("/.well-known/jwks.json", "none").await.expect_status(200);
    world.app.post("/.well-known/jwks.json", "none", &json!({})).await.expect_problem("method-not-allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_bound_to_the_tls_certificate_and_where_that_is_required_none_is_had_without() {
    let world =
        World::start_with(|settings, _, _| settings.identity.bound_tokens = BoundTokens::Required).await;
    let bare = world.somebody();
    let bound = crate::oauth::Somebody { certificate: Some("tls-of-the-platform"), ..bare };
    let form = || system(&world.platform_assertion(None), &[]);
    assert_eq!(bare.ask(&as_str(&form())).await.refusal(), (401, "invalid_client"));
    assert_eq!(bare.login("user").await.refusal(), (401, "invalid_client"));
    let token = bound.ask(&as_str(&form())).await.good();
    assert_eq!(claims(&token)["cnf"], json!({"x5t#S256": "tls-of-the-platform"}));
    let token = bound.login("user").await.good();
    assert_eq!(claims(&token)["cnf"], json!({"x5t#S256": "tls-of-the-platform"}));
    let refresh = token["refresh_token"].as_str().unwrap();
    assert_eq!(bare.renew(refresh).await.refusal(), (401, "invalid_client"));
    let _ = bound.renew(refresh).await.good();
    // What the card signed for one certificate is redeemed with no other.
    let card = &world.people["colleague"].card;
    let for_one = json!({"client_thumbprint": "tls-of-the-platform"});
    let prepared = bound.prepare(card, for_one).await.good();
    let assertion = signed(card, &prepared);
    let other = crate::oauth::Somebody { certificate: Some("another"), ..bare };
    let refused = other.ask(&[("grant_type", JWT), ("assertion", &assertion)]).await;
    assert_eq!(refused.refusal(), (400, "invalid_grant"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_card_may_try_so_often_with_wrong_signatures_too() {
    let world = World::start_with(|settings, _, _| {
        settings.http.limits.logins = 3;
        settings.redis.url = None;
    })
    .await;
    let card = &world.people["user"].card;
    let prepared = world.somebody().prepare(card, json!({})).await.good();
    let wrong = jws::complete(prepared["signing_input"].as_str().unwrap(), &[7; 64]);
    let wrong = [("grant_type", JWT), ("assertion", wrong.as_str())];
    for place in ["10.1.0.1", "10.1.0.2", "10.1.0.3"] {
        assert_eq!(world.somebody().at(place).ask(&wrong).await.refusal(), (400, "invalid_grant"));
    }
    let right = signed(card, &prepared);
    let refused = world.somebody().ask(&[("grant_type", JWT), ("assertion", &right)]).await;
    assert_eq!(
        (refused.status, &refused.body["type"]),
        (429, &json!("urn:datawarden:problem:too-many-requests"))
    );
    assert!(refused.headers.contains_key("retry-after"));
    let _ = world.somebody().login("colleague").await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deputy_acts_in_the_post_he_stands_in_for_but_not_for_himself() {
    let world = World::start().await;
    let terms = DeputyTerms {
        principal: world.people["supervisor"].person,
        post: world.people["supervisor"].post,
        deputy: world.people["colleague"].person,
        from: "2026-03-02".parse().unwrap(),
        until: "2026-03-06".parse().unwrap(),
        roles: ["unit_supervisor".to_owned()].into(),
    };
    let content = ActContent::new("create_deputy", terms.post.0, world.people["supervisor"].post, &terms);
    let order = json!({"terms": terms, "endorsement": world.sign("supervisor", &content)});
    let deputy = world.post("supervisor", "/v1/deputies", &order).await.expect_status(201);
    let somebody = world.somebody();
    let post = deputy["id"].as_str().unwrap();
    let card = &world.people["colleague"].card;
    let granted = somebody.sign_in(card, &[("post", post)]).await.good();
    assert_eq!(granted["scope"], "unit_supervisor");
    assert_eq!(claims(&granted)["acting_for"], json!(world.people["supervisor"].post));
    let token = granted["access_token"].as_str().unwrap();
    let endorse = async |application: &Value| {
        let body = world.stage("colleague", application, "unit-supervisor", None);
        let path =
            format!("/v1/permission-applications/{}/endorsements", application["id"].as_str().unwrap());
        world.app.post(&path, token, &body).await
    };
    let own = world.file("colleague", world.form("colleague", "household", "add", None), 'a').await;
    endorse(&own).await.expect_problem("own-matter");
    let principals = world.file("supervisor", world.form("supervisor", "household", "add", None), 'b').await;
    endorse(&principals).await.expect_problem("own-matter");
    let other = world.file("user", world.form("user", "household", "add", None), 'c').await;
    let done = endorse(&other).await.expect_status(200);
    assert_eq!(done["steps"][1]["acting_for"], json!(world.people["supervisor"].post));
    // What is stood in for is handed on to nobody.
    let terms = DeputyTerms {
        principal: terms.deputy,
        post: post.parse().unwrap(),
        deputy: world.people["user"].person,
        ..terms
    };
    let content = ActContent::new("create_deputy", terms.post.0, world.people["colleague"].post, &terms);
    let order = json!({"terms": terms, "endorsement": world.sign("colleague", &content)});
    world.app.post("/v1/deputies", token, &order).await.expect_problem("person-unfit");
    world.app.clock.advance(chrono::Duration::days(5));
    assert_eq!(somebody.sign_in(card, &[("post", post)]).await.refusal(), (400, "invalid_grant"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_card_stops_everything_until_there_is_a_new_one() {
    let world = World::start().await;
    let report = json!({"person": world.people["user"].person, "lost_on": "2026-03-02"});
    world.post("colleague", "/v1/lost-cards", &report).await.expect_problem("not-the-actor");
    let done = world.post("officer", "/v1/lost-cards", &report).await.expect_status(200);
    assert_eq!((&done["cards"], done["accounts"].as_array().unwrap().len()), (&json!(1), 2));
    assert_eq!(world.somebody().at(OFFICE).login("user").await.refusal(), (400, "invalid_grant"));
    let suspended: Vec<AccountChanged> = world.app.published::<AccountChanged>().await;
    assert!(suspended.iter().rev().take(2).all(|a| a.account.status == AccountStatus::Suspended));
    let path = format!("/v1/accounts/{}/resumption", account_id("household/user"));
    let words = json!({"reason": "補發", "clause": "H5.1.2"});
    world.post("it", &path, &words).await.expect_problem("not-suspended");
    // Household: the report is the notice. Immigration: an act in the agency's system that is followed.
    let duties = world.get("it", "/v1/obligations?clause=H5.2.3").await.expect_status(200);
    assert!(duties["items"].as_array().unwrap().iter().all(|d| d["state"] == "done"), "{duties:#}");
    let acts = world.get("officer", "/v1/agency-acts?status=open").await.expect_status(200);
    assert_eq!(acts["items"][0]["kind"], "lost_card_notice");
    let notice = world.get("it", "/v1/obligations?clause=I3.7&state=open").await.expect_status(200);
    assert_eq!(notice["items"][0]["due_on"], "2026-03-02");
}
