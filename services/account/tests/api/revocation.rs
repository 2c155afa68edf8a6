//! Revoked cards, lists that are too old, and OCSP answers, at login and at endorsement.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use identity::{OcspStatus, SignedDataOptions, sign_signed_data};
use kernel::Clock as _;
use serde_json::json;
use testkit::OcspServer;

use crate::oauth::PKCS7;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_card_neither_logs_in_nor_endorses_and_only_the_holder_learns_why() {
    let world = World::start().await;
    assert_eq!(world.somebody().login("user").await.status, 200);
    let before = world.filing("user", world.form("user", "household", "add", None), 'a');
    world.app.revoke_card(&world.people["user"].card).await;
    // Nobody who has no token learns that the card exists.
    assert_eq!(world.somebody().login("user").await.refusal(), (400, "invalid_grant"));
    let refused = world.post("user", "/v1/permission-applications", &before).await;
    assert_eq!(refused.expect_problem("endorsement-invalid")["reason"], "certificate-revoked");
    assert_eq!(world.somebody().login("colleague").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_stale_list_nobody_logs_in_until_a_new_one_is_there() {
    let world = World::start().await;
    world.app.write_list(2, world.app.clock.now() + Duration::minutes(30)).await;
    assert_eq!(world.somebody().login("user").await.status, 200);
    world.app.clock.advance(Duration::minutes(31));
    assert_eq!(world.somebody().login("user").await.refusal(), (400, "invalid_grant"));
    // An older list does not help.
    world.app.write_list(1, world.app.clock.now() + Duration::days(1)).await;
    assert_eq!(world.somebody().login("user").await.status, 400);
    world.app.write_list(3, world.app.clock.now() + Duration::days(1)).await;
    assert_eq!(world.somebody().login("user").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_is_asked_before_a_first_start_and_a_login_and_its_answer_counts() {
    let server = OcspServer::start();
    let responder = server.clone();
    let world = World::empty_with(move |settings, pki, _| responder.decides_alone(settings, pki)).await;
    let pki = &world.app.pki;
    let key_id = |purpose| identity::Certificate::parse(pki.authority_der(purpose)).unwrap().key_id();
    let authority = pki.authority_by_key_id(&key_id(identity::Purpose::Citizen)).unwrap();
    let other = pki.authority_by_key_id(&key_id(identity::Purpose::Agency)).unwrap();
    let now = || world.app.clock.now();

    server.set(OcspStatus::Revoked { since: now() }, now(), authority);
    let refused = world.first_start(&world.master_data()).await.unwrap_err();
    assert!(matches!(refused, chassis::Error::Problem(p) if p.errors[0].pointer == "/endorsements/0"));
    world.app.clock.advance(Duration::minutes(2));
    server.set(OcspStatus::Good, now(), authority);
    world.begin().await;
    let answers = world.rows("revocation_evidence WHERE kind = 'response'").await;
    assert_eq!(answers, 2, "the answers about both cards are kept");
    world.app.clock.advance(Duration::minutes(2));

    server.set(OcspStatus::Good, now(), other);
    assert_eq!(world.somebody().login("user").await.status, 400, "signed by another authority");
    server.set(OcspStatus::Good, now() - Duration::minutes(11), authority);
    assert_eq!(world.somebody().login("user").await.status, 400, "too old");
    server.set(OcspStatus::Unknown, now(), authority);
    assert_eq!(world.somebody().login("user").await.status, 400, "not known to the responder");
    world.app.clock.advance(Duration::minutes(2));
    server.set(OcspStatus::Good, now(), authority);
    assert_eq!(world.somebody().login("user").await.status, 200);
    let asked = server.asked();
    assert_eq!(world.somebody().login("user").await.status, 200);
    assert_eq!(server.asked(), asked, "the answer is used again");
    world.app.clock.advance(Duration::minutes(2));
    server.set(OcspStatus::Revoked { since: now() }, now(), authority);
    assert_eq!(world.somebody().login("user").await.refusal(), (400, "invalid_grant"));
    assert_eq!(server.asked(), asked + 1);

    // A card component that answers as PKCS#7 is asked about no less.
    world.app.clock.advance(Duration::minutes(2));
    server.set(OcspStatus::Good, now(), authority);
    let (somebody, card) = (world.somebody(), &world.people["user"].card);
    let prepared = somebody.prepare(card, json!({})).await.good();
    let input = prepared["signing_input"].as_str().unwrap();
    let message = sign_signed_data(card, input.as_bytes(), SignedDataOptions::default()).unwrap();
    let message = URL_SAFE_NO_PAD.encode(message);
    let _ = somebody.ask(&[("grant_type", PKCS7), ("assertion", &message)]).await.good();
    assert_eq!(server.asked(), asked + 2);
}
