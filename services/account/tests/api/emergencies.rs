//! Break-glass over HTTP and on the spot: two custodians, hours, no data, every act named, a review.

use account_types::events::EmergencyChanged;
use account_types::{ActContent, CardBinding, EmergencyContent, EmergencyTerms, GovernedAct};
use chrono::Duration;
use identity::{Principal, Role};
use kernel::Clock as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::oauth::{Answer, claims};
use crate::world::World;

fn terms(world: &World, grant: u128) -> EmergencyTerms {
    EmergencyTerms {
        grant: Uuid::from_u128(grant).into(),
        written_at: world.app.clock.now(),
        receiver: world.people["it"].person,
        post: world.people["it"].post,
        roles: ["administrator".to_owned()].into(),
        hours: None,
        reason: "兩位管理者均無法到班".into(),
    }
}

fn body(world: &World, name: &str, terms: &EmergencyTerms) -> Value {
    json!({"terms": terms, "endorsement": world.sign(name, &EmergencyContent::new(terms))})
}

async fn given(world: &World, grant: u128) -> String {
    let terms = terms(world, grant);
    let _ = world.post("head", "/v1/emergency-grants", &body(world, "head", &terms)).await.expect_status(201);
    let path = format!("/v1/emergency-grants/{}", terms.grant);
    let second = json!({"endorsement": world.sign("chief", &EmergencyContent::new(&terms))});
    let done = world.post("chief", &format!("{path}/completion"), &second).await.expect_status(200);
    assert_eq!(done["status"], "given");
    path
}

/// Tokens as the receiver gets them at login.
async fn emergency_login(world: &World) -> Value {
    let tokens = login(world).await.good();
    assert_eq!(tokens["scope"], "it_unit administrator", "{tokens}");
    tokens
}

async fn emergency_token(world: &World) -> String {
    emergency_login(world).await["access_token"].as_str().unwrap().to_owned()
}

