use chrono::Duration;

use crate::jws::{self, JwsError};
use crate::pki::Validity;
use crate::{
    AssertionError, AssertionKind, AssertionRequest, ChainError, Endorsement, EndorsementError, KeyKind,
    assertion_signing_input, sign_assertion, verify_assertion,
};

use super::{HOLDER, later, now, world};

pub const AUDIENCE: &str = "https://account/token";

pub fn login() -> AssertionRequest<'static> {
    AssertionRequest {
        kind: AssertionKind::Login,
        client_id: None,
        audience: AUDIENCE,
        jti: "nonce-1",
        ttl: Duration::seconds(120),
        client_thumbprint: Some("thumb"),
        place: None,
    }
}

#[test]
fn a_login_is_accepted_from_every_kind_of_card() {
    let w = world();
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048] {
        let card = w.pki.issue_card_with(HOLDER, kind, Validity::around(now())).unwrap();
        let jwt = sign_assertion(&card, &login(), now()).unwrap();
        let verified = verify_assertion(AssertionKind::Login, &jwt, &w.anchors, AUDIENCE, now()).unwrap();
        assert_eq!(verified.subject, card.certificate().subject());
        assert_eq!((verified.jti.as_str(), verified.exp), ("nonce-1", later(120)));
        assert_eq!(verified.client_thumbprint.as_deref(), Some("thumb"));
        assert_eq!(verified.certificate.common_name.expose(), HOLDER.name);
    }
}

#[test]
fn an_agency_system_authenticates_with_its_client_id() {
    let w = world();
    let agency = w.pki.issue_agency("社會局", "2.16.886.101.90028", now()).unwrap();
    let request = AssertionRequest { kind: AssertionKind::Client, client_id: Some("welfare"), ..login() };
    let jwt = sign_assertion(&agency, &request, now()).unwrap();
    let verified = verify_assertion(AssertionKind::Client, &jwt, &w.anchors, AUDIENCE, now()).unwrap();
    assert_eq!(verified.subject, "welfare");
    let as_login = verify_assertion(AssertionKind::Login, &jwt, &w.anchors, AUDIENCE, now());
    assert_eq!(as_login, Err(AssertionError::WrongType));
    let nameless = AssertionRequest { client_id: None, ..request };
    assert_eq!(sign_assertion(&agency, &nameless, now()), Err(AssertionError::WrongSubject));
    // A citizen card cannot stand in for an agency's certificate, nor the reverse.
    let jwt = sign_assertion(&w.card, &request, now()).unwrap();
    let by_card = verify_assertion(AssertionKind::Client, &jwt, &w.anchors, AUDIENCE, now());
    assert_eq!(by_card, Err(AssertionError::Chain(ChainError::WrongSubjectType)));
    let jwt = sign_assertion(&agency, &login(), now()).unwrap();
    let by_agency = verify_assertion(AssertionKind::Login, &jwt, &w.anchors, AUDIENCE, now());
    assert_eq!(by_agency, Err(AssertionError::Chain(ChainError::WrongSubjectType)));
}

#[test]
fn a_login_is_for_one_audience_one_short_time_and_its_own_card() {
    let w = world();
    let jwt = sign_assertion(&w.card, &login(), now()).unwrap();
    let look =
        |audience, at| verify_assertion(AssertionKind::Login, &jwt, &w.anchors, audience, at).unwrap_err();
    assert_eq!(look("https://other", now()), AssertionError::WrongAudience);
    assert_eq!(look(AUDIENCE, later(120)), AssertionError::Expired);
    assert_eq!(look(AUDIENCE, later(-11)), AssertionError::NotYetValid);
    let long = AssertionRequest { ttl: Duration::seconds(121), ..login() };
    assert_eq!(sign_assertion(&w.card, &long, now()), Err(AssertionError::TooLong));

    // One card signs what names another: the subject is not the signer.
    let other = w.pki.issue_card(HOLDER, now()).unwrap();
    let claims = assertion_signing_input(&login(), other.chain_der(), now()).unwrap();
    let header = assertion_signing_input(&login(), w.card.chain_der(), now()).unwrap();
    let mixed = format!("{}.{}", header.split_once('.').unwrap().0, claims.split_once('.').unwrap().1);
    let jwt = jws::complete(&mixed, &w.card.sign(mixed.as_bytes()).unwrap());
    let refused = verify_assertion(AssertionKind::Login, &jwt, &w.anchors, AUDIENCE, now());
    assert_eq!(refused, Err(AssertionError::WrongSubject));
    let foreign = sign_assertion(&world().card, &login(), now()).unwrap();
    let refused = verify_assertion(AssertionKind::Login, &foreign, &w.anchors, AUDIENCE, now());
    assert_eq!(refused, Err(AssertionError::Chain(ChainError::UnknownIssuer)));
}

#[test]
fn a_login_never_passes_for_an_endorsement_nor_the_reverse() {
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::STANDARD;
    let w = world();
    let input = assertion_signing_input(&login(), w.card.chain_der(), now()).unwrap();
    assert!(!input.contains('\n'));

    let endorsement = Endorsement::sign(&w.card, &input, now()).unwrap();
    endorsement.verify(&input, &w.anchors, now()).unwrap();
    let jwt = jws::complete(&input, &base64.decode(&endorsement.signature).unwrap());
    let as_login = verify_assertion(AssertionKind::Login, &jwt, &w.anchors, AUDIENCE, now());
    assert_eq!(as_login, Err(AssertionError::Jws(JwsError::Signature)));

    let login_signature = w.card.sign(input.as_bytes()).unwrap();
    let as_endorsement = Endorsement { signature: base64.encode(login_signature), ..endorsement };
    let refused = as_endorsement.verify(&input, &w.anchors, now());
    assert_eq!(refused, Err(EndorsementError::BadSignature));
}
