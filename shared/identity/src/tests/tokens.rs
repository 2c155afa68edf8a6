use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use kernel::ids::{AgencyId, PersonId, PostId, SystemId};
use uuid::Uuid;

use crate::jws::JwsError;
use crate::{
    AccessGrant, ChainError, Confirmation, Credential, PrincipalKind, RevocationList, Role, ServiceSigner,
    TokenError, TokenIssuer, TokenVerifier,
};

use super::{World, later, now, world};

const AUDIENCE: &str = "query-registry";

fn person() -> PersonId {
    PersonId(Uuid::from_u128(1))
}

fn grant() -> AccessGrant {
    AccessGrant {
        kind: PrincipalKind::Person { person: person(), post: PostId(Uuid::from_u128(2)) },
        subject: person().to_string(),
        client_id: "console".into(),
        token_id: "token-1".into(),
        as_of: 0,
        name: None,
        agency: Some(AgencyId(Uuid::from_u128(3))),
        oversees: true,
        provides: [].into(),
        unit: None,
        roles: BTreeSet::from([Role::User, Role::UnitSupervisor]),
        system: Some(SystemId(Uuid::from_u128(4))),
        place: Some("203.0.113.7".parse().unwrap()),
        acting_for: Some(PostId(Uuid::from_u128(5))),
        emergency: None,
        cnf: Some(Confirmation { x5t_s256: "thumb".into() }),
        session: None,
    }
}

fn token_of(credential: &Credential, grant: &AccessGrant) -> String {
    let issuer = TokenIssuer::new(credential.clone(), "https://account").unwrap();
    issuer.issue(grant, &[AUDIENCE, "retention"], now(), Duration::seconds(600)).unwrap()
}

fn verifier(w: &World) -> TokenVerifier {
    TokenVerifier::new(w.anchors.clone(), AUDIENCE).with_issuer("account", "https://account")
}

/// The same token with one part replaced by other JSON.
fn with_part(token: &str, part: usize, change: impl FnOnce(&mut serde_json::Value)) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let mut json = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&parts[part]).unwrap()).unwrap();
    change(&mut json);
    parts[part] = URL_SAFE_NO_PAD.encode(json.to_string());
    parts.join(".")
}

#[test]
fn an_access_token_tells_who_acts_in_which_post_from_where() {
    let w = world();
    let principal = verifier(&w).verify(&token_of(&w.account, &grant()), now()).unwrap();
    assert_eq!(principal.person(), Some(person()));
    assert_eq!(principal.post(), Some(PostId(Uuid::from_u128(2))));
    assert_eq!(principal.acting_for, Some(PostId(Uuid::from_u128(5))));
    assert_eq!(principal.system(), Some(SystemId(Uuid::from_u128(4))));
    assert_eq!(principal.place, grant().place);
    assert_eq!(principal.bound_to.as_deref(), Some("thumb"));
    assert_eq!((principal.token_id.as_str(), principal.expires_at), ("token-1", later(600)));
    assert!(principal.has(Role::User) && !principal.has(Role::Auditor));
    assert!(principal.has_any(&[Role::Auditor, Role::UnitSupervisor]));
    assert_eq!(principal.service(), None);
}

#[test]
fn an_agency_system_acts_for_itself() {
    let w = world();
    let mut grant = grant();
    grant.kind = PrincipalKind::System;
    grant.roles = BTreeSet::from([Role::AgencySystem]);
    let principal = verifier(&w).verify(&token_of(&w.account, &grant), now()).unwrap();
    assert_eq!((principal.kind, principal.person()), (PrincipalKind::System, None));
}