async fn login(world: &World) -> Answer {
    world.somebody().login("it").await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_two_named_custodians_break_the_glass() {
    let world = World::start().await;
    let terms = terms(&world, 1);
    let path = format!("/v1/emergency-grants/{}", terms.grant);
    let propose = async |caller: &str, signer: &str| {
        world.post(caller, "/v1/emergency-grants", &body(&world, signer, &terms)).await
    };
    propose("user", "user").await.expect_problem("not-a-custodian");
    propose("admin-a", "admin-a").await.expect_problem("not-a-custodian");
    propose("user", "head").await.expect_problem("not-a-custodian");
    let mut queries = terms.clone();
    queries.roles.insert("user".into());
    let problem = world
        .post("head", "/v1/emergency-grants", &body(&world, "head", &queries))
        .await
        .expect_problem("emergency-terms");
    assert_eq!(problem["errors"][0]["pointer"], "/terms/roles");
    let _ = propose("head", "head").await.expect_status(201);
    propose("head", "head").await.expect_problem("emergency-settled");
    assert_eq!(login(&world).await.good()["scope"], "it_unit", "one hand gives nothing");
    let complete = async |caller: &str, terms: &EmergencyTerms| {
        let signed = json!({"endorsement": world.sign(caller, &EmergencyContent::new(terms))});
        world.post(caller, &format!("{path}/completion"), &signed).await
    };
    complete("head", &terms).await.expect_problem("not-a-custodian");
    complete("admin-b", &terms).await.expect_problem("not-a-custodian");
    let longer = EmergencyTerms { hours: Some(24), ..terms.clone() };
    complete("chief", &longer).await.expect_problem("endorsement-invalid");
    let _ = complete("chief", &terms).await.expect_status(200);
    complete("handler", &terms).await.expect_problem("emergency-settled");
    let kinds = world.recorded_kinds().await;
    assert_eq!(
        kinds,
        [
            "endorsement",
            "endorsement",
            "bootstrap",
            "endorsement",
            "emergency-proposed",
            "endorsement",
            "emergency-grant"
        ]
    );
    let told = world.app.published::<EmergencyChanged>().await;
    assert_eq!((told.len(), told[0].state.as_str(), told[0].custodians.len()), (1, "in_effect", 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_roles_count_for_hours_and_are_gone_at_once_after_them() {
    let world = World::start().await;
    given(&world, 1).await;
    let token = emergency_token(&world).await;
    let _ = world.app.get("/v1/governed-changes", &token).await.expect_status(200);
    world.app.clock.advance(Duration::hours(4) - Duration::minutes(3));
    let late = login(&world).await.good();
    assert_eq!(late["expires_in"], 180, "no token outlives the grant");
    let late = late["access_token"].as_str().unwrap().to_owned();
    let _ = world.app.get("/v1/governed-changes", &late).await.expect_status(200);
    world.app.clock.advance(Duration::minutes(3));
    assert_eq!(world.app.get("/v1/governed-changes", &late).await.status, 401);
    assert_eq!(login(&world).await.good()["scope"], "it_unit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_begun_under_a_grant_is_renewed_until_the_grant_ends_and_never_after() {
    let world = World::start().await;
    let before = login(&world).await.good();
    given(&world, 1).await;
    let somebody = world.somebody();
    let refresh = |tokens: &Value| tokens["refresh_token"].as_str().unwrap().to_owned();
    let older = somebody.renew(&refresh(&before)).await.good();
    assert_eq!((&older["scope"], &claims(&older)["emergency"]), (&json!("it_unit"), &Value::Null));
    let mut tokens = emergency_login(&world).await;
    let grant = json!(Uuid::from_u128(1));
    // Four hours, in steps shorter than the idle limit.
    for _ in 0..23 {
        world.app.clock.advance(Duration::minutes(10));
        tokens = somebody.renew(&refresh(&tokens)).await.good();
        assert_eq!(
            (&tokens["scope"], &claims(&tokens)["emergency"]),
            (&json!("it_unit administrator"), &grant)
        );
    }
    world.app.clock.advance(Duration::minutes(7));
    tokens = somebody.renew(&refresh(&tokens)).await.good();
    assert_eq!((&tokens["expires_in"], &tokens["refresh_token_expires_in"]), (&json!(180), &json!(180)));
    world.app.clock.advance(Duration::minutes(3));
    assert_eq!(somebody.renew(&refresh(&tokens)).await.refusal(), (400, "invalid_grant"));
    assert_eq!(login(&world).await.good()["scope"], "it_unit");
}

#[tokio::test(flavor = "multi_thread")]
async fn under_a_grant_no_account_is_opened_no_data_asked_and_nothing_lasting_is_given() {
    let world = World::start().await;
    given(&world, 1).await;
    let token = emergency_token(&world).await;
    // The receiver's own role, `it_unit`, opens these without the grant.
    let words = json!({"reason": "x", "clause": "H5.1.2"});
    let account = crate::world::account_id("household/user");
    let resumption = format!("/v1/accounts/{account}/resumption");
    world.app.post(&resumption, &token, &words).await.expect_problem("forbidden");
    world.app.get("/v1/inventories", &token).await.expect_problem("forbidden");
    let propose = async |change: &GovernedAct| {
        let content =
            ActContent::new("propose_governed_change", Uuid::nil(), world.people["it"].post, change);
        let body = json!({"change": change, "reason": "x", "endorsement": world.sign("it", &content)});
        world.app.post("/v1/governed-changes", &token, &body).await
    };
    let custodians = ["officer", "colleague"].map(|name| world.people[name].person).into();
    propose(&GovernedAct::NameCustodians { custodians }).await.expect_problem("beyond-emergency");
    let network = GovernedAct::ChangeNetworks { agency: world.people["user"].agency, networks: vec![] };
    propose(&network).await.expect_problem("beyond-emergency");
    let card = |n: &str| CardBinding {
        issuer_key_id: "AA".into(),
        certificate_serial: "01".into(),
        thumbprint: n.into(),
    };
    let to = |name: &str| GovernedAct::BindCard { person: world.people[name].person, card: card(name) };
    propose(&to("user")).await.expect_problem("beyond-emergency");
    propose(&to("it")).await.expect_problem("own-matter");
    let proposed = propose(&to("admin-a")).await.expect_status(201);
    assert_eq!(proposed["proposed"]["emergency"], json!(Uuid::from_u128(1)), "the act names the grant");
    // No second grant on top of the first.
    let more = EmergencyTerms { hours: Some(24), ..terms(&world, 2) };
    let signed = ["head", "chief"].map(|name| world.sign(name, &EmergencyContent::new(&more)));
    let refused = account::emergencies::break_glass(world.app.context(), &more, &signed).await.unwrap_err();
    assert_eq!(refused.code(), "emergency-settled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_whose_grant_was_ended_changes_nothing_any_more() {
    let world = World::start().await;
    let path = given(&world, 1).await;
    let tokens = emergency_login(&world).await;
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    world.post("user", &format!("{path}/ending"), &json!({})).await.expect_problem("not-the-actor");
    let ended = world.post("head", &format!("{path}/ending"), &json!({})).await.expect_status(200);
    assert_eq!(ended["ended_by"], json!(world.people["head"].person));
    let refused = world.somebody().renew(tokens["refresh_token"].as_str().unwrap()).await;
    assert_eq!(refused.refusal(), (400, "invalid_grant"), "its session ended with it");
    let change = GovernedAct::BindCard {
        person: world.people["admin-a"].person,
        card: CardBinding {
            issuer_key_id: "AA".into(),
            certificate_serial: "01".into(),
            thumbprint: "x".into(),
        },
    };
    let content = ActContent::new("propose_governed_change", Uuid::nil(), world.people["it"].post, &change);
    let body = json!({"change": change, "reason": "x", "endorsement": world.sign("it", &content)});
    // Its end was heard (401), or its act looked (409): whichever was first.
    let answer = world.app.post("/v1/governed-changes", &token, &body).await;
    assert!([401, 409].contains(&answer.status), "{}", answer.status);
    assert_eq!(login(&world).await.good()["scope"], "it_unit");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_who_took_no_part_reviews_what_was_done_and_lateness_is_told() {
    let world = World::start().await;
    let path = given(&world, 1).await;
    let token = emergency_token(&world).await;
    let card =
        CardBinding { issuer_key_id: "AA".into(), certificate_serial: "01".into(), thumbprint: "x".into() };
    let change = GovernedAct::BindCard { person: world.people["admin-a"].person, card };
    let content = ActContent::new("propose_governed_change", Uuid::nil(), world.people["it"].post, &change);
    let proposal = json!({"change": change, "reason": "x", "endorsement": world.sign("it", &content)});
    let _ = world.app.post("/v1/governed-changes", &token, &proposal).await.expect_status(201);
    world.get("user", &path).await.expect_problem("not-found");
    let seen = world.get("auditor", &path).await.expect_status(200);
    assert_eq!(seen["acts"][0]["operation"], "POST /v1/governed-changes");
    assert_eq!(seen["acts"].as_array().unwrap().len(), 1);
    let review = |name: &str, digest: &Value| {
        let words = json!({"proper": true, "findings": "確有緊急情形", "acts_digest": digest});
        let content =
            ActContent::new("review_emergency_grant", Uuid::from_u128(1), world.people[name].post, &words);
        json!({"words": words, "endorsement": world.sign(name, &content)})
    };
    let reviewing = format!("{path}/review");
    let digest = &seen["acts_digest"];
    world.post("auditor", &reviewing, &review("auditor", digest)).await.expect_problem("emergency-settled");
    // Three working days: Monday 2 March to Thursday 5 March; the night after it is late.
    let duty =
        world.get("auditor", "/v1/obligations?clause=invariant-11&state=open").await.expect_status(200);
    assert_eq!(
        (&duty["items"][0]["due_on"], &duty["items"][0]["actor"]),
        (&json!("2026-03-05"), &json!("auditor"))
    );
    world.app.advance(Duration::days(4)).await;
    let late = world.get("auditor", "/v1/obligations?clause=invariant-11&late=true").await.expect_status(200);
    assert_eq!(late["items"][0]["escalated_to"], "ethics_officer", "{late:#}");
    // A custodian or the receiver who is an auditor is none for this.
    for name in ["head", "chief", "it"] {
        let person = &world.people[name];
        let own = Principal { roles: [Role::Auditor].into(), ..person.principal() };
        let token = world.app.token_for(&own);
        let answer = world.app.post(&reviewing, &token, &review(name, digest)).await;
        answer.expect_problem("reviewed-by-participant");
    }
    let wrong = review("auditor", &json!("0".repeat(64)));
    world.post("auditor", &reviewing, &wrong).await.expect_problem("emergency-terms");
    let done = world.post("auditor", &reviewing, &review("auditor", digest)).await.expect_status(200);
    assert_eq!((&done["status"], &done["review"]["acts"]), (&json!("reviewed"), &json!(1)));
    let duty = world.get("auditor", "/v1/obligations?clause=invariant-11").await.expect_status(200);
    assert_eq!(
        (&duty["items"][0]["state"], &duty["items"][0]["evidence"][0]["url"]),
        (&json!("done"), &json!(path))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_spot_both_cards_have_the_same_effect_and_the_same_record() {
    let world = World::start().await;
    let terms = terms(&world, 1);
    let sign = |name: &str| world.sign(name, &EmergencyContent::new(&terms));
    let twice = [sign("head"), sign("head")];
    let refused = account::emergencies::break_glass(world.app.context(), &terms, &twice).await.unwrap_err();
    assert_eq!(refused.code(), "not-a-custodian");
    assert!(world.app.published::<EmergencyChanged>().await.is_empty());
    let both = [sign("head"), sign("handler")];
    account::emergencies::break_glass(world.app.context(), &terms, &both).await.unwrap();
    let again = account::emergencies::break_glass(world.app.context(), &terms, &both).await.unwrap_err();
    assert_eq!(again.code(), "emergency-settled", "a signature serves one grant");
    emergency_token(&world).await;
    let kinds = world.recorded_kinds().await;
    assert_eq!(
        kinds,
        [
            "endorsement",
            "endorsement",
            "bootstrap",
            "endorsement",
            "emergency-proposed",
            "endorsement",
            "emergency-grant"
        ]
    );
    let duty =
        world.get("auditor", "/v1/obligations?clause=invariant-11&state=open").await.expect_status(200);
    assert_eq!(duty["items"].as_array().unwrap().len(), 1);
}
