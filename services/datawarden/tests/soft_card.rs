//! The soft card over HTTP: each command, each refusal, and what it signs verified as a service verifies it.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use datawarden::soft_card::{CardKind, Code, Folder, Minor, Setup, SoftCardServer};
use identity::pki::{Validity, load_or_issue};
use identity::signature::ecdsa_from_der;
use identity::{
    AssertionKind, AssertionRequest, CardHolder, Certificate, DevPki, Endorsement, KeyKind,
    SignatureAlgorithm, SignatureForm, assertion_signing_input, jws, verify_assertion,
    verify_pkcs7_assertion,
};
use kernel::{Clock, Instant, canonical};
use serde_json::{Value, json};

const PIN: &str = "975310";
const SITE: &str = "http://localhost:8405";
const AUDIENCE: &str = "https://account/token";

fn now() -> Instant {
    Instant::from_timestamp(1_770_000_000, 0).unwrap()
}

struct At(Instant);

impl Clock for At {
    fn now(&self) -> Instant {
        self.0
    }
}

/// A folder with a card of each kind of key, one out of its time each way, and an agency's.
struct World {
    pki: DevPki,
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let (pki, folder) = (DevPki::generate().unwrap(), tempfile::tempdir().unwrap());
        let day = chrono::Duration::days(1);
        let past = Validity { from: now() - day * 9, until: now() - day };
        let future = Validity { from: now() + day, until: now() + day * 9 };
        let holder = CardHolder { name: "林測試", serial_number: "TP00000000000001", last_four: "6789" };
        for (name, kind, validity) in [
            ("p256", KeyKind::P256, Validity::around(now())),
            ("p384", KeyKind::P384, Validity::around(now())),
            ("rsa", KeyKind::Rsa2048, Validity::around(now())),
            ("expired", KeyKind::P256, past),
            ("early", KeyKind::P256, future),
        ] {
            load_or_issue(folder.path(), name, || pki.issue_card_with(holder, kind, validity)).unwrap();
        }
        load_or_issue(folder.path(), "agency", || pki.issue_agency("社會局", "2.16.886.101.90028", now()))
            .unwrap();
        Self { pki, folder }
    }

    fn start(&self, cards: &[&str]) -> Running {
        self.start_with(cards, |_| {})
    }

    fn start_with(&self, cards: &[&str], change: impl FnOnce(&mut Setup)) -> Running {
        let mut setup = Setup {
            folder: Folder::open(self.folder.path()).unwrap(),
            inserted: cards.iter().map(ToString::to_string).collect(),
            reader: true,
            pin: PIN.parse().unwrap(),
            origins: vec![SITE.to_owned()],
            only: None,
            clock: Arc::new(At(now())),
        };
        change(&mut setup);
        let server = SoftCardServer::start(([127, 0, 0, 1], 0).into(), setup).unwrap();
        Running { server, http: chassis::http_client(Duration::from_secs(10)).unwrap() }
    }
}

struct Running {
    server: SoftCardServer,
    http: reqwest::Client,
}

impl Running {
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.url)
    }

    async fn get(&self, path: &str) -> Value {
        self.http.get(self.url(path)).send().await.unwrap().json().await.unwrap()
    }

    async fn sign(&self, package: Value) -> Value {
        let form = [("tbsPackage", package.to_string())];
        self.http.post(self.url("/sign")).form(&form).send().await.unwrap().json().await.unwrap()
    }

    /// `ret_code` without its sign, and `last_error`, of a request that has the right PIN unless it says otherwise.
    async fn codes(&self, package: Value) -> (u32, i64) {
        let mut whole = json!({"func": "MakeSignature", "tbs": "text", "pin": PIN});
        for (name, value) in package.as_object().unwrap() {
            whole[name] = value.clone();
        }
        codes(&self.sign(whole).await)
    }
}

fn codes(answer: &Value) -> (u32, i64) {
    let code = i32::try_from(answer["ret_code"].as_i64().unwrap()).unwrap();
    assert_eq!(code == 0, answer["message"] == "", "{answer:#}");
    (code.cast_unsigned(), answer["last_error"].as_i64().unwrap())
}