#[test]
fn a_token_ends_on_time_also_when_it_is_remembered() {
    let w = world();
    let (verifier, token) = (verifier(&w), token_of(&w.account, &grant()));
    let first = verifier.verify(&token, later(599)).unwrap();
    assert!(Arc::ptr_eq(&first, &verifier.verify(&token, now()).unwrap()), "the second look is from memory");
    assert_eq!(verifier.verify(&token, later(600)), Err(TokenError::Expired));
    assert_eq!(verifier.verify(&token, later(-11)), Err(TokenError::NotYetValid));
    let fresh = TokenVerifier::new(w.anchors.clone(), AUDIENCE);
    assert_eq!(fresh.verify(&token, later(600)), Err(TokenError::Expired));
    assert_eq!(fresh.verify(&token, later(-11)), Err(TokenError::NotYetValid));
    let issuer = TokenIssuer::new(w.account.clone(), "https://account").unwrap();
    let long = issuer.issue(&grant(), &[AUDIENCE], now(), Duration::seconds(601));
    assert_eq!(long, Err(TokenError::TooLong));
}

#[test]
fn a_token_for_others_or_from_others_is_refused() {
    let w = world();
    let token = token_of(&w.account, &grant());
    let console = TokenVerifier::new(w.anchors.clone(), "console");
    assert_eq!(console.verify(&token, now()), Err(TokenError::WrongAudience));
    let other_iss = TokenVerifier::new(w.anchors.clone(), AUDIENCE).with_issuer("account", "https://other");
    assert_eq!(other_iss.verify(&token, now()), Err(TokenError::WrongIssuer));
    let made_by_retention = token_of(&w.retention, &grant());
    assert_eq!(verifier(&w).verify(&made_by_retention, now()), Err(TokenError::WrongIssuer));
    let unknown = token_of(&world().account, &grant());
    assert_eq!(verifier(&w).verify(&unknown, now()), Err(TokenError::Chain(ChainError::UnknownIssuer)));
    let by_card = token_of(&w.card, &grant());
    assert_eq!(verifier(&w).verify(&by_card, now()), Err(TokenError::Chain(ChainError::WrongSubjectType)));
    let mut as_service = grant();
    as_service.kind = PrincipalKind::Service;
    assert_eq!(verifier(&w).verify(&token_of(&w.account, &as_service), now()), Err(TokenError::WrongType));
    let mut role_service = grant();
    role_service.roles.insert(Role::Service);
    assert_eq!(verifier(&w).verify(&token_of(&w.account, &role_service), now()), Err(TokenError::WrongType));
}

#[test]
fn altered_tokens_are_refused() {
    let w = world();
    let token = token_of(&w.account, &grant());
    // Refused alike by who sees the signer for the first time and by who knows him.
    let knows = verifier(&w);
    let another = token_of(&w.account, &AccessGrant { token_id: "token-2".into(), ..grant() });
    for good in [&token, &another] {
        knows.verify(good, now()).unwrap();
    }
    let look = |altered: &str| {
        let refused = verifier(&w).verify(altered, now()).unwrap_err();
        assert_eq!(knows.verify(altered, now()).unwrap_err(), refused);
        refused
    };
    let more_roles = with_part(&token, 1, |claims| claims["roles"] = serde_json::json!(["administrator"]));
    assert_eq!(look(&more_roles), TokenError::Jws(JwsError::Signature));
    // What is signed is known, and good under its own signature alone.
    let (input, _) = token.rsplit_once('.').unwrap();
    let (_, other_signature) = another.rsplit_once('.').unwrap();
    assert_eq!(look(&format!("{input}.{other_signature}")), TokenError::Jws(JwsError::Signature));
    let none = with_part(&token, 0, |header| header["alg"] = "none".into());
    assert_eq!(look(&none), TokenError::Jws(JwsError::Algorithm));
    let hmac = with_part(&token, 0, |header| header["alg"] = "HS256".into());
    assert_eq!(look(&hmac), TokenError::Jws(JwsError::Algorithm));
    let rsa = with_part(&token, 0, |header| header["alg"] = "RS256".into());
    assert_eq!(look(&rsa), TokenError::Jws(JwsError::Algorithm));
    let jku = with_part(&token, 0, |header| header["jku"] = "https://evil".into());
    assert_eq!(look(&jku), TokenError::Jws(JwsError::Header));
    let crit = with_part(&token, 0, |header| header["crit"] = serde_json::json!(["b64"]));
    assert_eq!(look(&crit), TokenError::Jws(JwsError::Header));
    let typ = with_part(&token, 0, |header| header["typ"] = "JWT".into());
    assert_eq!(look(&typ), TokenError::WrongType);
    let as_service = with_part(&token, 0, |header| header["typ"] = "service+jwt".into());
    assert_eq!(look(&as_service), TokenError::Jws(JwsError::Signature));
    let other_chain = with_part(&token, 0, |header| header["x5c"] = w.retention.x5c().into());
    assert_eq!(look(&other_chain), TokenError::Jws(JwsError::Signature));
    let unsigned = token.rsplit_once('.').unwrap().0;
    for broken in ["", ".", "..", "a.b.c", unsigned, &"x".repeat(40_000)] {
        assert!(matches!(look(broken), TokenError::Jws(_)), "{broken:.20}");
    }
}

