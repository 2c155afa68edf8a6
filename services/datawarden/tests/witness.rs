//! A witness over HTTP, as a log and its operator meet it.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use datawarden::witness::{LogKey, Setup, WitnessServer};
use kernel::SimulatedClock;
use transparency::checkpoint::Checkpoint;
use transparency::note::{Signer, Verifier};
use transparency::policy::Policy;
use transparency::tree::{Node, fold, of_consistency};
use transparency::witness::Request;
use transparency::{Frontier, Hash};

const ORIGIN: &str = "log.example/three-year";

fn log() -> Signer {
    Signer::new(ORIGIN, &[1; 32]).unwrap()
}

/// The leaf at `index` of a history.
fn leaf(history: u8, index: u64) -> Hash {
    Hash::leaf(&[[history].as_slice(), &index.to_be_bytes()].concat())
}

fn hash_of(history: u8, node: Node) -> Hash {
    if node.level == 0 {
        return leaf(history, node.index);
    }
    let child = |n| hash_of(history, Node { level: node.level - 1, index: 2 * node.index + n });
    Hash::node(child(0), child(1))
}

fn head(history: u8, size: u64) -> Checkpoint {
    let mut tree = Frontier::default();
    (0..size).for_each(|index| tree.push(leaf(history, index), |_, _| {}));
    Checkpoint::new(ORIGIN, size, tree.root())
}

fn request(history: u8, old: u64, new: u64) -> Request {
    let parts = of_consistency(old, new).unwrap();
    let hashes = |part: Vec<Node>| fold(part.into_iter().map(|node| hash_of(history, node)));
    let proof = parts.into_iter().filter_map(hashes).collect();
    Request { old, proof, note: head(history, new).sign(&log()) }
}

fn start(data: &Path) -> WitnessServer {
    let setup = Setup {
        name: "witness.example/w1".to_owned(),
        data: data.to_owned(),
        logs: vec![LogKey(log().verifier().clone())],
        clock: Arc::new(SimulatedClock::starting_at("2026-03-02T01:00:00Z".parse().unwrap())),
    };
    WitnessServer::start(SocketAddr::from(([127, 0, 0, 1], 0)), setup).unwrap()
}

/// Status, content type and text of an answer.
async fn send(server: &WitnessServer, request: &Request) -> (u16, String, String) {
    post(server, request.to_string()).await
}

async fn post(server: &WitnessServer, body: String) -> (u16, String, String) {
    let client = reqwest::Client::builder().build().unwrap();
    let answer = client.post(format!("{}/add-checkpoint", server.url)).body(body).send().await.unwrap();
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    (answer.status().as_u16(), kind, answer.text().await.unwrap())
}

async fn last(server: &WitnessServer) -> String {
    let url = format!("{}/checkpoint?origin={ORIGIN}", server.url);
    reqwest::get(url).await.unwrap().text().await.unwrap()
}

#[actix_web::test]
async fn it_cosigns_what_continues_and_its_cosignature_satisfies_a_policy() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path());
    let policy = format!("log {}\nwitness w {}\nquorum w", log().verifier(), server.key);
    let policy: Policy = policy.parse().unwrap();
    for (old, new) in [(0, 3), (3, 8), (8, 8), (8, 13)] {
        let request = request(1, old, new);
        let (status, _, line) = send(&server, &request).await;
        assert_eq!(status, 200, "{line}");
        let trusted = policy.judge(&(request.note + &line)).unwrap();
        assert_eq!((trusted.checkpoint.size, trusted.witnessed_at), (new, Some(1_772_413_200)));
    }
    assert_eq!(policy.judge(&last(&server).await).unwrap().checkpoint, head(1, 13));
    let about = reqwest::get(&server.url).await.unwrap().text().await.unwrap();
    assert!(about.contains(&server.key) && about.contains("13 entries seen"), "{about}");
    server.stop().await;
}

#[actix_web::test]
async fn it_remembers_what_it_has_seen_over_a_restart_and_keeps_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path());
    assert_eq!(send(&server, &request(1, 0, 5)).await.0, 200);
    let key = server.key.clone();
    server.stop().await;
    let server = start(folder.path());
    assert_eq!(server.key, key);
    let (status, kind, size) = send(&server, &request(1, 0, 9)).await;
    assert_eq!((status, kind.as_str(), size.as_str()), (409, "text/x.tlog.size", "5\n"));
    // The log died before it had the answer: it asks for the same once more.
    assert_eq!(send(&server, &request(1, 5, 5)).await.0, 200);
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(folder.path().join("witness.key")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    server.stop().await;
}

