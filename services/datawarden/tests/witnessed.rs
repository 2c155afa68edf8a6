//! The logs and their outside witnesses: shown within seconds, away and back, with more in memory than the log has.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chassis::settings;
use datawarden::witness::{LogKey, Setup, WitnessServer};
use kernel::SimulatedClock;
use query_log::{FileKeyStore, GOVERNANCE, Hash, KeyStore as _, Kind, LogError, NewEntry, QueryLog};
use query_registry::state::Registry;
use tempfile::TempDir;
use testkit::TestApp;
use transparency::checkpoint::Checkpoint;
use transparency::note::Signer;
use transparency::policy::Policy;
use transparency::witness::Request;

/// Longest time (real) for what takes a second or two.
const PATIENCE: Duration = Duration::from_secs(60);

/// The key store of a registry, and a witness of its governance log.
struct Outside {
    folder: TempDir,
    signer: Signer,
    server: WitnessServer,
}

impl Outside {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("log-keys");
        let store = FileKeyStore::open(&keys.join("months"), &keys.join("kek")).unwrap();
        let seed = store.signing_seed(GOVERNANCE).await.unwrap();
        let origin = format!("{}/{GOVERNANCE}", settings::Log::default().origin);
        let signer = Signer::new(&origin, &seed).unwrap();
        let server = serve(&folder, &signer, SocketAddr::from(([127, 0, 0, 1], 0)));
        Self { folder, signer, server }
    }

    async fn registry(&self) -> TestApp {
        self.registry_with(self.server.url.clone(), self.server.key.clone()).await
    }

    async fn registry_with(&self, url: String, key: String) -> TestApp {
        registry_over(&self.folder, url, key).await
    }

    fn policy(&self) -> Policy {
        self.policy_with(&self.server.key)
    }

    /// What an auditor wants to see: the log's signature and the witness's.
    fn policy_with(&self, witness: &str) -> Policy {
        let log = self.signer.verifier();
        format!("log {log}\nwitness w {witness}\nquorum w").parse().unwrap()
    }
}

/// A registry over the key store in `folder`, with this one witness.
async fn registry_over(folder: &TempDir, url: String, key: String) -> TestApp {
    let keys = folder.path().join("log-keys");
    let app = TestApp::of(query_registry::service()).settings(move |settings, _, _| {
        settings.secrets.log_keys = Some(keys);
        settings.log.witnesses = vec![settings::Witness { url, key }];
    });
    app.start().await
}

fn serve(folder: &TempDir, log: &Signer, bind: SocketAddr) -> WitnessServer {
    let setup = Setup {
        name: "witness.example/w".to_owned(),
        data: folder.path().join("witness"),
        logs: vec![LogKey(log.verifier().clone())],
        clock: Arc::new(SimulatedClock::starting_at("2026-03-02T05:00:00Z".parse().unwrap())),
    };
    WitnessServer::start(bind, setup).unwrap()
}

fn log(app: &TestApp) -> QueryLog {
    app.context().state::<Registry>().log.clone()
}

fn entry() -> NewEntry {
    NewEntry::new(Kind::Governance, "2026-03-02T01:00:00Z".parse().unwrap())
}