#[test]
fn revoking_the_issuers_certificate_ends_remembered_tokens_at_once() {
    let w = world();
    let list = Arc::new(RevocationList::default());
    let verifier = TokenVerifier::new(w.anchors.clone().with_revocation(list.clone()), AUDIENCE);
    let token = token_of(&w.account, &grant());
    verifier.verify(&token, now()).unwrap();
    let facts = w.account.certificate();
    list.revoke(&facts.issuer_key_id(), &facts.serial(), later(1));
    assert_eq!(verifier.verify(&token, later(1)), Err(TokenError::Chain(ChainError::Revoked)));
}

#[test]
fn a_service_vouches_for_itself_and_for_one_request() {
    let w = world();
    let signer = ServiceSigner::new(w.retention.clone(), "retention").unwrap();
    let verifier = verifier(&w);
    let token = signer.token(AUDIENCE, now(), "POST", "/v1/orders").unwrap();
    let principal = verifier.verify_request(&token, now(), "POST", "/v1/orders").unwrap();
    assert_eq!(principal.service(), Some("retention"));
    assert_eq!(principal.roles, BTreeSet::from([Role::Service]));
    let other = |method, path| verifier.verify_request(&token, now(), method, path);
    assert_eq!(other("GET", "/v1/orders"), Err(TokenError::WrongRequest));
    assert_eq!(other("POST", "/v1/orders/1"), Err(TokenError::WrongRequest));
    assert_eq!(verifier.verify(&token, later(60)), Err(TokenError::Expired));
    let elsewhere = TokenVerifier::new(w.anchors.clone(), "console");
    assert_eq!(elsewhere.verify(&token, now()), Err(TokenError::WrongAudience));
}

#[test]
fn a_service_cannot_take_anothers_name() {
    let w = world();
    assert_eq!(ServiceSigner::new(w.retention.clone(), "account").map(|_| ()), Err(TokenError::WrongIssuer));
    let server = w.pki.issue_server(&["account"], now()).unwrap();
    let token = ServiceSigner::new(server, "account").unwrap().token(AUDIENCE, now(), "GET", "/").unwrap();
    let refused = verifier(&w).verify(&token, now());
    assert_eq!(refused, Err(TokenError::Chain(ChainError::WrongExtendedKeyUsage)));
    // An honest signature by retention under claims that name account.
    let honest = ServiceSigner::new(w.retention.clone(), "retention").unwrap();
    let token = honest.token(AUDIENCE, now(), "GET", "/").unwrap();
    let forged = with_part(&token, 1, |claims| {
        claims["iss"] = "account".into();
        claims["sub"] = "account".into();
    });
    let input = forged.rsplit_once('.').unwrap().0;
    let signed = crate::jws::complete(input, &w.retention.sign(input.as_bytes()).unwrap());
    assert_eq!(verifier(&w).verify(&signed, now()), Err(TokenError::WrongIssuer));
}
