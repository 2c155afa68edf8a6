//! Sessions: rotation, each way in which one ends, one place at a time.

use account_types::events::TwoPlacesFound;
use account_types::{ActContent, DeputyTerms};
use chrono::Duration;
use serde_json::{Value, json};

use crate::oauth::{JWT, Somebody, claims, signed};
use crate::world::{World, account_id};

fn refresh_token(tokens: &Value) -> &str {
    tokens["refresh_token"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_used_once_but_for_a_lost_answer_and_a_second_use_ends_the_session() {
    let world = World::start().await;
    let somebody = world.somebody();
    let first = somebody.login("user").await.good();
    let lost = somebody.renew(refresh_token(&first)).await.good();
    let second = somebody.renew(refresh_token(&first)).await.good();
    let third = somebody.renew(refresh_token(&second)).await.good();
    assert_eq!(claims(&first)["sid"], claims(&third)["sid"], "one session");
    for (what, used) in [("that was replaced unused", &lost), ("of long ago", &first), ("the newest", &third)]
    {
        let refused = somebody.renew(refresh_token(used)).await;
        assert_eq!(refused.refusal(), (400, "invalid_grant"), "{what}");
    }
    assert_eq!(world.session_ends().await, ["token_reused"]);
    assert_eq!(world.app.published::<TwoPlacesFound>().await.len(), 1, "an item for audit");
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_with_access_tokens_of_an_ended_session_are_refused() {
    let world = World::start().await;
    let somebody = world.somebody();
    let tokens = somebody.login("supervisor").await.good();
    let bearer = tokens["access_token"].as_str().unwrap();
    let path = format!("/v1/deputies/{}/end", uuid::Uuid::nil());
    let end = async || world.app.post(&path, bearer, &json!({"reason": "x"})).await;
    end().await.expect_problem("not-found");
    let _ = somebody.log_out(refresh_token(&tokens)).await.good();
    end().await.expect_problem("unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_renewals_at_once_none_ends_the_session() {
    let world = World::start().await;
    let somebody = world.somebody();
    let first = somebody.login("user").await.good();
    let shown = refresh_token(&first);
    let renewed = futures::future::join_all((0..4).map(|_| somebody.renew(shown))).await;
    for answer in &renewed {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(world.session_ends().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_good_from_its_own_certificate_client_and_place_alone() {
    let world = World::start().await;
    let bare = world.somebody();
    let bound = Somebody { certificate: Some("tls"), ..bare };
    for (n, (thief, end)) in
        [(Somebody { certificate: Some("other"), ..bare }, "foreign_holder"), (bare, "foreign_holder")]
            .into_iter()
            .enumerate()
    {
        let tokens = bound.login("user").await.good();
        assert_eq!(thief.renew(refresh_token(&tokens)).await.refusal(), (400, "invalid_grant"));
        assert_eq!(
            bound.renew(refresh_token(&tokens)).await.refusal(),
            (400, "invalid_grant"),
            "for its holder too"
        );
        assert_eq!(world.session_ends().await.len(), n + 1);
        assert_eq!(world.session_ends().await[n], end);
    }
    let tokens = bound.login("user").await.good();
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token(&tokens))];
    assert_eq!(bound.ask_as_platform(&form).await.refusal(), (400, "invalid_grant"), "another client");
    let tokens = bound.login("user").await.good();
    assert_eq!(bound.at("10.7.7.7").renew(refresh_token(&tokens)).await.refusal(), (400, "invalid_grant"));
    assert_eq!(world.app.published::<TwoPlacesFound>().await.len(), 4);
    let _ = bound.renew(refresh_token(&tokens)).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_is_at_one_place_until_his_session_there_has_ended() {
    let world = World::start().await;
    let (here, there) = (world.somebody(), world.somebody().at("10.7.7.7"));
    let tokens = here.login("user").await.good();
    let again = here.login("user").await.good();
    let refused = there.login("user").await;
    assert_eq!(refused.refusal(), (400, "invalid_grant"));
    assert!(refused.text("error_description").starts_with("Another place is in use"), "{refused:?}");
    assert_eq!(world.app.published::<TwoPlacesFound>().await.len(), 1);
    let _ = here.log_out(refresh_token(&tokens)).await.good();
    assert_eq!(there.login("user").await.refusal(), (400, "invalid_grant"), "the other session goes on");
    let _ = here.log_out(refresh_token(&again)).await.good();
    let _ = there.login("user").await.good();
    world.app.clock.advance(Duration::minutes(14));
    assert_eq!(here.login("user").await.refusal(), (400, "invalid_grant"));
    world.app.clock.advance(Duration::minutes(1));
    let _ = here.login("user").await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_logins_at_two_places_at_once_one_is_refused() {
    let world = World::start().await;
    let (here, there) = (world.somebody(), world.somebody().at("10.7.7.7"));
    let card = &world.people["user"].card;
    let (one, other) =
        (here.prepare(card, json!({})).await.good(), there.prepare(card, json!({})).await.good());
    let (one, other) = (signed(card, &one), signed(card, &other));
    let (form, other) = (
        [("grant_type", JWT), ("assertion", one.as_str())],
        [("grant_type", JWT), ("assertion", other.as_str())],
    );
    let (one, other) = futures::join!(here.ask(&form), there.ask(&other));
    assert_eq!([one.status, other.status].iter().filter(|s| **s == 200).count(), 1, "{one:?} {other:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn idleness_and_the_greatest_length_end_a_session() {
    let world = World::start().await;
    let somebody = world.somebody();
    let tokens = somebody.login("user").await.good();
    assert_eq!(tokens["refresh_token_expires_in"], 15 * 60);
    world.app.clock.advance(Duration::minutes(15));
    assert_eq!(somebody.renew(refresh_token(&tokens)).await.refusal(), (400, "invalid_grant"));
    assert_eq!(world.session_ends().await, ["idle"]);
    let mut tokens = somebody.login("user").await.good();
    for _ in 0..44 {
        world.app.clock.advance(Duration::minutes(12));
        tokens = somebody.renew(refresh_token(&tokens)).await.good();
    }
    world.app.clock.advance(Duration::minutes(8));
    tokens = somebody.renew(refresh_token(&tokens)).await.good();
    assert_eq!(tokens["expires_in"], 240, "no token outlives its session");
    world.app.clock.advance(Duration::minutes(4));
    assert_eq!(somebody.renew(refresh_token(&tokens)).await.refusal(), (400, "invalid_grant"));
    assert_eq!(world.session_ends().await, ["idle", "length"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_away_ends_the_sessions_that_stood_on_it() {
    let world = World::start().await;
    let somebody = world.somebody();
    let over = async |tokens: &Value, why: &str| {
        let refused = somebody.renew(refresh_token(tokens)).await;
        assert_eq!(refused.refusal(), (400, "invalid_grant"), "{why}");
        assert_eq!(world.session_ends().await.last().map(String::as_str), Some(why));
        world.app.clock.advance(Duration::seconds(1));
    };
    let words = json!({"reason": "清查", "clause": "H9"});

    let tokens = somebody.login("user").await.good();
    let _ = somebody.log_out(refresh_token(&tokens)).await.good();
    over(&tokens, "log_out").await;

    let tokens = somebody.login("user").await.good();
    let path = format!("/v1/accounts/{}/suspension", account_id("household/user"));
    let _ = world.post("it", &path, &words).await.expect_status(200);
    over(&tokens, "account_changed").await;

    let tokens = somebody.login("user").await.good();
    let path = format!("/v1/accounts/{}/stop", account_id("household/user"));
    let _ = world.post("it", &path, &words).await.expect_status(200);
    over(&tokens, "account_changed").await;

    let tokens = somebody.login("user").await.good();
    let report = json!({"person": world.people["user"].person, "lost_on": "2026-03-02"});
    let _ = world.post("officer", "/v1/lost-cards", &report).await.expect_status(200);
    over(&tokens, "card_lost").await;

    let change = |kind: &str, person: &str, more: Value| {
        let mut change =
            json!({"kind": kind, "person": world.people[person].person, "post": world.people[person].post});
        change.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        change
    };
    let tokens = somebody.login("supervisor").await.good();
    world.govern(&change("change_roles", "supervisor", json!({"roles": ["user"]}))).await;
    over(&tokens, "roles_changed").await;

    let tokens = somebody.login("handler").await.good();
    world.govern(&change("end_post", "handler", json!({"until": "2026-03-01"}))).await;
    over(&tokens, "post_ended").await;

    // A deputy.
    let head = &world.people["head"];
    let terms = DeputyTerms {
        principal: head.person,
        post: head.post,
        deputy: world.people["officer"].person,
        from: "2026-03-02".parse().unwrap(),
        until: "2026-03-06".parse().unwrap(),
        roles: ["agency_head".to_owned()].into(),
    };
    let content = ActContent::new("create_deputy", terms.post.0, head.post, &terms);
    let order = json!({"terms": terms, "endorsement": world.sign("head", &content)});
    let deputy = world.post("head", "/v1/deputies", &order).await.expect_status(201);
    let id = deputy["id"].as_str().unwrap();
    let tokens = somebody.sign_in(&world.people["officer"].card, &[("post", id)]).await.good();
    let path = format!("/v1/deputies/{id}/end");
    let _ = world.post("head", &path, &json!({"reason": "返回上班"})).await.expect_status(200);
    over(&tokens, "post_ended").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_leaves_is_out_on_that_day() {
    let world = World::start().await;
    let somebody = world.somebody();
    let number: String = world
        .text("SELECT staff_number AS text FROM people WHERE id = $1", world.people["user"].person.0)
        .await;
    let csv = format!(
        "通報日期,生效日期,員工代號,姓名,異動類別,異動代碼,原機關,新機關\r\n2026-03-02,2026-03-02,{number},甲,離職,resignation,,\r\n"
    );
    let tokens = somebody.login("user").await.good();
    let _ =
        world.post("it", "/v1/personnel-changes/imports", &json!({ "csv": csv })).await.expect_status(200);
    assert_eq!(somebody.renew(refresh_token(&tokens)).await.refusal(), (400, "invalid_grant"));
    assert_eq!(world.session_ends().await, ["left_service"]);
    assert_eq!(somebody.login("user").await.refusal(), (400, "invalid_grant"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nights_mark_lapsed_sessions_and_forget_old_ones_with_their_tokens() {
    let world = World::start().await;
    let tokens = world.somebody().login("user").await.good();
    assert!(claims(&tokens)["sid"].is_string());
    world.app.advance(Duration::days(1)).await;
    assert_eq!(world.session_ends().await, ["idle"]);
    assert_eq!(world.rows("refresh_tokens").await, 1);
    world.app.advance(Duration::days(32)).await;
    for table in ["sessions", "refresh_tokens", "session_places"] {
        assert_eq!(world.rows(table).await, 0, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_ended_by_its_own_client_alone_and_an_unknown_one_needs_no_ending() {
    let world = World::start().await;
    let somebody = world.somebody();
    let prepared = somebody.prepare(&world.people["user"].card, json!({})).await.good();
    let assertion = signed(&world.people["user"].card, &prepared);
    let tokens = somebody.ask_as_platform(&[("grant_type", JWT), ("assertion", &assertion)]).await.good();
    assert_eq!(somebody.log_out(refresh_token(&tokens)).await.refusal(), (400, "unauthorized_client"));
    assert_eq!(somebody.log_out("unknown").await.good(), json!({"revoked": true}));
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token(&tokens))];
    let _ = somebody.ask_as_platform(&form).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_access_token_ends_alone_and_only_for_its_own_client() {
    let world = World::start().await;
    let somebody = world.somebody();
    let tokens = somebody.login("user").await.good();
    let bearer = tokens["access_token"].as_str().unwrap();
    let _ = world.app.get("/v1/accounts", bearer).await.expect_status(200);
    let card = &world.people["colleague"].card;
    let assertion = signed(card, &somebody.prepare(card, json!({})).await.good());
    let foreign = somebody.ask_as_platform(&[("grant_type", JWT), ("assertion", &assertion)]).await.good();
    let refused = somebody.log_out(foreign["access_token"].as_str().unwrap()).await;
    assert_eq!(refused.refusal(), (400, "unauthorized_client"));
    assert_eq!(somebody.log_out(bearer).await.good(), json!({"revoked": true}));
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    while world.app.get("/v1/accounts", bearer).await.status == 200 {
        assert!(tokio::time::Instant::now() < deadline, "it is still good");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    world.app.get("/v1/accounts", bearer).await.expect_problem("unauthenticated");
    let next = somebody.renew(refresh_token(&tokens)).await.good();
    let _ = world.app.get("/v1/accounts", next["access_token"].as_str().unwrap()).await.expect_status(200);
}