#[actix_web::test]
async fn two_histories_are_refused_and_kept_as_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path());
    assert_eq!(send(&server, &request(1, 0, 5)).await.0, 200);
    let evidence = |kind| std::fs::read_dir(folder.path().join("evidence").join(kind)).unwrap().count();
    for _ in 0..2 {
        assert_eq!(send(&server, &request(2, 5, 5)).await.0, 409, "the same size, another root");
        assert_eq!(send(&server, &request(2, 5, 9)).await.0, 422, "a history rewritten and continued");
    }
    assert_eq!((evidence("two-histories"), evidence("inconsistent")), (1, 1), "each is kept once");
    assert_eq!(
        last(&server).await,
        request(1, 0, 5).note + &last(&server).await[request(1, 0, 5).note.len()..]
    );
    assert_eq!(send(&server, &request(1, 5, 9)).await.0, 200, "the first history goes on");
    server.stop().await;
}

#[actix_web::test]
async fn whoever_is_not_the_log_gets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path());
    let forged = Signer::new(ORIGIN, &[2; 32]).unwrap();
    let by_another = Request { note: head(1, 3).sign(&forged), ..request(1, 0, 3) };
    assert_eq!(send(&server, &by_another).await.0, 403);
    let other = Signer::new("log.example/other", &[1; 32]).unwrap();
    let unknown = Checkpoint::new("log.example/other", 3, head(1, 3).root).sign(&other);
    assert_eq!(send(&server, &Request { note: unknown, ..request(1, 0, 3) }).await.0, 404);
    for wrong in ["", "old 1", "old x\n\nnote"] {
        assert_eq!(post(&server, wrong.to_owned()).await.0, 400, "{wrong}");
    }
    assert_eq!(post(&server, "a".repeat(70_000)).await.0, 413);
    assert_eq!(last(&server).await, "nothing seen\n");
    server.stop().await;
}

#[actix_web::test]
async fn of_two_that_would_continue_the_same_head_at_once_one_is_cosigned() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path());
    assert_eq!(send(&server, &request(1, 0, 4)).await.0, 200);
    for round in 0..20 {
        let old = 4 + round * 2;
        let (one, two) = (request(1, old, old + 1), request(1, old, old + 2));
        let (one, two) = tokio::join!(send(&server, &one), send(&server, &two));
        let mut statuses = [one.0, two.0];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        // Whatever was cosigned was written: it is what the next must continue.
        let seen = Checkpoint::parse(&last(&server).await).unwrap().size;
        if seen == old + 1 {
            assert_eq!(send(&server, &request(1, seen, old + 2)).await.0, 200);
        }
    }
    assert_eq!(last(&server).await.lines().next(), Some(ORIGIN));
    assert!(Verifier::parse(&server.key).is_ok());
    server.stop().await;
}

#[actix_web::test]
async fn signatures_that_a_stranger_adds_do_not_stop_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path());
    let stranger = Signer::new("stranger.example", &[7; 32]).unwrap();
    let mut padded = request(1, 0, 4);
    for n in 0..60_u8 {
        padded.note.push_str(&stranger.line(&[n; 600]));
    }
    assert_eq!(send(&server, &padded).await.0, 200);
    assert!(!last(&server).await.contains("stranger.example"));
    assert_eq!(send(&server, &request(1, 4, 9)).await.0, 200);
    let unknown = format!("{}/checkpoint?origin=invented.example", server.url);
    assert_eq!(reqwest::get(unknown).await.unwrap().status(), 404);
    server.stop().await;
}

#[actix_web::test]
async fn two_processes_never_share_what_a_witness_has_seen() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path());
    let setup = Setup {
        name: "witness.example/w1".to_owned(),
        data: folder.path().to_owned(),
        logs: vec![LogKey(log().verifier().clone())],
        clock: Arc::new(SimulatedClock::starting_at("2026-03-02T01:00:00Z".parse().unwrap())),
    };
    let second = WitnessServer::start(SocketAddr::from(([127, 0, 0, 1], 0)), setup);
    assert!(format!("{:#}", second.unwrap_err()).contains("data folder"));
    server.stop().await;
}