fn wrong(code: Code) -> (u32, i64) {
    (code.number().cast_unsigned(), 0)
}

fn refused(minor: Minor) -> (u32, i64) {
    (0x7610_0006, minor.number().into())
}

/// The chain that a page gets: the certificate for signatures, then the authorities'.
fn chain(info: &Value) -> Vec<Vec<u8>> {
    let certs = info["slots"][0]["token"]["certs"].as_array().unwrap();
    assert_eq!(certs[0]["label"], "cert1");
    assert_eq!(certs[0]["usage"], "digitalSignature");
    certs.iter().map(|cert| STANDARD.decode(cert["certb64"].as_str().unwrap()).unwrap()).collect()
}

#[tokio::test]
async fn the_readers_are_told_with_and_without_certificates_and_as_a_picture() {
    let world = World::new();
    let running = world.start(&["p256", "rsa"]);
    let without = running.get("/pkcs11info").await;
    assert_eq!((&without["func"], &without["ret_code"]), (&json!("pkcs11info"), &json!(0)));
    assert_eq!(without["slots"].as_array().unwrap().len(), 2);
    assert_eq!(without["slots"][0]["token"]["serialNumber"], "TP00000000000001");
    assert_eq!(without["slots"][0]["token"].get("certs"), None);
    let with = running.get("/pkcs11info?withcert=true").await;
    let cert = &with["slots"][0]["token"]["certs"][0];
    let own = Certificate::parse(&chain(&with)[0]).unwrap();
    assert_eq!(cert["sn"], own.serial());
    assert!(cert["subjectDN"].as_str().unwrap().contains("林測試"), "{cert:#}");
    assert!(cert["issuerDN"].as_str().unwrap().contains("內政部憑證管理中心"));
    assert_eq!(cert["signatureAlgorithm"], "1.2.840.10045.4.3.3");
    for name in ["thumbprint", "notBefore", "notAfter", "keyidb64"] {
        assert!(!cert[name].as_str().unwrap().is_empty(), "{name}");
    }
    assert_eq!(with["slots"][0]["token"]["certs"][1]["label"], "CA cert 1");
    let picture = running.http.get(running.url("/p11Image.bmp")).send().await.unwrap();
    assert_eq!(picture.headers()["content-type"], "image/bmp");
    let bytes = picture.bytes().await.unwrap();
    let text: Vec<u8> = bytes[54..].iter().copied().take_while(|byte| *byte != 0).collect();
    assert_eq!(serde_json::from_slice::<Value>(&text).unwrap(), without);
    running.server.stop().await;
}