/// Waits until the checkpoint that is shown to everybody covers `size` entries and satisfies the policy.
async fn until_witnessed(app: &TestApp, policy: &Policy, size: u64) -> String {
    let begun = Instant::now();
    loop {
        let (_, _, note) = app.get_raw(&format!("/v1/logs/{GOVERNANCE}/checkpoint"), None).await;
        let note = String::from_utf8(note).unwrap();
        if policy.judge(&note).is_ok_and(|trusted| trusted.checkpoint.size >= size) {
            return note;
        }
        assert!(begun.elapsed() < PATIENCE, "not witnessed: {note}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[actix_web::test]
async fn a_checkpoint_is_witnessed_within_seconds_and_proofs_carry_it() {
    let outside = Outside::start().await;
    let app = outside.registry().await;
    let index = log(&app).append(GOVERNANCE, entry()).await.unwrap().index;
    let note = until_witnessed(&app, &outside.policy(), index + 1).await;
    let trusted = outside.policy().judge(&note).unwrap();
    assert_eq!(trusted.witnessed_at, Some(1_772_427_600), "the witness's own clock");
    let proof = log(&app).proof(GOVERNANCE, index).await.unwrap();
    assert!(outside.policy().judge(&proof.checkpoint).is_ok());
    app.stop().await;
}

#[actix_web::test]
async fn without_its_witness_the_log_goes_on_and_what_it_missed_is_shown_to_it_later() {
    let mut outside = Outside::start().await;
    let app = outside.registry().await;
    let log = log(&app);
    log.append(GOVERNANCE, entry()).await.unwrap();
    until_witnessed(&app, &outside.policy(), 1).await;
    let address: SocketAddr = outside.server.url.strip_prefix("http://").unwrap().parse().unwrap();
    outside.server.stop().await;
    for _ in 0..3 {
        log.append(GOVERNANCE, entry()).await.unwrap();
        log.publish(GOVERNANCE).await.unwrap();
    }
    // Back at its address, with what it had seen: it asks for proof from there.
    outside.server = serve(&outside.folder, &outside.signer, address);
    until_witnessed(&app, &outside.policy(), 4).await;
    app.stop().await;
}

#[actix_web::test]
async fn a_log_that_has_less_than_its_witness_saw_is_not_gone_on_from() {
    let outside = Outside::start().await;
    // The witness saw fifty entries of a database that was lost.
    let lost =
        Checkpoint::new(outside.signer.name(), 50, Hash::of(b"the tree that was")).sign(&outside.signer);
    let shown = Request { old: 0, proof: vec![], note: lost };
    let client = chassis::http_client(PATIENCE).unwrap();
    let url = format!("{}/add-checkpoint", outside.server.url);
    assert_eq!(client.post(url).body(shown.to_string()).send().await.unwrap().status(), 200);
    let app = outside.registry().await;
    let refused = log(&app).append(GOVERNANCE, entry()).await;
    assert!(matches!(refused, Err(LogError::LostTail { known: 50, size: 0 })), "{refused:?}");
    app.stop().await;
}

#[actix_web::test]
async fn with_no_witness_to_ask_a_new_process_does_not_go_on() {
    let outside = Outside::start().await;
    let (url, key) = (outside.server.url.clone(), outside.server.key.clone());
    outside.server.stop().await;
    let app = registry_over(&outside.folder, url, key).await;
    let refused = log(&app).append(GOVERNANCE, entry()).await;
    assert!(matches!(refused, Err(LogError::Unavailable)), "{refused:?}");
    app.stop().await;
}

/// Registers the log with a litewitness, as its operator does.
fn make_known(database: &str, log: &Signer) {
    let script = "import sqlite3, sys\n\
        with sqlite3.connect(sys.argv[1], timeout=10) as db:\n\
        \x20   db.execute('INSERT INTO log VALUES (?, 0, ?)', (sys.argv[2], '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='))\n\
        \x20   db.execute('INSERT INTO key VALUES (?, ?)', (sys.argv[2], sys.argv[3]))";
    let done = std::process::Command::new("python3")
        .args(["-c", script, database, log.name(), &log.verifier().to_string()])
        .status()
        .unwrap();
    assert!(done.success());
}

/// A witness of other people's making (torchwood's litewitness), which `tests/interop/run` starts.
#[actix_web::test]
#[ignore = "needs litewitness: tests/interop/run"]
#[expect(clippy::disallowed_methods, reason = "where the script has started it")]
async fn litewitness_cosigns_what_it_is_shown_and_nothing_that_takes_it_back() {
    let told = |name: &str| std::env::var(format!("LITEWITNESS_{name}")).unwrap();
    let (url, key) = (told("URL"), told("KEY"));
    let outside = Outside::start().await;
    make_known(&told("DATABASE"), &outside.signer);
    let policy = outside.policy_with(&key);
    let app = outside.registry_with(url.clone(), key.clone()).await;
    for size in [1, 4] {
        while log(&app).append(GOVERNANCE, entry()).await.unwrap().index + 1 < size {}
        let note = until_witnessed(&app, &policy, size).await;
        assert!(policy.judge(&note).unwrap().witnessed_at.is_some());
    }
    let proof = log(&app).proof(GOVERNANCE, 0).await.unwrap();
    assert!(policy.judge(&proof.checkpoint).is_ok());
    app.stop().await;

    // Another history under the same key is signed, and not cosigned.
    let other = outside.registry_with(url, key).await;
    for _ in 0..5 {
        let entry = NewEntry { decision: Some("other".to_owned()), ..entry() };
        log(&other).append(GOVERNANCE, entry).await.unwrap();
    }
    log(&other).publish(GOVERNANCE).await.unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let (_, _, note) = other.get_raw(&format!("/v1/logs/{GOVERNANCE}/checkpoint"), None).await;
    assert!(policy.judge(&String::from_utf8(note).unwrap()).is_err());
    other.stop().await;
}
