//! Three replicas of the registry under load through their gates. At random moments one is killed (SIGKILL), or stopped and
//! woken (SIGSTOP, SIGCONT: a leader finds another in its place), or all their sessions with the database end. Nothing
//! that was acknowledged is lost, nothing is written twice, every receipt proves its entry. The same is done to processes
//! that write to the log alone, many times faster, by `shared/query-log/tests/behaviour/kills.rs`.
//!
//! The load asks without an application: such a query is refused, recorded and acknowledged like any other, and needs
//! neither a card nor the provider, so that the log is what is busy.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use datawarden::bench::{Figure, add};
use kernel::{Random as _, SystemRandom};
use query_registry_types::logs::LogHeads;
use reqwest::Method;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use transparency::note::Verifier;

use crate::ledger::{Acknowledgement, Ledger};
use crate::people::nonce;
use crate::process::Process;
use crate::queries::REGISTRY;
use crate::world::{Wanted, World, city};

const LOG: &str = "three-year";
const REPLICAS: [&str; 3] = [REGISTRY, "query-registry-2", "query-registry-3"];
/// Callers of each replica, who stay with it whatever happens to it.
const CALLERS: usize = 4;
/// One trouble in so many is a stop instead of a kill.
const STOPS: u64 = 12;
/// Of the others, one in so many ends all sessions.
const CUTS: u64 = 3;
const END_SESSIONS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
    WHERE datname = current_database() AND pid <> pg_backend_pid()";

static ASKED: AtomicUsize = AtomicUsize::new(0);

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_or_doubled_across_ten_kills() {
    let Some(wanted) = Wanted::shared() else { return };
    Run::under_load(wanted, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "minutes, which `make test-kills` takes"]
async fn nothing_acknowledged_is_lost_or_doubled_across_two_hundred_kills() {
    let wanted = Wanted::shared().expect("run by `make test-kills`, which starts the servers");
    let run = Run::under_load(wanted, 200).await;
    let name = "three replicas, 200 kills: longest time without an acknowledgement";
    let seconds = run.ledger.longest_silence(&run.troubles).as_secs_f64();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    add(&root.join("target/bench.json"), &[Figure::lower(name, seconds, "s", 5.0)]).unwrap();
}

/// A run with its troubles.
struct Run {
    processes: BTreeMap<&'static str, Process>,
    world: Arc<World>,
    ledger: Arc<Ledger>,
    /// When a process was killed, or stopped, or the sessions ended.
    troubles: Vec<Instant>,
}

impl Run {
    /// Kills `kills` times under load, and checks what was acknowledged.
    async fn under_load(wanted: Wanted, kills: usize) -> Self {
        let mut run = Self::begin(wanted).await;
        let over = Arc::new(AtomicBool::new(false));
        let load: Vec<JoinHandle<()>> = run.load(&over);
        run.until_acknowledged(1).await;
        let mut killed = 0;
        while killed < kills {
            tokio::time::sleep(Duration::from_millis(below(400))).await;
            let name = REPLICAS[usize::try_from(below(3)).unwrap()];
            if below(STOPS) == 0 {
                run.stop_and_wake(name).await;
            } else if below(CUTS) == 0 {
                run.troubles.push(Instant::now());
                run.world.sql(REGISTRY, END_SESSIONS).await;
            } else {
                run.kill(name).await;
                killed += 1;
            }
        }
        // A stop at least, and something acknowledged behind the last trouble.
        run.stop_and_wake(REPLICAS[0]).await;
        run.until_acknowledged(run.ledger.count() + 1).await;
        over.store(true, Ordering::Relaxed);
        for caller in load {
            caller.await.unwrap();
        }
        let key = run.key().await;
        let count = run.ledger.check(&run.world.database_url(REGISTRY), LOG, &key).await;
        eprintln!(
            "{kills} kills, {} other troubles, {count} acknowledgements; longest time without any: {:.1} s (goal 5 s)",
            run.troubles.len() - kills,
            run.ledger.longest_silence(&run.troubles).as_secs_f64(),
        );
        run
    }

    async fn begin(wanted: Wanted) -> Self {
        let mut world = World::made_of(wanted).await;
        let file = world.settings_file(REGISTRY);
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("{text}[http.limits]\nauthenticated = 0\n")).unwrap();
        world.people_it().await;
        for name in &REPLICAS[1..] {
            world.start_replica(REGISTRY, name).await;
        }
        let ledger = Arc::new(Ledger::new(&world.settings_file("acknowledgements")));
        let processes = std::mem::take(&mut world.processes);
        Self { processes, world: Arc::new(world), ledger, troubles: vec![] }
    }

    fn load(&self, over: &Arc<AtomicBool>) -> Vec<JoinHandle<()>> {
        let callers = REPLICAS.iter().flat_map(|name| [*name; CALLERS]);
        callers
            .map(|name| {
                let (world, ledger) = (Arc::clone(&self.world), Arc::clone(&self.ledger));
                let over = Arc::clone(over);
                tokio::spawn(async move {
                    while !over.load(Ordering::Relaxed) {
                        match ask(&world, name).await {
                            Some(acknowledged) => ledger.keep(&acknowledged),
                            // The pace of a caller who was refused, or found nobody.
                            None => tokio::time::sleep(Duration::from_millis(20)).await,
                        }
                    }
                })
            })
            .collect()
    }

    async fn kill(&mut self, name: &'static str) {
        let process = self.processes.remove(name).unwrap();
        let url = process.url.clone();
        self.troubles.push(Instant::now());
        process.kill();
        let again = Process::start(REGISTRY, &self.world.settings_file(name), &url).await;
        self.processes.insert(name, again);
    }

    /// Stops a process for longer than a leader may be silent.
    async fn stop_and_wake(&mut self, name: &'static str) {
        let process = &self.processes[name];
        self.troubles.push(Instant::now());
        process.signal(Signal::STOP);
        tokio::time::sleep(Duration::from_millis(2_500 + below(1_500))).await;
        process.signal(Signal::CONT);
    }

    async fn until_acknowledged(&self, count: usize) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.ledger.count() < count {
            let logs = || self.processes.values().map(Process::log).collect::<String>();
            assert!(Instant::now() < deadline, "nothing is acknowledged: {}", logs());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The key that verifies the log's checkpoints, as auditors are told it.
    async fn key(&self) -> Verifier {
        let heads = self.world.get(REGISTRY, "/v1/logs", &self.world.people.auditor).await;
        let heads: LogHeads = serde_json::from_value(heads).unwrap();
        let head = heads.heads.into_iter().find(|head| head.log == LOG).unwrap();
        Verifier::parse(&head.verifier_key).unwrap()
    }
}

/// Asks `replica`; what it acknowledged, if it did.
async fn ask(world: &World, replica: &str) -> Option<Acknowledgement> {
    // Each time somebody else: as the city's officials do.
    let citizens = &city().citizens;
    let citizen = &citizens[ASKED.fetch_add(1, Ordering::Relaxed) % citizens.len()];
    let body = json!({"application": nonce(), "national_id": citizen.national_id.expose()});
    let request = world.request(Method::POST, replica, "/v1/queries", &world.people.user);
    let answer = request.json(&body).send().await.ok()?;
    let mut answer: Value = answer.json().await.ok()?;
    serde_json::from_value(json!({"query": answer["query"].take(), "receipt": answer["receipt"].take()})).ok()
}

/// A number below `end`.
fn below(end: u64) -> u64 {
    let mut bytes = [0; 8];
    SystemRandom.fill(&mut bytes);
    u64::from_le_bytes(bytes) % end
}