#[tokio::test]
async fn what_is_signed_as_pkcs1_and_as_pkcs7_is_a_login_and_an_endorsement() {
    let world = World::new();
    let anchors = world.pki.anchors().unwrap();
    for name in ["p256", "p384", "rsa"] {
        let running = world.start(&[name]);
        let chain = chain(&running.get("/pkcs11info?withcert=true").await);
        let request = AssertionRequest {
            kind: AssertionKind::Login,
            client_id: None,
            audience: AUDIENCE,
            jti: "nonce-1",
            ttl: chrono::Duration::seconds(120),
            client_thumbprint: None,
            place: None,
        };
        let input = assertion_signing_input(&request, &chain, now()).unwrap();
        let algorithm = Certificate::parse(&chain[0]).unwrap().public_key().algorithm();
        let joined = |answer: &Value| {
            assert_eq!(answer["ret_code"], 0, "{answer:#}");
            STANDARD.decode(answer["signature"].as_str().unwrap()).unwrap()
        };
        let bare = |signature: Vec<u8>| match algorithm {
            SignatureAlgorithm::Rs256 => signature,
            _ => ecdsa_from_der(algorithm, &signature).unwrap(),
        };

        let answer = running.sign(json!({"func": "MakeSignature", "tbs": input, "pin": PIN})).await;
        assert_eq!(answer["certb64"], STANDARD.encode(&chain[0]));
        assert_eq!((&answer["func"], &answer["cardSN"]), (&json!("sign"), &json!("TP00000000000001")));
        let token = jws::complete(&input, &bare(joined(&answer)));
        let login = verify_assertion(AssertionKind::Login, &token, &anchors, AUDIENCE, now()).unwrap();

        let package = json!({"tbs": STANDARD.encode(&input), "tbsEncoding": "base64", "signatureType": "PKCS7",
            "withSigningTime": "true", "withCardSN": true, "nonce": "00", "pin": PIN});
        let message = joined(&running.sign(package).await);
        let same = verify_pkcs7_assertion(&message, &anchors, AUDIENCE, now()).unwrap();
        assert_eq!(same, login, "{name}");

        let digest = match algorithm {
            SignatureAlgorithm::Es384 => STANDARD.encode([7; 48]),
            _ => STANDARD.encode(canonical::sha256(input.as_bytes())),
        };
        let raw = json!({"tbs": digest, "tbsEncoding": "base64", "signatureType": "RAW", "pin": PIN});
        let signature = bare(joined(&running.sign(raw).await));
        let token = jws::complete(&input, &signature);
        let seen = verify_assertion(AssertionKind::Login, &token, &anchors, AUDIENCE, now());
        assert_eq!(seen.is_ok(), algorithm != SignatureAlgorithm::Es384, "signed as it is, without hashing");

        let content = json!({"reason": "急難救助"});
        let bytes = identity::endorsement::endorsement_bytes(&content).unwrap();
        let package =
            json!({"tbs": String::from_utf8(bytes.clone()).unwrap(), "signatureType": "PKCS7", "pin": PIN});
        let endorsement = Endorsement {
            content_digest: canonical::sha256_hex(&bytes),
            certificate: chain.iter().map(|der| STANDARD.encode(der)).collect(),
            algorithm,
            form: SignatureForm::Pkcs7,
            signature: STANDARD.encode(joined(&running.sign(package).await)),
            signed_at: now(),
        };
        endorsement.verify(&content, &anchors, now()).unwrap();
        running.server.stop().await;
    }
}

