//! Parts that go away and come back, as docs/ARCHITECTURE.md promises: what needs them is refused or waits, the rest
//! goes on, everything recovers without a restart, and nothing that was acknowledged is lost.

use std::net::SocketAddr;

use identity::{AssertionKind, AssertionRequest, CardSigner as _, jws, sign_assertion};
use kernel::{Clock as _, SystemClock};
use reqwest::{Method, Response};
use rustix::process::{Pid, Signal, kill_process};

use crate::link::Link;
use crate::people::{ISSUER, OFFICE, nonce};
use crate::queries::{REGISTRY, question};
use crate::world::{Wanted, World, code, expect, kafka};

const WAITING: &str = "SELECT count(*) AS n FROM outbox WHERE published_at IS NULL";
const DEAD: &str = "SELECT count(*) AS n FROM dead_letters";

pub fn address_of(url: &str) -> SocketAddr {
    let host = url.split("//").last().unwrap().split('@').next_back().unwrap();
    host.split('/').next().unwrap().parse().unwrap()
}

/// Leads a service to its database through a link, from its next start on.
pub async fn database_through_a_link(world: &World, service: &str) -> Link {
    let real = address_of(&world.database_url(service));
    let link = Link::to(real).await;
    let file = world.settings_file(service);
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace(&format!("@{real}/"), &format!("@{}/", link.address))).unwrap();
    assert!(std::fs::read_to_string(&file).unwrap().contains(&link.address.to_string()), "{text}");
    link
}

/// A refusal that says when to try again.
pub async fn unavailable(answer: Response, wanted: &str) {
    assert!(answer.headers().contains_key("retry-after"), "{answer:?}");
    let problem = expect(answer, 503).await;
    assert_eq!(code(&problem), wanted, "{problem:#}");
}

/// Asks until it is answered; a part that is back is found without a restart.
pub async fn until_answered(ask: impl AsyncFn() -> Response) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let answer = ask().await;
        if answer.status().is_success() {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "{}", answer.text().await.unwrap());
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

