//! The stream of revocations: numbered in the order of commits, told at once, signed for one connection.

use std::time::Duration;

use chassis::revocations::{Connection, Entry, Kind, Message, Told};
use futures::future::join_all;
use identity::{ServiceSigner, StreamVerifier, TrustAnchors};
use kernel::{Clock as _, NationalId, SystemClock};
use reqwest::Response;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::world::{World, account_id};

const LIMIT: Duration = Duration::from_secs(60);

/// Another service that listens.
struct Listener {
    response: Response,
    buffer: Vec<u8>,
    connection: Connection,
    verifier: StreamVerifier,
    /// The last number that was heard.
    seq: i64,
}

fn service_token(world: &World) -> String {
    let credential = world.app.pki.issue_service("query-registry", SystemClock.now()).unwrap();
    let signer = ServiceSigner::new(credential, "query-registry").unwrap();
    signer.token("datawarden", world.app.clock.now(), "GET", "/v1/revocations").unwrap()
}

impl Listener {
    async fn after(world: &World, after: i64) -> Self {
        let challenge = "0123456789abcdef";
        let connection = Connection::new("query-registry", challenge, Instant::now());
        let url = format!("{}/v1/revocations?after={after}&challenge={challenge}", world.app.running.url());
        let client = chassis::http_client(LIMIT).unwrap();
        let response = client.get(url).bearer_auth(service_token(world)).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/plain");
        let anchors = TrustAnchors::from_dir(&world.app.folder().join("roots")).unwrap();
        Self { response, buffer: vec![], connection, verifier: StreamVerifier::new(anchors), seq: after }
    }

    /// The next word, which must follow the last.
    async fn told(&mut self) -> Told {
        let end = loop {
            if let Some(end) = self.buffer.iter().position(|b| *b == b'\n') {
                break end;
            }
            let chunk = timeout(LIMIT, self.response.chunk()).await.unwrap().unwrap().unwrap();
            self.buffer.extend_from_slice(&chunk);
        };
        let line: Vec<u8> = self.buffer.drain(..=end).collect();
        let line = std::str::from_utf8(&line).unwrap().trim_end();
        let message: Message = self.verifier.verify(line, "account", SystemClock.now()).unwrap();
        let (told, _) = self.connection.listen(message, Instant::now()).unwrap();
        assert_eq!(told.after, self.seq, "nothing is missing and nothing told twice");
        self.seq = told.seq;
        told
    }

    /// The next entries, however many words are without any.
    async fn entries(&mut self) -> Vec<Entry> {
        loop {
            let told = self.told().await;
            if !told.entries.is_empty() {
                return told.entries;
            }
        }
    }

    async fn next(&mut self, kind: Kind) -> Entry {
        let mut entries = self.entries().await;
        assert_eq!((entries.len(), entries[0].kind), (1, kind), "{entries:?}");
        entries.remove(0)
    }
}

