//! What a connection proves: client certificates and bound tokens (RFC 8705), what proxies of our own pass on (RFC 9440,
//! PROXY protocol) and strangers only claim, a certificate that is renewed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chassis::http_client;
use chassis::settings::{BoundTokens, Limits, Proxy, Settings};
use identity::pki::Validity;
use identity::{Credential, DevPki, Principal, Role};
use kernel::{Clock as _, SystemClock};
use reqwest::tls::TlsInfo;
use reqwest::{Certificate, Client, Identity, StatusCode};
use testkit::TestApp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::service::service;

const LIMIT: std::time::Duration = std::time::Duration::from_secs(10);

fn agency(app: &TestApp, name: &str) -> Credential {
    app.pki.issue_agency(name, "2.16.886.101.90001.20001", SystemClock.now()).unwrap()
}

/// The service's certificate for a server on this machine.
fn own_certificate(pki: &DevPki) -> Credential {
    let names = ["localhost", "127.0.0.1"];
    pki.issue_service_with("notes", &names, Validity::around(SystemClock.now())).unwrap()
}

fn with_tls(settings: &mut Settings, pki: &DevPki) {
    settings.http.tls = true;
    own_certificate(pki).save_pem_files(&settings.identity.certificate, &settings.identity.key).unwrap();
}

fn proxy(certificate: Option<String>) -> Proxy {
    let networks = vec!["127.0.0.0/8".parse().unwrap()];
    Proxy { networks, client_cert: certificate.is_some(), certificate, proxy_protocol: false }
}

/// A client that proves `credential`, if any, and trusts the suite's authority.
fn client(app: &TestApp, credential: Option<&Credential>) -> Client {
    let folder = tempfile::tempdir().unwrap();
    let roots = std::fs::read(app.context().settings().identity.roots.join("internal.pem")).unwrap();
    let mut builder = Client::builder()
        .timeout(LIMIT)
        .tls_info(true)
        .tls_certs_only(Certificate::from_pem_bundle(&roots).unwrap());
    if let Some(credential) = credential {
        let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        credential.save_pem_files(&cert, &key).unwrap();
        let mut pem = std::fs::read(&cert).unwrap();
        pem.extend(std::fs::read(&key).unwrap());
        builder = builder.identity(Identity::from_pem(&pem).unwrap());
    }
    builder.build().unwrap()
}

fn bound_to(app: &TestApp, credential: &Credential) -> String {
    let person = app.person("U", "gushan", &[Role::User]);
    app.token_for(&Principal { bound_to: Some(credential.thumbprint()), ..person.principal() })
}