/// Waits until a service has logged `message`.
async fn until_logged(world: &World, service: &str, message: &str) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    while !world.processes[service].log().contains(message) {
        assert!(tokio::time::Instant::now() < deadline, "{service} did not say: {message}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_kafka_queries_and_changes_go_on_and_their_events_come_when_it_is_back() {
    if kafka().is_none() {
        return;
    }
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    let path = folder.path().to_owned();
    let broker = tokio::task::spawn_blocking(move || dev_servers::Kafka::start(path)).await.unwrap().unwrap();
    let pid = Pid::from_raw(i32::try_from(broker.pid()).unwrap()).unwrap();
    let wanted = Wanted { kafka: Some(broker.bootstrap().to_owned()), ..Wanted::shared().unwrap() };
    let mut world = World::peopled(wanted).await;
    world.start("audit-sampling").await;
    let application = world.endorsed().await;
    world.until(REGISTRY, WAITING, 0).await;

    kill_process(pid, Signal::STOP).unwrap();
    let body = question(&application);
    let query = expect(world.ask(&body).await, 200).await;
    let case = world.case().await;
    // The relay tries, and waits. A reader that the group has given up is replaced, for no client may wait for ever.
    until_logged(&world, REGISTRY, "relay waits").await;
    until_logged(&world, "audit-sampling", "consumer starts again").await;
    assert_ne!(world.count(REGISTRY, WAITING).await, 0, "events queue in the outbox");
    assert_eq!(
        world.get(REGISTRY, &format!("/v1/cases/{case}"), &world.people.user).await["id"],
        case.to_string()
    );

    kill_process(pid, Signal::CONT).unwrap();
    world.until(REGISTRY, WAITING, 0).await;
    let counted = format!(
        "SELECT count(*) AS n FROM population_queries WHERE query_id = '{}'",
        query["query"].as_str().unwrap()
    );
    world.until("audit-sampling", &counted, 1).await;
    for service in [REGISTRY, "audit-sampling", "account"] {
        assert_eq!(world.count(service, DEAD).await, 0, "{service} has dead letters");
    }

    // Nor does the end of a service hang on a broker that says nothing.
    kill_process(pid, Signal::STOP).unwrap();
    for service in [REGISTRY, "audit-sampling", "account"] {
        let begun = std::time::Instant::now();
        let process = world.processes.remove(service).unwrap();
        assert!(tokio::task::spawn_blocking(|| process.stop()).await.unwrap().success());
        println!("{service} ended after {:?}", begun.elapsed());
    }
    kill_process(pid, Signal::CONT).unwrap();
    drop(world);
    drop(broker);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_no_token_is_issued_and_everything_else_goes_on() {
    let Some(mut wanted) = Wanted::shared() else { return };
    let Some(redis) = wanted.redis.take() else { return };
    let mut link = Link::to(address_of(&redis)).await;
    wanted.redis = Some(format!("redis://{}", link.address));
    let world = World::peopled(wanted).await;
    let application = world.endorsed().await;
    expect(sign_in(&world).await, 200).await;

    let assertion = prepared(&world).await.unwrap();
    link.cut().await;
    let refused = redeem(&world, assertion).await;
    assert!(refused.headers().contains_key("retry-after"), "{refused:?}");
    assert_eq!(expect(refused, 503).await["error"], "temporarily_unavailable");
    unavailable(prepared(&world).await.unwrap_err(), "unavailable").await;
    world.get("account", "/v1/accounts", &world.people.auditor).await;
    expect(world.ask(&question(&application)).await, 200).await;

    link.mend().await;
    until_answered(async || sign_in(&world).await).await;
}

async fn sign_in(world: &World) -> Response {
    match prepared(world).await {
        Ok(assertion) => redeem(world, assertion).await,
        Err(refused) => refused,
    }
}

/// The platform's proof, which attests the office.
fn proof(world: &World) -> [(&'static str, String); 2] {
    let jti = nonce();
    let request = AssertionRequest {
        kind: AssertionKind::Client,
        client_id: Some("welfare-platform"),
        audience: ISSUER,
        jti: &jti,
        ttl: chrono::Duration::seconds(110),
        client_thumbprint: None,
        place: OFFICE.parse().ok(),
    };
    let assertion = sign_assertion(&world.people.platform, &request, SystemClock.now()).unwrap();
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned();
    [("client_assertion_type", kind), ("client_assertion", assertion)]
}

fn account(world: &World, path: &str) -> reqwest::RequestBuilder {
    let client = chassis::http_client(std::time::Duration::from_secs(30)).unwrap();
    client.post(format!("{}{path}", world.processes["account"].url))
}

/// A login that the account service prepared and the user's card signed; else the refusal.
async fn prepared(world: &World) -> Result<String, Response> {
    let user = &world.people.user;
    let mut body = serde_json::json!({"certificate": user.card.credential().x5c(), "post": user.post});
    for (name, value) in proof(world) {
        body[name] = value.into();
    }
    let answer = account(world, "/v1/logins").json(&body).send().await.unwrap();
    if !answer.status().is_success() {
        return Err(answer);
    }
    let prepared = expect(answer, 201).await;
    let input = prepared["signing_input"].as_str().unwrap();
    Ok(jws::complete(input, &user.card.sign(input.as_bytes()).unwrap().signature))
}

async fn redeem(world: &World, assertion: String) -> Response {
    let mut form = vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned()),
        ("assertion", assertion),
    ];
    form.extend(proof(world));
    account(world, "/v1/token").form(&form).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_provider_only_what_needs_it_is_refused() {
    let Some(wanted) = Wanted::shared() else { return };
    let mut world = World::peopled(wanted).await;
    let (first, second) = (world.endorsed().await, world.endorsed().await);
    expect(world.ask(&question(&first)).await, 200).await;

    world.to_provider.cut().await;
    unavailable(world.ask(&question(&second)).await, "provider-unavailable").await;
    world.case().await;
    let outcome = "SELECT count(*) AS n FROM log_entries WHERE kind = 'outcome'";
    assert_eq!(world.count(REGISTRY, outcome).await, 2, "the failure is in the log too");
    world.to_provider.mend().await;
    until_answered(async || world.ask(&question(&second)).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_database_a_service_refuses_and_recovers_and_no_event_becomes_a_dead_letter() {
    let Some(wanted) = Wanted::shared() else { return };
    let mut world = World::made_of(wanted).await;
    let mut link = database_through_a_link(&world, REGISTRY).await;
    world.people_it().await;
    let application = world.endorsed().await;
    let taken = world.count(REGISTRY, "SELECT count(*) AS n FROM inbox").await;

    link.cut().await;
    unavailable(world.ask(&question(&application)).await, "unavailable").await;
    let read = world.request(Method::GET, REGISTRY, "/v1/cases", &world.people.user).send().await.unwrap();
    unavailable(read, "unavailable").await;
    // Events come in meanwhile.
    world.run("account", &["replay", "people"]);
    world.until("account", WAITING, 0).await;
    until_logged(&world, REGISTRY, "consumer starts again").await;

    link.mend().await;
    until_answered(async || world.ask(&question(&application)).await).await;
    world.until(REGISTRY, "SELECT count(*) AS n FROM inbox", taken + 6).await;
    assert_eq!(world.count(REGISTRY, DEAD).await, 0);
}