fn reason() -> Value {
    json!({"reason": "測試", "clause": "H9"})
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_is_told_with_what_stands_since_and_so_is_what_gives_back() {
    let world = World::start().await;
    let mut listener = Listener::after(&world, 0).await;
    assert_eq!(listener.told().await, Told { after: 0, seq: 0, entries: vec![], more: false });
    assert!(listener.told().await.entries.is_empty(), "a word comes when nothing happens too");

    let account = account_id("household/user");
    let path = |act: &str| format!("/v1/accounts/{account}/{act}");
    let _ = world.post("it", &path("suspension"), &reason()).await.expect_status(200);
    let suspended = listener.next(Kind::Account).await;
    assert_eq!((suspended.subject.as_str(), suspended.ends_tokens), (account.to_string().as_str(), false));
    let state = suspended.state.unwrap();
    assert_eq!((&state["status"], &state["id"]), (&json!("suspended"), &json!(account)));
    let _ = world.post("it", &path("resumption"), &reason()).await.expect_status(200);
    let resumed = listener.next(Kind::Account).await.state.unwrap();
    assert_eq!(resumed["status"], "active");
    assert!(resumed["revision"].as_i64() > state["revision"].as_i64());

    let report = json!({"person": world.people["user"].person, "lost_on": "2026-03-02"});
    let _ = world.post("officer", "/v1/lost-cards", &report).await.expect_status(200);
    // The card and both accounts were stopped in one transaction: they are told at once or not at all.
    let lost = listener.entries().await;
    let kinds: Vec<Kind> = lost.iter().map(|e| e.kind).collect();
    assert_eq!(kinds, [Kind::Person, Kind::Account, Kind::Account]);
    assert!(lost[0].ends_tokens);
    assert_eq!(lost[0].state.as_ref().unwrap()["cards"], json!([]));

    // Whoever comes later or comes again hears the same, in the same order, and nothing twice.
    let mut late = Listener::after(&world, 0).await;
    let all = late.entries().await;
    assert_eq!(all.len(), 5);
    let mut again = Listener::after(&world, all[1].seq).await;
    assert_eq!(again.entries().await, all[2..]);
    world.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_when_its_person_loses_something_and_not_when_he_gains() {
    let world = World::start().await;
    let user = &world.people["user"];
    let old = world.app.token_for(&identity::Principal { as_of: 0, ..user.principal() });
    let relatives = json!({"national_ids": [NationalId::sample('S', 99).unwrap().expose()]});
    let _ = world.app.post("/v1/people/self/relatives", &old, &relatives).await.expect_status(200);
    let mut listener = Listener::after(&world, 0).await;
    let _ = listener.told().await;
    let _ = world.app.get("/v1/accounts", &old).await.expect_status(200);
    let report = json!({"person": user.person, "lost_on": "2026-03-02"});
    let _ = world.post("officer", "/v1/lost-cards", &report).await.expect_status(200);
    let lost = listener.entries().await.remove(0);
    let deadline = Instant::now() + LIMIT;
    while world.app.context().revocations().seq() < lost.seq {
        assert!(Instant::now() < deadline, "the service did not read its own database");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    world.app.get("/v1/accounts", &old).await.expect_problem("unauthenticated");
    let new = world.app.token_for(&identity::Principal { as_of: lost.seq, ..user.principal() });
    let _ = world.app.get("/v1/accounts", &new).await.expect_status(200);
    world.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_acts_at_once_none_is_missed() {
    let world = World::start().await;
    let mut listener = Listener::after(&world, 0).await;
    let accounts = ["household/user", "immigration/user", "household/colleague"].map(account_id);
    let acts = accounts.iter().map(async |account| {
        let mut done = 0_usize;
        for _ in 0..8 {
            for act in ["suspension", "resumption"] {
                let path = format!("/v1/accounts/{account}/{act}");
                let answer = world.post("it", &path, &reason()).await;
                done += usize::from(answer.status == 200);
            }
        }
        done
    });
    let (done, heard) = tokio::join!(join_all(acts), async {
        let mut heard = vec![];
        while heard.len() < 48 {
            heard.extend(listener.entries().await);
        }
        heard
    });
    assert_eq!(done, [16, 16, 16]);
    // Each account's states came in the order in which they became true.
    for account in accounts {
        let of = heard.iter().filter(|e| e.subject == account.to_string());
        let revisions: Vec<i64> =
            of.map(|e| e.state.as_ref().unwrap()["revision"].as_i64().unwrap()).collect();
        assert!(revisions.len() == 16 && revisions.is_sorted(), "{revisions:?}");
    }
    world.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_service_hears_and_what_it_asks_is_checked() {
    let world = World::start().await;
    let ask = async |query: &str, token: &str| world.app.get(&format!("/v1/revocations{query}"), token).await;
    let good = "?after=0&challenge=0123456789abcdef";
    ask(good, &world.token("it")).await.expect_problem("forbidden");
    for (query, pointer) in [
        ("?after=-1&challenge=0123456789abcdef", "after"),
        ("?after=0&challenge=short", "challenge"),
        ("?after=0&challenge=0123456789abcde%0A", "challenge"),
        ("?after=x&challenge=0123456789abcdef", "query"),
        ("?after=0", "query"),
    ] {
        let problem = ask(query, &service_token(&world)).await.expect_problem("malformed-request");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{query}");
    }
    world.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_served_its_time_goes_and_the_last_number_stays() {
    let world = World::start().await;
    let account = account_id("household/user");
    for act in ["suspension", "resumption"] {
        let path = format!("/v1/accounts/{account}/{act}");
        let _ = world.post("it", &path, &reason()).await.expect_status(200);
    }
    let before = Listener::after(&world, 0).await.entries().await;
    assert_eq!(before.len(), 2);
    world.app.advance(chrono::Duration::days(32)).await;
    let mut listener = Listener::after(&world, 0).await;
    let left: Vec<i64> =
        listener.entries().await.iter().map(|e| e.seq).filter(|s| *s <= before[1].seq).collect();
    assert_eq!(left, [before[1].seq]);
    world.app.stop().await;
}
