//! What was revoked: tokens end, live operations wait for certainty, and nobody but the account service can give it.

use std::net::SocketAddr;
use std::time::Duration;

use chassis::revocations::{Connection, Entry, Kind, Told, Word};
use identity::{Credential, DevPki, Role, StreamSigner};
use kernel::{Clock as _, SystemClock};
use serde_json::json;
use testkit::{TestApp, TestPerson};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use crate::service::service;

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_persons_tokens_end_and_later_ones_live() {
    let app = TestApp::of(service()).start().await;
    let (user, other) = (app.person("U", "gushan", &[Role::User]), app.person("V", "gushan", &[Role::User]));
    let issued =
        |person: &TestPerson, as_of| app.token_for(&identity::Principal { as_of, ..person.principal() });
    let (before, others) = (issued(&user, 0), issued(&other, 0));
    let _ = app.get("/v1/notes", &before).await.expect_status(200);
    app.revoke(Kind::Person, &user.person, true, None);
    app.get("/v1/notes", &before).await.expect_problem("unauthenticated");
    let _ = app.get("/v1/notes", &others).await.expect_status(200);
    let _ = app.get("/v1/notes", &issued(&user, 1)).await.expect_status(200);
    // What gives back ends nothing.
    app.revoke(Kind::Person, &other.person, false, None);
    let _ = app.get("/v1/notes", &others).await.expect_status(200);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_token_and_those_of_a_system_end_alone() {
    let app = TestApp::of(service()).start().await;
    let user = app.person("U", "gushan", &[Role::User]);
    let system = kernel::ids::SystemId(uuid::Uuid::from_u128(7));
    let principal = identity::Principal { as_of: 0, ..user.principal() };
    let plain = app.token_for(&principal);
    let through = app.token_for(&identity::Principal { system: Some(system), ..principal });
    app.revoke(Kind::System, &system, true, None);
    app.get("/v1/notes", &through).await.expect_problem("unauthenticated");
    let _ = app.get("/v1/notes", &plain).await.expect_status(200);
    app.revoke(Kind::Token, &jti(&plain), true, None);
    app.get("/v1/notes", &plain).await.expect_problem("unauthenticated");
    app.stop().await;
}

fn jti(token: &str) -> String {
    use base64::Engine as _;
    let claims =
        base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<serde_json::Value>(&claims).unwrap()["jti"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nothing_is_heard_live_operations_are_refused_and_the_rest_goes_on() {
    let app = TestApp::of(service()).start().await;
    let token = app.token(&app.person("U", "gushan", &[Role::User]));
    app.context().revocations().silence(true);
    let refused = app.get("/v1/notes", &token).await;
    assert_eq!((refused.status, refused.headers.contains_key("retry-after")), (503, true));
    let problem = refused.expect_problem("revocations-unknown");
    assert_eq!(problem["clause"], "invariant-7");
    let _ = app.post("/v1/notes", &token, &json!({"text": "a"})).await.expect_status(201);
    app.context().revocations().silence(false);
    let _ = app.get("/v1/notes", &token).await.expect_status(200);
    app.stop().await;
}

const LIMIT: Duration = Duration::from_secs(60);

/// Stands in for the account service, word by word.
struct Speaker {
    listener: TcpListener,
}

/// One connection of a listener.
struct Line {
    after: i64,
    challenge: String,
    stream: BufReader<TcpStream>,
}

impl Speaker {
    async fn new() -> (Self, String) {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        (Self { listener }, url)
    }

    /// The next connection that asks for the stream. It may have been given up meanwhile: a listener waits three seconds.
    async fn line(&self) -> Line {
        loop {
            let accepted = tokio::time::timeout(LIMIT, self.listener.accept()).await;
            if let Some(line) = Line::open(accepted.unwrap().unwrap().0).await {
                return line;
            }
        }
    }

    /// Says what `by` signs on each new connection until it came to `done`; gives the connection where it did.
    async fn say_until(&self, by: &Credential, told: &Told, done: impl Fn() -> bool) -> (Line, Connection) {
        loop {
            let mut line = self.line().await;
            let mut connection = line.connection();
            line.say(&signed(by, &mut connection, told.clone())).await;
            if line.until(&done).await {
                return (line, connection);
            }
        }
    }
}

impl Line {
    async fn open(stream: TcpStream) -> Option<Self> {
        let mut stream = BufReader::new(stream);
        let (mut head, mut text) = (String::new(), String::new());
        while stream.read_line(&mut text).await.ok()? > 2 {
            head.push_str(&std::mem::take(&mut text));
        }
        if text.is_empty() {
            return None;
        }
        assert!(head.starts_with("GET /v1/revocations?"), "{head}");
        assert!(head.to_lowercase().contains("authorization: bearer "), "{head}");
        let parameter = |name: &str| {
            let (_, rest) = head.split_once(&format!("{name}=")).unwrap();
            rest.split(['&', ' ']).next().unwrap().to_owned()
        };
        let (after, challenge) = (parameter("after").parse().unwrap(), parameter("challenge"));
        let answer = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n";
        stream.write_all(answer).await.ok()?;
        Some(Self { after, challenge, stream })
    }

    fn connection(&self) -> Connection {
        Connection::new("notes", &self.challenge, Instant::now())
    }

    async fn say(&mut self, text: &str) {
        // Who hung up hears nothing more.
        let _ = self.stream.write_all(format!("{text}\n").as_bytes()).await;
    }

    /// Waits until it came to `done` or the listener hung up; gives which.
    async fn until(&mut self, done: impl Fn() -> bool) -> bool {
        let deadline = Instant::now() + LIMIT;
        let mut byte = [0];
        while !done() {
            assert!(Instant::now() < deadline, "it did not come to this");
            let read = tokio::time::timeout(Duration::from_millis(10), self.stream.read(&mut byte)).await;
            if matches!(read, Ok(Ok(0) | Err(_))) {
                return done();
            }
        }
        true
    }

    async fn hung_up(mut self) {
        assert!(!self.until(|| false).await);
    }
}

fn told(after: i64, seq: i64, entries: Vec<Entry>) -> Told {
    Told { after, seq, entries, more: false }
}

fn signed(by: &Credential, connection: &mut Connection, told: Told) -> String {
    let word = Word { told: told.into(), read_at: Instant::now() };
    StreamSigner::new(by.clone()).unwrap().sign(&connection.speak(&word)).unwrap()
}

fn credential(pki: &DevPki, service: &str) -> Credential {
    pki.issue_service(service, SystemClock.now()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_starts_before_the_account_service_is_there_and_recovers_from_its_silence() {
    let (speaker, url) = Speaker::new().await;
    let app = TestApp::of(service()).hearing(url).start().await;
    let (own, user) = (credential(&app.pki, "account"), app.person("U", "gushan", &[Role::User]));
    let token = app.token_for(&identity::Principal { as_of: 0, ..user.principal() });
    app.get("/v1/notes", &token).await.expect_problem("revocations-unknown");
    let is_live = || app.context().revocations().is_live();
    let (mut line, mut connection) = speaker.say_until(&own, &told(0, 0, vec![]), is_live).await;
    line.say(&signed(&own, &mut connection, told(0, 0, vec![]))).await;
    let _ = app.get("/v1/notes", &token).await.expect_status(200);

    // The line stays open and nothing is said: the listener gives it up, and in the end does not know any more.
    line.hung_up().await;
    let deadline = Instant::now() + LIMIT;
    while is_live() {
        assert!(Instant::now() < deadline, "silence is not noticed");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    app.get("/v1/notes", &token).await.expect_problem("revocations-unknown");
    let subject = user.person.to_string();
    let at = app.clock.now();
    let entry = Entry { seq: 1, at, kind: Kind::Person, subject, ends_tokens: true, state: None };
    let (_line, _) = speaker.say_until(&own, &told(0, 1, vec![entry]), is_live).await;
    app.get("/v1/notes", &token).await.expect_problem("unauthenticated");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_or_forged_word_is_not_heard() {
    let (speaker, url) = Speaker::new().await;
    let app = TestApp::of(service()).hearing(url).start().await;
    let own = credential(&app.pki, "account");
    let seq = || app.context().revocations().seq();
    let (mut line, _) = speaker.say_until(&own, &told(0, 1, vec![]), || seq() == 1).await;
    let first = signed(&own, &mut line.connection(), told(0, 1, vec![]));
    line.say(&first).await;
    line.hung_up().await;

    let stranger = DevPki::generate().unwrap();
    let wrong = told(1, 9, vec![]);
    let forged: [(&str, Credential); 2] = [
        ("a foreign authority", credential(&stranger, "account")),
        ("another service", credential(&app.pki, "retention")),
    ];
    for (who, by) in forged {
        let mut line = speaker.line().await;
        let word = signed(&by, &mut line.connection(), wrong.clone());
        line.say(&word).await;
        line.hung_up().await;
        assert_eq!(seq(), 1, "{who} was heard");
    }
    let mut line = speaker.line().await;
    let mut of_another = Connection::new("notes", "of-another-connection", Instant::now());
    line.say(&signed(&own, &mut of_another, wrong.clone())).await;
    line.hung_up().await;
    let mut line = speaker.line().await;
    let mut to_another = Connection::new("console", &line.challenge, Instant::now());
    line.say(&signed(&own, &mut to_another, wrong)).await;
    line.hung_up().await;
    // An access token of the account service is no word of it.
    let mut line = speaker.line().await;
    line.say(&app.token(&app.person("U", "gushan", &[Role::User]))).await;
    line.hung_up().await;
    assert_eq!(seq(), 1);

    let (_line, _) = speaker.say_until(&own, &told(1, 2, vec![]), || seq() == 2).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_gap_the_stream_begins_again_at_the_last_number() {
    let (speaker, url) = Speaker::new().await;
    let app = TestApp::of(service()).hearing(url).start().await;
    let own = credential(&app.pki, "account");
    let seq = || app.context().revocations().seq();
    let (mut line, mut connection) = speaker.say_until(&own, &told(0, 3, vec![]), || seq() == 3).await;
    assert_eq!(line.after, 0);
    line.say(&signed(&own, &mut connection, told(5, 6, vec![]))).await;
    line.hung_up().await;
    let (mut line, mut connection) = speaker.say_until(&own, &told(3, 6, vec![]), || seq() == 6).await;
    assert_eq!(line.after, 3);
    // A database that knows less than it told is heard from its beginning.
    line.say(&signed(&own, &mut connection, told(6, 4, vec![]))).await;
    line.hung_up().await;
    assert_eq!(speaker.line().await.after, 0);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_nobody_tells_does_not_start() {
    let app = TestApp::of(service()).start().await;
    let mut settings = app.context().settings().clone();
    settings.http.bind = "127.0.0.1:0".into();
    let platform = chassis::context::Platform::open(&settings).unwrap();
    let started = service().start(settings, platform, chassis::service::Part::Serve, false).await;
    let error = started.err().map(|e| format!("{e:#}")).unwrap_or_default();
    assert!(error.contains("services.account"), "{error:?}");
    app.stop().await;
}
