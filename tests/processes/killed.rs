//! `kill -9` of the query-registry at each step of a query. The step is known: a lock of the test, or a slow provider,
//! holds the process there.

use std::time::Duration;

use chassis::context::Platform;
use chassis::service::Part;
use kernel::{Clock as _, SimulatedClock, SystemClock, days};
use provider_simulator::Behaviour;
use serde_json::{Value, json};

use crate::queries::{REGISTRY, question};
use crate::world::{Wanted, World, code, expect, holding};

const OPEN: &str = "SELECT count(*) AS n FROM query_records WHERE decision = 'open'";
const INTENTS: &str = "SELECT count(*) AS n FROM log_entries WHERE kind = 'intent' AND log = 'three-year'";
const OUTCOMES: &str = "SELECT count(*) AS n FROM log_entries WHERE kind = 'outcome' AND log = 'three-year'";
const TOLD: &str = "SELECT count(*) AS n FROM outbox WHERE type = 'registry.query-recorded.v1'";
/// The session whose settlement waits for the test's lock.
const SETTLING: &str =
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
const WAITS: &str = "SELECT count(*) AS n FROM pg_stat_activity \
    WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// A world with a query that hangs where `lock` or the provider holds it; `reached` tells when it is there.
async fn killed_at(behaviour: Behaviour, lock: Option<&str>, reached: (&str, i64)) -> Option<(World, Value)> {
    let mut world = World::peopled(Wanted::shared()?).await;
    let body = question(&world.endorsed().await);
    world.provider_is(behaviour);
    let held = match lock {
        Some(lock) => Some(holding(&world.database_url(REGISTRY), lock).await),
        None => None,
    };
    let asked = tokio::spawn(world.asking(&body).send());
    world.until(REGISTRY, reached.0, reached.1).await;
    world.processes.remove(REGISTRY).unwrap().kill();
    assert!(asked.await.unwrap().is_err(), "nothing was answered");
    drop(held);
    world.provider_is(Behaviour::default());
    world.start(REGISTRY).await;
    Some((world, body))
}

/// What the dead process left is settled; the five minutes that a living one would have had are over.
async fn settled(world: &World) {
    world.sql(REGISTRY, "UPDATE query_records SET claimed_at = claimed_at - interval '6 minutes'").await;
    world.sql(REGISTRY, "UPDATE schedules SET next_at = next_at - interval '2 minutes', claimed_until = NULL WHERE name = 'release-abandoned-queries'").await;
    world.until(REGISTRY, OPEN, 0).await;
}

/// The log, verified as an auditor does.
async fn the_log_holds(world: &World) {
    let url = world.database_url(REGISTRY);
    let logs = ["three-year", "five-year", "governance"];
    let report = query_log::verify_database(&url, &logs, vec![]).await.unwrap();
    assert!(report.breaks.is_empty(), "{:?}", report.breaks);
}