#[tokio::test]
async fn each_refusal_has_its_code_and_costs_no_try() {
    let world = World::new();
    let running = world.start(&["p256"]);
    let cases = [
        (json!({"tbs": ""}), Code::NoContent),
        (json!({"tbs": ["text"]}), Code::BadParameter),
        (json!({"tbs": "?", "tbsEncoding": "base64"}), Code::BadBase64),
        (json!({"tbsEncoding": "hex"}), Code::BadParameter),
        (json!({"signatureType": "PKCS9"}), Code::SignatureType),
        (json!({"signatureType": "RAW"}), Code::BadParameter),
        (json!({"hashAlgorithm": "SHA1"}), Code::SignatureType),
        (json!({"withCardSN": "perhaps"}), Code::BadParameter),
        (json!({"func": "DecryptData"}), Code::Unsupported),
        (json!({"keyidb64": "AAAA"}), Code::NoKey),
        (json!({"slotDescription": "another reader"}), Code::UnknownReader),
        (json!({"pin": ""}), Code::NoPin),
        (json!({"pin": null}), Code::NoPin),
    ];
    for (package, code) in cases {
        assert_eq!(running.codes(package.clone()).await, wrong(code), "{package}");
    }
    for body in ["tbsPackage=", "tbsPackage=[]", "tbsPackage=%7B"] {
        let answer = running.http.post(running.url("/sign")).body(body).send().await.unwrap();
        assert_eq!(codes(&answer.json().await.unwrap()), wrong(Code::BadJson), "{body}");
    }
    let nothing = running.http.post(running.url("/sign")).body("tbs=1").send().await.unwrap();
    assert_eq!(codes(&nothing.json().await.unwrap()), wrong(Code::BadParameter));
    assert_eq!(running.codes(json!({"pin": "12345"})).await, refused(Minor::PinLength));
    assert_eq!(running.codes(json!({"pin": "000000"})).await, refused(Minor::TwoLeft));
    // As pages send it: the JSON as it is, as plain text, with numbers for nothing.
    let body = format!(r#"tbsPackage={{"tbs":"a%2Bb","pin":"{PIN}","slotDescription":0}}"#);
    let answer = running.http.post(running.url("/sign")).body(body).send().await.unwrap();
    assert_eq!(codes(&answer.json().await.unwrap()), (0, 0));
    running.server.stop().await;

    for (name, code) in [("expired", Code::Expired), ("early", Code::NotYetValid)] {
        let running = world.start(&[name]);
        assert_eq!(running.codes(json!({})).await, wrong(code));
        assert_eq!(running.codes(json!({"checkValidity": "false"})).await, (0, 0));
        running.server.stop().await;
    }
    for (name, only, code) in
        [("agency", CardKind::Citizen, Code::AgencyCard), ("p256", CardKind::Agency, Code::CitizenCard)]
    {
        let running = world.start_with(&[name], |setup| setup.only = Some(only));
        assert_eq!(running.codes(json!({})).await, wrong(code));
        running.server.stop().await;
    }
    let running = world.start_with(&["p256"], |setup| setup.reader = false);
    assert_eq!(running.codes(json!({})).await, wrong(Code::NoReader));
    assert_eq!(codes(&running.get("/pkcs11info").await), wrong(Code::NoReader));
    running.server.stop().await;
}

#[tokio::test]
async fn the_third_wrong_pin_locks_the_card_and_no_restart_opens_it() {
    let world = World::new();
    let wrong_pin = json!({"pin": "864200"});
    let running = world.start(&["p256", "rsa"]);
    assert_eq!(running.codes(wrong_pin.clone()).await, refused(Minor::TwoLeft));
    assert_eq!(running.codes(json!({})).await, (0, 0));
    assert_eq!(running.codes(wrong_pin.clone()).await, refused(Minor::TwoLeft));
    assert_eq!(running.codes(wrong_pin.clone()).await, refused(Minor::OneLeft));
    running.server.stop().await;
    let running = world.start(&["p256", "rsa"]);
    assert_eq!(running.codes(wrong_pin).await, refused(Minor::WrongPin));
    assert_eq!(running.codes(json!({})).await, refused(Minor::Locked));
    running.server.stop().await;
    let running = world.start(&["p256", "rsa"]);
    assert_eq!(running.codes(json!({})).await, refused(Minor::Locked));
    let second = json!({"slotDescription": "Datawarden soft card reader 1"});
    assert_eq!(running.codes(second).await, (0, 0), "another card is another matter");
    Folder::open(world.folder.path()).unwrap().tries("p256").unwrap().unlock().unwrap();
    assert_eq!(running.codes(json!({})).await, (0, 0));
    for file in std::fs::read_dir(world.folder.path()).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains(PIN) && !text.contains("864200"), "no PIN is kept");
    }
    running.server.stop().await;
}

#[tokio::test]
async fn cards_and_reader_come_and_go_by_the_page() {
    let world = World::new();
    let running = world.start(&[]);
    assert_eq!(running.codes(json!({})).await, wrong(Code::NoCard));
    assert_eq!(codes(&running.get("/pkcs11info").await), wrong(Code::NoCard));
    let post = async |card: &str, action: &str| {
        let form = [("card", card), ("action", action)];
        let answer = running.http.post(running.url("/cards")).form(&form).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, page) = post("p256", "insert").await;
    assert_eq!(status, 200, "redirected to the page");
    assert!(page.contains("p256") && page.contains("inserted"), "{page}");
    assert_eq!(running.codes(json!({})).await, (0, 0));
    post("", "unplug").await;
    assert_eq!(running.codes(json!({})).await, wrong(Code::NoReader));
    post("", "plug").await;
    assert_eq!(running.codes(json!({})).await, (0, 0));
    post("p256", "remove").await;
    assert_eq!(running.codes(json!({})).await, wrong(Code::NoCard));
    for name in ["../p256", "nobody", "/etc/passwd"] {
        assert_eq!(post(name, "insert").await.0, 400, "{name}");
    }
    running.server.stop().await;
}

