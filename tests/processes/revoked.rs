//! Revocation at once (invariant 7): three replicas of the registry refuse what the account service took away, whatever
//! else is away; when they hear nothing they refuse what hangs on it, and recover without a restart.
//!
//! How long it took from the answer to the act to the first refusal of each replica is printed beside its goal, never
//! asserted.

use std::time::{Duration, Instant};

use futures::future::join_all;
use identity::BatchEndorsement;
use kernel::{Clock as _, SystemClock};
use query_registry_types::applications::{EndorseQueryApplications, QueryApplicationView};
use reqwest::{Method, Response};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::away::{address_of, database_through_a_link, unavailable, until_answered};
use crate::link::Link;
use crate::people::People;
use crate::queries::{REGISTRY, question};
use crate::world::{Wanted, World, code, expect, kafka};

const REPLICAS: [&str; 3] = [REGISTRY, "query-registry-2", "query-registry-3"];
const LIMIT: Duration = Duration::from_secs(60);

/// A world with three replicas of the registry.
async fn replicated(wanted: Wanted) -> World {
    let mut world = World::peopled(wanted).await;
    for name in &REPLICAS[1..] {
        world.start_replica(REGISTRY, name).await;
    }
    world
}

/// Asks `replica` until its answer is a refusal with `wanted`; gives when that was.
async fn refusal(ask: impl AsyncFn() -> Response, wanted: &str) -> Instant {
    let begun = Instant::now();
    loop {
        let answer = ask().await;
        let problem: Value = answer.json().await.unwrap();
        if code(&problem) == wanted {
            return Instant::now();
        }
        assert!(begun.elapsed() < LIMIT, "not refused: {problem:#}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Prints how long each replica took since `done`.
fn print(what: &str, done: Instant, refused: &[Instant]) {
    let times: Vec<String> =
        refused.iter().map(|at| format!("{} ms", at.saturating_duration_since(done).as_millis())).collect();
    eprintln!("{what}: answer to the act → first refusal, by replica: {} (goal 1 s)", times.join(", "));
}

/// An act at the account service; gives when its answer was there.
async fn act(world: &World, path: &str, by: &crate::people::Person, body: &Value) -> Instant {
    let answer = world.request(Method::POST, "account", path, by).json(body).send().await.unwrap();
    expect(answer, 200).await;
    Instant::now()
}

/// Suspends the user's account, resumes it, and reports his card lost; each replica must follow each time.
async fn everybody_follows(world: &World, with: &str) {
    let (people, user) = (&world.people, &world.people.user);
    let body = question(&world.endorsed().await);
    let account = format!("/v1/accounts/{}", People::account());
    let reason = json!({"reason": "查核", "clause": "H9"});
    let ask = async |replica: &str| {
        world.request(Method::POST, replica, "/v1/queries", user).json(&body).send().await.unwrap()
    };
    let refused =
        join_all(REPLICAS.map(|replica| refusal(async || ask(replica).await, "account-not-active")));
    let suspension = format!("{account}/suspension");
    let (done, refused) = tokio::join!(act(world, &suspension, people.it(), &reason), refused);
    print(&format!("account suspended, {with}"), done, &refused);

    act(world, &format!("{account}/resumption"), people.it(), &reason).await;
    for replica in REPLICAS {
        let begun = Instant::now();
        while code(&ask(replica).await.json::<Value>().await.unwrap()) == "account-not-active" {
            assert!(begun.elapsed() < LIMIT, "{replica} did not hear of the resumption");
        }
    }

    // A replica that did not hear would let this token in for ten minutes.
    let token = people.token(user);
    let http = chassis::http_client(LIMIT).unwrap();
    let look = async |replica: &str| {
        let url = format!("{}/v1/cases", world.processes[replica].url);
        http.get(url).bearer_auth(&token).send().await.unwrap()
    };
    let refused = join_all(REPLICAS.map(|replica| refusal(async || look(replica).await, "unauthenticated")));
    let lost = json!({"lost_on": kernel::days::taipei_date(SystemClock.now())});
    let (done, refused) = tokio::join!(act(world, "/v1/lost-cards", user, &lost), refused);
    print(&format!("card lost, {with}"), done, &refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_account_and_a_lost_card_are_refused_by_every_replica() {
    let Some(wanted) = Wanted::shared() else { return };
    let world = replicated(wanted).await;
    everybody_follows(&world, "everything there").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_kafka_and_redis_they_are_refused_all_the_same() {
    if kafka().is_none() {
        return;
    }
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    let path = folder.path().to_owned();
    let broker = tokio::task::spawn_blocking(move || dev_servers::Kafka::start(path)).await.unwrap().unwrap();
    let pid = Pid::from_raw(i32::try_from(broker.pid()).unwrap()).unwrap();
    let mut wanted = Wanted { kafka: Some(broker.bootstrap().to_owned()), ..Wanted::shared().unwrap() };
    let mut link = None;
    if let Some(redis) = wanted.redis.take() {
        let to_redis = Link::to(address_of(&redis)).await;
        wanted.redis = Some(format!("redis://{}", to_redis.address));
        link = Some(to_redis);
    }
    let world = replicated(wanted).await;
    kill_process(pid, Signal::STOP).unwrap();
    if let Some(link) = &mut link {
        link.cut().await;
    }
    everybody_follows(&world, "Kafka and Redis away").await;
    kill_process(pid, Signal::CONT).unwrap();
    drop(world);
    drop(broker);
}

/// Everything that hangs on certainty is refused by the registry, and nothing else.
async fn only_what_hangs_on_it_is_refused(world: &World, open: &QueryApplicationView) {
    let begun = Instant::now();
    let readyz = format!("{}/readyz", world.processes[REGISTRY].url);
    let http = chassis::http_client(LIMIT).unwrap();
    loop {
        let answer = http.get(&readyz).send().await.unwrap();
        assert_eq!(answer.status(), 200, "it is ready for what does not hang on it");
        if answer.json::<Value>().await.unwrap()["revocations"] == false {
            break;
        }
        assert!(begun.elapsed() < LIMIT, "the silence is not noticed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    unavailable(world.ask(&question(open)).await, "revocations-unknown").await;
    let (user, supervisor) = (&world.people.user, &world.people.supervisor);
    let endorsement =
        BatchEndorsement::sign(&supervisor.card, vec![open.digest.clone()], SystemClock.now()).unwrap();
    let body = EndorseQueryApplications { applications: vec![open.id], endorsement };
    let body = serde_json::to_value(body).unwrap();
    unavailable(
        world.post("/v1/query-application-endorsements", supervisor, &body).await,
        "revocations-unknown",
    )
    .await;
    let path = format!("/v1/query-applications/{}", open.id);
    let read = world.request(Method::GET, REGISTRY, &path, user).send().await.unwrap();
    unavailable(read, "revocations-unknown").await;
    world.case().await;
    world.get(REGISTRY, "/v1/query-applications", user).await;
    // What watches the stream looks twice a second.
    let told = || world.processes[REGISTRY].log().matches("nothing is heard of revocations").count();
    while told() == 0 {
        assert!(begun.elapsed() < LIMIT, "operators are not told");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(told(), 1, "operators are told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_account_service_only_what_hangs_on_certainty_is_refused() {
    let Some(wanted) = Wanted::shared() else { return };
    let mut world = World::peopled(wanted).await;
    let application = world.endorsed().await;
    world.processes.remove("account").unwrap().kill();
    only_what_hangs_on_it_is_refused(&world, &application).await;
    world.start("account").await;
    world.until_it_hears(REGISTRY).await;
    until_answered(async || world.ask(&question(&application)).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_service_that_cannot_read_its_database_says_nothing() {
    let Some(wanted) = Wanted::shared() else { return };
    let mut world = World::made_of(wanted).await;
    let mut link = database_through_a_link(&world, "account").await;
    world.people_it().await;
    let application = world.endorsed().await;
    link.cut().await;
    only_what_hangs_on_it_is_refused(&world, &application).await;
    link.mend().await;
    world.until_it_hears(REGISTRY).await;
    until_answered(async || world.ask(&question(&application)).await).await;
}