/// Open intents that the daily report of today names: the same service, tomorrow night, on the same database.
async fn reported_as_open(world: &mut World) -> i64 {
    drop(world.processes.remove(REGISTRY));
    let service = query_registry::service();
    let mut settings = world.settings(REGISTRY);
    settings.http.bind = "127.0.0.1:0".into();
    let mut platform = Platform::open(&settings).unwrap();
    let tomorrow = days::taipei_date(SystemClock.now()).succ_opt().unwrap();
    platform.clock = std::sync::Arc::new(SimulatedClock::starting_at(days::at(tomorrow, 2, 0)));
    let running = service.start(settings, platform, Part::All, true).await.unwrap();
    running.run_due().await.unwrap();
    running.stop().await;
    world
        .count(REGISTRY, "SELECT count(*) AS n FROM control_items WHERE doc::text LIKE '%\"open-intent\"%'")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_intent_nothing_happened_and_the_application_is_good() {
    // The claim is there, the log's head is locked: the intent cannot become durable.
    let lock = "LOCK TABLE log_heads IN EXCLUSIVE MODE";
    let Some((world, body)) = killed_at(Behaviour::default(), Some(lock), (OPEN, 1)).await else { return };
    assert_eq!(world.served().count, 0, "the provider was not asked");
    assert_eq!(world.count(REGISTRY, OUTCOMES).await, 0);
    settled(&world).await;
    let answer = expect(world.ask(&body).await, 200).await;
    assert_eq!(answer["decision"], "answered");
    assert_eq!(world.served().count, 1);
    assert_eq!(world.count(REGISTRY, TOLD).await, 2, "each query is told once: the dead one and this");
    the_log_holds(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_provider_answers_the_intent_stays_open_and_shows_in_the_daily_report() {
    let slow = Behaviour { latency_ms: 8_000, ..Behaviour::default() };
    let Some((mut world, body)) = killed_at(slow, None, (INTENTS, 1)).await else { return };
    assert_eq!(world.count(REGISTRY, OUTCOMES).await, 0);
    let early = expect(world.ask(&body).await, 409).await;
    assert_eq!(code(&early), "query-already-answered", "the claim stands while its process may live");
    settled(&world).await;
    let failed =
        "SELECT count(*) AS n FROM query_records WHERE decision = 'failed' AND intent_index IS NOT NULL";
    assert_eq!(world.count(REGISTRY, failed).await, 1);
    let answer = expect(world.ask(&body).await, 200).await;
    assert!(answer["content"].is_object(), "the same application is good again");
    expect(world.ask(&body).await, 409).await;
    let calls = world.served().transaction_numbers;
    let asked: std::collections::BTreeSet<_> = calls.iter().collect();
    assert_eq!(asked.len(), calls.len(), "no number came twice to the provider");
    the_log_holds(&world).await;
    assert_eq!(reported_as_open(&mut world).await, 1, "the one open intent is an item of the daily report");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_outcome_the_outcome_stands_and_a_second_delivery_may_be_asked_for() {
    // The provider is slow enough for the test to lock the record behind the claim; then settling it hangs.
    let Some(wanted) = Wanted::shared() else { return };
    let mut world = World::peopled(wanted).await;
    let body = question(&world.endorsed().await);
    world.provider_is(Behaviour { latency_ms: 2_000, ..Behaviour::default() });
    let asked = tokio::spawn(world.asking(&body).send());
    world.until(REGISTRY, OPEN, 1).await;
    let lock = "SELECT 1 FROM query_records FOR UPDATE";
    let held = holding(&world.database_url(REGISTRY), lock).await;
    world.until(REGISTRY, OUTCOMES, 1).await;
    world.until(REGISTRY, WAITS, 1).await;
    world.processes.remove(REGISTRY).unwrap().kill();
    assert!(asked.await.unwrap().is_err(), "nothing was answered");
    // The database would go on with what the dead process has sent: as if it had not.
    world.sql(REGISTRY, &format!("SELECT pg_terminate_backend(pid) FROM ({SETTLING}) waiting")).await;
    world.until(REGISTRY, WAITS, 0).await;
    drop(held);
    world.provider_is(Behaviour::default());
    world.start(REGISTRY).await;
    assert_eq!(world.count(REGISTRY, OPEN).await, 1, "not settled");
    settled(&world).await;

    let again = expect(world.ask(&body).await, 409).await;
    assert_eq!((code(&again), &again["state"]), ("query-already-answered", &json!("answered")));
    assert!(again["digest"].is_string() && again.get("content").is_none(), "{again:#}");
    let lost = again["delivered_by"].clone();
    let mut second = body.clone();
    second["delivery_of"] = lost.clone();
    let answer = expect(world.ask(&second).await, 200).await;
    assert_eq!(answer["delivery"], 2);
    let told = format!("{TOLD} AND data LIKE '%{}%' AND data LIKE '%\"answered\"%'", lost.as_str().unwrap());
    assert_eq!(world.count(REGISTRY, &told).await, 1, "told once, as the log has it");
    the_log_holds(&world).await;
    assert_eq!(reported_as_open(&mut world).await, 0, "an intent with an outcome is not open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_asked_to_stop_ends_what_it_began() {
    let Some(wanted) = Wanted::shared() else { return };
    let mut world = World::peopled(wanted).await;
    let body = question(&world.endorsed().await);
    world.provider_is(Behaviour { latency_ms: 1_500, ..Behaviour::default() });
    let asked = tokio::spawn(world.asking(&body).send());
    world.until(REGISTRY, INTENTS, 1).await;
    let process = world.processes.remove(REGISTRY).unwrap();
    let status = tokio::task::spawn_blocking(|| process.stop()).await.unwrap();
    assert!(status.success(), "{status}");
    let answer = tokio::time::timeout(Duration::from_secs(30), asked).await.unwrap().unwrap().unwrap();
    expect(answer, 200).await;
    assert_eq!(world.count(REGISTRY, OPEN).await, 0);
}