#[tokio::test]
async fn a_site_that_is_not_on_the_list_gets_neither_cards_nor_signatures_nor_moves_a_card() {
    let world = World::new();
    let running = world.start(&["p256"]);
    let own = running.server.url.clone();
    let ask = async |path: &str, post: bool, headers: &[(&str, &str)]| {
        let mut request = if post {
            let package = json!({"tbs": "text", "pin": PIN}).to_string();
            let form = [("tbsPackage", package.as_str()), ("card", "rsa"), ("action", "insert")];
            running.http.post(running.url(path)).form(&form)
        } else {
            running.http.get(running.url(path))
        };
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    };
    let window = [("origin", own.as_str()), ("sec-fetch-site", "same-origin")];
    let through = |origin| [window[0], window[1], ("x-opener-origin", origin)];
    let evil = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];

    let code = async |path: &str, post: bool, headers: &[(&str, &str)]| {
        codes(&ask(path, post, headers).await.json().await.unwrap())
    };
    assert_eq!(code("/sign", true, &through(SITE)).await, (0, 0));
    assert_eq!(code("/pkcs11info", false, &through(SITE)[1..]).await, (0, 0));
    for headers in [
        &through("https://evil.example")[..],
        &window,
        &evil,
        &[evil[0], evil[1], ("x-opener-origin", SITE)],
        &[("origin", "null")],
        &[("origin", SITE)],
    ] {
        assert_eq!(code("/sign", true, headers).await, wrong(Code::ForbiddenDomain), "{headers:?}");
        assert_eq!(code("/pkcs11info", false, headers).await, wrong(Code::UntrustedSite), "{headers:?}");
    }
    assert_eq!(ask("/cards", true, &evil).await.status(), 403);
    assert_eq!(ask("/cards", true, &through(SITE)).await.status(), 403);

    // The picture is readable for anyone, and says nothing to strangers.
    for (origin, expected) in [(SITE, (0, 0)), ("https://evil.example", wrong(Code::UntrustedSite))] {
        let picture = ask("/p11Image.bmp", false, &[("origin", origin)]).await;
        assert_eq!(picture.headers()["access-control-allow-origin"], origin);
        let bytes = picture.bytes().await.unwrap();
        let text: Vec<u8> = bytes[54..].iter().copied().take_while(|byte| *byte != 0).collect();
        assert_eq!(codes(&serde_json::from_slice(&text).unwrap()), expected);
    }
    let elsewhere = ask("/pkcs11info", false, &[("host", "evil.example:61161")]).await;
    assert_eq!(elsewhere.status(), 404, "a foreign name that leads here");
    running.server.stop().await;
}

#[tokio::test]
async fn the_window_names_its_sites_and_lets_nothing_else_in() {
    let world = World::new();
    let running = world.start(&["p256"]);
    let page = running.http.get(running.url("/popupForm")).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert_eq!(page.headers()["cache-control"], "no-store");
    let text = page.text().await.unwrap();
    assert!(text.contains(SITE) && text.contains(&Code::Cancelled.number().to_string()));
    let script = running.http.get(running.url("/popupForm.js")).send().await.unwrap().text().await.unwrap();
    assert!(script.contains("getTbs"));
    assert!(!script.contains(r#", "*")"#), "results go to a named origin");
    running.server.stop().await;
}

#[tokio::test]
async fn only_this_machine_is_listened_to() {
    let world = World::new();
    for bind in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let setup = Setup {
            folder: Folder::open(world.folder.path()).unwrap(),
            inserted: vec![],
            reader: true,
            pin: PIN.parse().unwrap(),
            origins: vec![],
            only: None,
            clock: Arc::new(At(now())),
        };
        let error = SoftCardServer::start(bind.parse().unwrap(), setup).unwrap_err();
        assert!(error.to_string().contains("this machine alone"), "{error}");
    }
}
