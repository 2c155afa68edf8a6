//! The token endpoint: cards, systems, replay, lost cards, places.

use account_types::events::{AccountChanged, AccountStatus};
use account_types::{ActContent, DeputyTerms};
use identity::assertion::sign_assertion;
use identity::{AssertionKind, AssertionRequest, CardSigner, SoftCard};
use kernel::Clock as _;
use reqwest::Response;
use serde_json::{Value, json};

use crate::world::{World, account_id};

fn assertion(
    world: &World,
    card: &dyn CardSigner,
    kind: AssertionKind,
    client_id: Option<&str>,
    jti: &str,
) -> String {
    let request = AssertionRequest {
        kind,
        client_id,
        audience: "https://account.test",
        jti,
        ttl: chrono::Duration::seconds(60),
        client_thumbprint: None,
    };
    sign_assertion(card, &request, world.app.clock.now()).unwrap()
}

async fn ask(world: &World, form: &[(&str, &str)]) -> (u16, Value) {
    let client = chassis::http_client(std::time::Duration::from_secs(10)).unwrap();
    let sent: Response =
        client.post(format!("{}/v1/token", world.app.running.url())).form(form).send().await.unwrap();
    let status = sent.status().as_u16();
    (status, sent.json().await.unwrap())
}

const JWT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

pub async fn login(world: &World, name: &str, jti: &str) -> (u16, Value) {
    let jwt = assertion(world, &world.people[name].card, AssertionKind::Login, None, jti);
    ask(world, &[("grant_type", JWT), ("assertion", &jwt), ("unknown", "ignored")]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_gets_a_token_once_for_each_nonce() {
    let world = World::start().await;
    let jwt = assertion(&world, &world.people["user"].card, AssertionKind::Login, None, "n1");
    let form = [("grant_type", JWT), ("assertion", jwt.as_str())];
    let (status, token) = ask(&world, &form).await;
    assert_eq!(
        (status, &token["token_type"], &token["scope"]),
        (200, &json!("Bearer"), &json!("user")),
        "{token}"
    );
    let token = token["access_token"].as_str().unwrap();
    let _ = world.app.get("/v1/accounts", token).await.expect_status(200);
    assert_eq!(ask(&world, &form).await, (400, json!({"error": "invalid_grant"})));
    let stranger = world.app.person("stranger", "office", &[]);
    let jwt = assertion(&world, &stranger.card, AssertionKind::Login, None, "n2");
    assert_eq!(
        ask(&world, &[("grant_type", JWT), ("assertion", &jwt)]).await.1,
        json!({"error": "invalid_grant"})
    );
    assert_eq!(
        ask(&world, &[("grant_type", "password")]).await.1,
        json!({"error": "unsupported_grant_type"})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_proves_itself_and_attests_the_place_and_two_places_are_one_too_many() {
    let world = World::start().await;
    let platform = SoftCard::new(world.platform.clone());
    let client =
        |jti: &str| assertion(&world, &platform, AssertionKind::Client, Some("welfare-platform"), jti);
    let (status, token) =
        ask(&world, &[("grant_type", "client_credentials"), ("client_assertion", &client("c1"))]).await;
    assert_eq!((status, &token["scope"]), (200, &json!("agency_system")), "{token}");
    let other = SoftCard::new(world.office_certificate.clone());
    let jwt = assertion(&world, &other, AssertionKind::Client, Some("welfare-platform"), "c2");
    assert_eq!(ask(&world, &[("grant_type", "client_credentials"), ("client_assertion", &jwt)]).await.0, 401);
    let from = async |place: &str, jti: &str| {
        let (jwt, client) =
            (assertion(&world, &world.people["user"].card, AssertionKind::Login, None, jti), client(jti));
        ask(
            &world,
            &[("grant_type", JWT), ("assertion", &jwt), ("client_assertion", &client), ("place", place)],
        )
        .await
        .0
    };
    assert_eq!(from("10.1.2.3", "p1").await, 200);
    assert_eq!(from("10.1.2.3", "p2").await, 200);
    assert_eq!(from("10.7.7.7", "p3").await, 400);
    assert_eq!(world.app.published::<account_types::events::TwoPlacesFound>().await.len(), 1);
    world.app.clock.advance(chrono::Duration::minutes(11));
    assert_eq!(from("10.7.7.7", "p4").await, 200);
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
    let login = async |jti: &str| {
        let jwt = assertion(&world, &world.people["colleague"].card, AssertionKind::Login, None, jti);
        ask(&world, &[("grant_type", JWT), ("assertion", &jwt), ("post", deputy["id"].as_str().unwrap())])
            .await
    };
    let (status, token) = login("d1").await;
    assert_eq!((status, &token["scope"]), (200, &json!("unit_supervisor")), "{token}");
    let token = token["access_token"].as_str().unwrap();
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
    world.app.clock.advance(chrono::Duration::days(5));
    assert_eq!(login("d2").await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_card_stops_everything_until_there_is_a_new_one() {
    let world = World::start().await;
    let report = json!({"person": world.people["user"].person, "lost_on": "2026-03-02"});
    world.post("colleague", "/v1/lost-cards", &report).await.expect_problem("not-the-actor");
    let done = world.post("officer", "/v1/lost-cards", &report).await.expect_status(200);
    assert_eq!((&done["cards"], done["accounts"].as_array().unwrap().len()), (&json!(1), 2));
    assert_eq!(login(&world, "user", "after").await.0, 400);
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