/// The status with which a reading is answered; `passed_on` goes into `Client-Cert`.
async fn read(app: &TestApp, client: &Client, token: &str, passed_on: Option<&Credential>) -> StatusCode {
    let mut request = client.get(format!("{}/v1/notes", app.running.url())).bearer_auth(token);
    if let Some(credential) = passed_on {
        let der = credential.chain_der().first().unwrap();
        request = request.header("client-cert", format!(":{}:", STANDARD.encode(der)));
    }
    request.send().await.unwrap().status()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_token_is_good_with_its_certificate_alone() {
    let app = TestApp::of(service()).settings(|settings, pki, _| with_tls(settings, pki)).start().await;
    let (own, other) = (agency(&app, "A"), agency(&app, "B"));
    let token = bound_to(&app, &own);
    assert_eq!(read(&app, &client(&app, Some(&own)), &token, None).await, 200);
    assert_eq!(read(&app, &client(&app, Some(&other)), &token, None).await, 401);
    assert_eq!(read(&app, &client(&app, None), &token, None).await, 401);
    let claimed = read(&app, &client(&app, Some(&other)), &token, Some(&own)).await;
    assert_eq!(claimed, 401, "a header that the client wrote itself has no effect");
    let unbound = app.token(&app.person("U", "gushan", &[Role::User]));
    assert_eq!(read(&app, &client(&app, None), &unbound, None).await, 200);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_asks_over_tls_with_its_own_certificate_and_trusts_the_suite_s_root_alone() {
    let app = TestApp::of(service()).settings(|settings, pki, _| with_tls(settings, pki)).start().await;
    // A token that is bound to a certificate tells whether it was proved.
    let token = bound_to(&app, app.context().keys().signer.credential());
    assert_eq!(read(&app, &app.context().http_client(), &token, None).await, 200);
    let roots = app.context().settings().identity.roots.clone();
    let trusting = chassis::http_client_trusting(LIMIT, &roots.join("internal.pem")).unwrap();
    assert_eq!(read(&app, &trusting, &token, None).await, 401);
    let url = format!("{}/healthz", app.running.url());
    assert_eq!(trusting.get(&url).send().await.unwrap().status(), 200);
    let stranger = chassis::http_client_trusting(LIMIT, &roots.join("citizen.pem")).unwrap();
    assert!(stranger.get(&url).send().await.is_err(), "another authority's server is not talked to");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tls_a_bound_token_is_never_good() {
    let app = TestApp::of(service())
        .settings(|settings, _, _| settings.http.proxies = vec![proxy(None)])
        .start()
        .await;
    let own = agency(&app, "A");
    let plain = http_client(LIMIT).unwrap();
    assert_eq!(read(&app, &plain, &bound_to(&app, &own), Some(&own)).await, 401);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_bound_tokens_are_required_no_other_is_good() {
    let app = TestApp::of(service())
        .settings(|settings, pki, _| {
            with_tls(settings, pki);
            settings.identity.bound_tokens = BoundTokens::Required;
        })
        .start()
        .await;
    let own = agency(&app, "A");
    let connection = client(&app, Some(&own));
    assert_eq!(read(&app, &connection, &bound_to(&app, &own), None).await, 200);
    let unbound = app.token(&app.person("U", "gushan", &[Role::User]));
    assert_eq!(read(&app, &connection, &unbound, None).await, 401);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_s_certificate_ends_the_handshake() {
    let app = TestApp::of(service()).settings(|settings, pki, _| with_tls(settings, pki)).start().await;
    let strangers = DevPki::generate().unwrap();
    let stranger = strangers.issue_agency("A", "2.16.886.101.90001.20001", SystemClock.now()).unwrap();
    let url = format!("{}/healthz", app.running.url());
    assert!(client(&app, Some(&stranger)).get(&url).send().await.is_err());
    assert_eq!(client(&app, None).get(&url).send().await.unwrap().status(), 200);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_certificate_is_taken_from_the_proxy_that_proved_itself_and_from_nobody_else() {
    let pem = tempfile::tempdir().unwrap();
    let (cert, key) = (pem.path().join("cert.pem"), pem.path().join("key.pem"));
    let kept = (cert.clone(), key.clone());
    let app = TestApp::of(service())
        .settings(move |settings, pki, _| {
            with_tls(settings, pki);
            let ingress = pki.issue_service("ingress", SystemClock.now()).unwrap();
            ingress.save_pem_files(&kept.0, &kept.1).unwrap();
            settings.http.proxies = vec![proxy(Some(ingress.thumbprint()))];
        })
        .start()
        .await;
    let ingress = Credential::from_pem_files(&cert, &key).unwrap();
    let (own, other) = (agency(&app, "A"), agency(&app, "B"));
    let token = bound_to(&app, &own);
    let through = client(&app, Some(&ingress));
    assert_eq!(read(&app, &through, &token, Some(&own)).await, 200);
    assert_eq!(read(&app, &through, &token, Some(&other)).await, 401);
    assert_eq!(read(&app, &through, &token, None).await, 401);
    let of_the_proxy = bound_to(&app, &ingress);
    assert_eq!(read(&app, &through, &of_the_proxy, None).await, 401, "its own is nobody's");
    assert_eq!(read(&app, &client(&app, Some(&other)), &token, Some(&own)).await, 401);
    assert_eq!(read(&app, &client(&app, None), &token, Some(&own)).await, 401);
    app.stop().await;
}

/// A header of the PROXY protocol, version 2, for a client at `source`.
fn proxied(source: [u8; 4]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    header.extend(source);
    header.extend([127, 0, 0, 1, 0x30, 0x39, 0x01, 0xbb]);
    header
}

/// Sends `before` and a request that guesses a token; gives the status line, empty where the connection was closed.
async fn raw(app: &TestApp, before: &[u8], more: &str) -> String {
    let mut tcp = tokio::net::TcpStream::connect(app.running.address.unwrap()).await.unwrap();
    let request = format!(
        "GET /v1/notes HTTP/1.1\r\nhost: notes\r\nauthorization: Bearer guessed\r\n{more}connection: close\r\n\r\n"
    );
    let sent = tcp.write_all(&[before, request.as_bytes()].concat()).await;
    let mut answer = vec![];
    // A connection that is closed on unread bytes is reset.
    let read = tcp.read_to_end(&mut answer).await;
    assert!(answer.is_empty() || (sent.is_ok() && read.is_ok()));
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

const ONE_GUESS: Limits = Limits { authenticated: 0, anonymous: 1, logins: 0 };

/// An address of this run alone: replicas of other tests may share the store that counts.
fn addresses(app: &TestApp) -> [[u8; 4]; 2] {
    let run = kernel::canonical::sha256(app.folder().display().to_string().as_bytes());
    [[198, run[0], run[1], run[2]], [199, run[0], run[1], run[2]]]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_begins_with_a_header_names_the_client_and_must_begin_so() {
    let app = TestApp::of(service())
        .settings(|settings, _, _| {
            settings.http.limits = ONE_GUESS;
            settings.http.proxies = vec![Proxy { proxy_protocol: true, ..proxy(None) }];
        })
        .start()
        .await;
    let [one, other] = addresses(&app);
    assert_eq!(raw(&app, &proxied(one), "").await, "HTTP/1.1 401 Unauthorized");
    let spoofed = format!("x-forwarded-for: {}.{}.{}.{}\r\n", other[0], other[1], other[2], other[3]);
    assert_eq!(raw(&app, &proxied(one), &spoofed).await, "HTTP/1.1 429 Too Many Requests");
    assert_eq!(raw(&app, &proxied(other), "").await, "HTTP/1.1 401 Unauthorized");
    assert_eq!(raw(&app, b"", "").await, "");
    let mut unnamed = proxied(one);
    unnamed[13] = 0;
    assert_eq!(raw(&app, &unnamed, "").await, "");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_write_about_their_address_has_no_effect() {
    let app = TestApp::of(service())
        .settings(|settings, _, _| {
            settings.http.limits = ONE_GUESS;
            let elsewhere = vec!["192.0.2.0/24".parse().unwrap()];
            settings.http.proxies = vec![Proxy { networks: elsewhere, ..proxy(None) }];
        })
        .start()
        .await;
    let [one, other] = addresses(&app).map(|a| format!("{}.{}.{}.{}", a[0], a[1], a[2], a[3]));
    assert_eq!(raw(&app, &proxied([192, 0, 2, 1]), "").await, "HTTP/1.1 400 Bad Request");
    let seen = [
        raw(&app, b"", &format!("x-forwarded-for: {one}\r\n")).await,
        raw(&app, b"", &format!("x-forwarded-for: {other}\r\n")).await,
        raw(&app, b"", &format!("forwarded: for={other}\r\nx-real-ip: {other}\r\n")).await,
    ];
    assert!(seen.iter().skip(1).all(|line| line == "HTTP/1.1 429 Too Many Requests"), "{seen:?}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_in_use_without_a_restart() {
    let app = TestApp::of(service()).settings(|settings, pki, _| with_tls(settings, pki)).start().await;
    let settings = app.context().settings();
    let (certificate, key) = (&settings.identity.certificate, &settings.identity.key);
    let shown = async || {
        // A connection of its own each time.
        let answer = client(&app, None).get(format!("{}/healthz", app.running.url())).send().await.unwrap();
        let info = answer.extensions().get::<TlsInfo>().unwrap().peer_certificate().unwrap().to_vec();
        identity::certificate::thumbprint(&info)
    };
    let before = app.context().keys().signer.credential().thumbprint();
    assert_eq!(shown().await, before);
    assert!(!app.context().reload_keys().unwrap(), "nothing is new");

    let renewed = own_certificate(&app.pki);
    let old_key = std::fs::read(key).unwrap();
    renewed.save_pem_files(certificate, key).unwrap();
    std::fs::write(key, &old_key).unwrap();
    assert!(app.context().reload_keys().is_err(), "a certificate without its key");
    assert_eq!(shown().await, before);

    renewed.save_pem_files(certificate, key).unwrap();
    // Unless the task that looks at the files was faster.
    let _ = app.context().reload_keys().unwrap();
    assert_eq!(shown().await, renewed.thumbprint());
    let keys = app.context().keys();
    assert_eq!(keys.signer.credential().thumbprint(), renewed.thumbprint());
    app.stop().await;
}
