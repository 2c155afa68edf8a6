//! Those who hold copies of the logs' heads, and those who only say so: each played by a server that answers what it is told.

use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use chassis::settings;
use query_log::{FileKeyStore, GOVERNANCE, Hash, KeyStore as _, Kind, LogError, NewEntry, QueryLog};
use query_registry::state::Registry;
use tempfile::TempDir;
use testkit::TestApp;
use transparency::checkpoint::Checkpoint;
use transparency::cosignature::cosign;
use transparency::note::{Note, Signer};
use transparency::witness::Request;

/// What a server answers.
#[derive(Clone)]
struct Script {
    /// To whoever asks for the head that it holds: with a token, where one is wanted.
    head: (u16, String),
    token: bool,
    /// The seed of the key that it cosigns with; none: it never answers.
    cosigns: Option<u8>,
}

async fn head(script: web::Data<Script>, request: HttpRequest) -> HttpResponse {
    let (status, body) = script.head.clone();
    let status = StatusCode::from_u16(status).unwrap();
    let bearer =
        request.headers().get("authorization").is_some_and(|it| it.as_bytes().starts_with(b"Bearer "));
    if script.token && !bearer {
        return HttpResponse::Unauthorized().finish();
    }
    HttpResponse::build(status).body(body)
}

async fn add_checkpoint(script: web::Data<Script>, body: String) -> HttpResponse {
    let Some(seed) = script.cosigns else { return std::future::pending().await };
    let note = Note::parse(&Request::parse(&body).unwrap().note).unwrap();
    HttpResponse::Ok().body(cosign(&witness(seed), &note.text, 1_772_413_200))
}

fn witness(seed: u8) -> Signer {
    Signer::witness("witness.example/w", &[seed; 32]).unwrap()
}

fn serve(script: Script) -> String {
    let script = web::Data::new(script);
    let server = HttpServer::new(move || {
        let app =
            App::new().app_data(script.clone()).route("/add-checkpoint", web::post().to(add_checkpoint));
        app.default_service(web::to(head))
    });
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", server.addrs()[0]);
    tokio::spawn(server.run());
    url
}

/// A key store, and a checkpoint of fifty entries that its governance log signed before the database was lost.
async fn lost() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let store = FileKeyStore::open(&folder.path().join("months"), &folder.path().join("kek")).unwrap();
    let origin = format!("{}/{GOVERNANCE}", settings::Log::default().origin);
    let signer = Signer::new(&origin, &store.signing_seed(GOVERNANCE).await.unwrap()).unwrap();
    (folder, Checkpoint::new(&origin, 50, Hash::of(b"the tree that was")).sign(&signer))
}

/// A registry with `folder`'s keys, the audit service at `audit`, and these witnesses, each approved under the first key.
async fn registry(folder: &TempDir, audit: Option<String>, witnesses: Vec<String>) -> TestApp {
    let keys = folder.path().to_owned();
    let app = TestApp::of(query_registry::service()).settings(move |settings, _, _| {
        settings.secrets.log_keys = Some(keys);
        settings.services.extend(audit.map(|url| ("audit-sampling".to_owned(), url)));
        let key = witness(1).verifier().to_string();
        settings.log.witnesses =
            witnesses.into_iter().map(|url| settings::Witness { url, key: key.clone() }).collect();
    });
    app.start().await
}

fn log(app: &TestApp) -> QueryLog {
    app.context().state::<Registry>().log.clone()
}

fn entry() -> NewEntry {
    NewEntry::new(Kind::Governance, "2026-03-02T01:00:00Z".parse().unwrap())
}

#[actix_web::test]
async fn what_the_audit_service_keeps_stops_a_log_that_has_less() {
    let (folder, note) = lost().await;
    let kept = serde_json::json!({ "log": GOVERNANCE, "size": 50, "note": note }).to_string();
    let audit = serve(Script { head: (200, kept), token: true, cosigns: None });
    let app = registry(&folder, Some(audit), vec![]).await;
    let refused = log(&app).append(GOVERNANCE, entry()).await;
    assert!(matches!(refused, Err(LogError::LostTail { known: 50, size: 0 })), "{refused:?}");
    app.stop().await;
}

#[actix_web::test]
async fn a_broken_proxy_or_a_stranger_s_checkpoint_is_no_word_of_a_witness() {
    let (folder, _) = lost().await;
    let stranger = Signer::new("log.example/governance", &[3; 32]).unwrap();
    let foreign = Checkpoint::new("log.example/governance", 1, Hash::of(b"x")).sign(&stranger);
    let witnesses = [(502, String::new()), (200, foreign)];
    let witnesses = witnesses.map(|head| serve(Script { head, token: false, cosigns: Some(1) }));
    let app = registry(&folder, None, witnesses.into()).await;
    let refused = log(&app).append(GOVERNANCE, entry()).await;
    assert!(matches!(refused, Err(LogError::Unavailable | LogError::Anchor(_))), "{refused:?}");
    app.stop().await;
}

#[actix_web::test]
async fn a_witness_that_lies_or_never_answers_counts_for_nothing_and_holds_nobody_up() {
    let (folder, _) = lost().await;
    let silent = serve(Script { head: (404, String::new()), token: false, cosigns: None });
    let lying = serve(Script { head: (404, String::new()), token: false, cosigns: Some(2) });
    let app = registry(&folder, None, vec![silent, lying]).await;
    let log = log(&app);
    log.append(GOVERNANCE, entry()).await.unwrap();
    log.publish(GOVERNANCE).await.unwrap();
    // Long enough for both to be shown it.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        let asked = Instant::now();
        log.append(GOVERNANCE, entry()).await.unwrap();
        assert!(asked.elapsed() < Duration::from_secs(2), "an append waited for a witness");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(log.seen_by(GOVERNANCE, witness(1).verifier()).await.unwrap(), 0);
    let note = Note::parse(&log.checkpoint(GOVERNANCE).await.unwrap().note).unwrap();
    assert_eq!(note.signatures.len(), 1, "the log's own alone");
    app.stop().await;
}
