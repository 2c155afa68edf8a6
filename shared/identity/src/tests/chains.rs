use std::collections::HashSet;
use std::sync::Arc;

use base64::Engine as _;
use chrono::Duration;
use kernel::Instant;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, KeyIdMethod, KeyUsagePurpose,
};

use crate::certificate::{CertificateError, CertificateKind};
use crate::pki::{Validity, issue};
use crate::{
    Certificate, ChainError, Credential, DevPki, KeyKind, Purpose, RevocationAnswer, RevocationList,
    RevocationQuery, RevocationSource, RevocationStatus, TrustAnchors, Usage, verify_chain,
};

use super::{HOLDER, later, now, world};

const CITIZEN: Usage = Usage::CitizenSignature;

fn refused(credential: &Credential, anchors: &TrustAnchors, at: Instant, usage: Usage) -> ChainError {
    verify_chain(credential.chain_der(), anchors, at, usage).unwrap_err()
}

/// A certificate below `issuer` with what the test changes.
pub fn crafted(issuer: &Credential, change: impl FnOnce(&mut CertificateParams)) -> Credential {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "crafted");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2040, 1, 1);
    change(&mut params);
    issue(params, KeyKind::P256, issuer).unwrap()
}

/// The directory attributes and policy of a real card, to be put into crafted certificates.
pub fn as_card(params: &mut CertificateParams) {
    params.custom_extensions = crate::pki::card_extensions("6789").unwrap();
}

#[test]
fn cards_of_every_key_kind_lead_to_their_holder() {
    let w = world();
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048] {
        let card = w.pki.issue_card_with(HOLDER, kind, Validity::around(now())).unwrap();
        let identity = verify_chain(card.chain_der(), &w.anchors, now(), CITIZEN).unwrap();
        assert_eq!(identity.kind, CertificateKind::Citizen);
        assert_eq!(identity.common_name.expose(), HOLDER.name);
        assert_eq!(identity.serial_number.unwrap().expose(), HOLDER.serial_number);
        assert_eq!(identity.last_four.unwrap().expose(), HOLDER.last_four);
        assert_eq!(identity.thumbprint_sha256, card.thumbprint());
        assert_eq!(identity.public_key.algorithm(), card.algorithm());
    }
}

#[test]
fn agencies_and_services_are_told_apart() {
    let w = world();
    let agency = w.pki.issue_agency("社會局", "2.16.886.101.90028", now()).unwrap();
    let identity = verify_chain(agency.chain_der(), &w.anchors, now(), Usage::AgencySignature).unwrap();
    assert_eq!(identity.common_name.expose(), "社會局");
    assert_eq!(identity.agency_oid.as_deref(), Some("2.16.886.101.90028"));
    let service = verify_chain(w.account.chain_der(), &w.anchors, now(), Usage::ServiceSignature).unwrap();
    assert_eq!(service.service_name(), Some("account"));
    let server = w.pki.issue_server(&["localhost", "127.0.0.1"], now()).unwrap();
    verify_chain(server.chain_der(), &w.anchors, now(), Usage::Server).unwrap();

    assert_eq!(
        refused(&server, &w.anchors, now(), Usage::ServiceSignature),
        ChainError::WrongExtendedKeyUsage
    );
    assert_eq!(refused(&agency, &w.anchors, now(), CITIZEN), ChainError::WrongSubjectType);
    assert_eq!(refused(&w.card, &w.anchors, now(), Usage::AgencySignature), ChainError::WrongSubjectType);
    assert_eq!(refused(&w.card, &w.anchors, now(), Usage::ServiceSignature), ChainError::WrongSubjectType);
    assert_eq!(refused(&w.account, &w.anchors, now(), CITIZEN), ChainError::WrongSubjectType);
}

#[test]
fn the_path_is_found_from_the_root_whatever_the_order_and_whoever_brings_the_intermediate() {
    let w = world();
    let leaf = w.card.chain_der()[0].clone();
    let citizen = w.pki.authority_der(Purpose::Citizen).to_vec();
    let rooted = TrustAnchors::new().with_anchor(Purpose::Citizen, w.pki.root_der()).unwrap();
    let agency = w.pki.authority_der(Purpose::Agency).to_vec();
    verify_chain(
        &[leaf.clone(), agency, w.pki.root_der().to_vec(), citizen.clone()],
        &rooted,
        now(),
        CITIZEN,
    )
    .unwrap();
    assert_eq!(
        verify_chain(std::slice::from_ref(&leaf), &rooted, now(), CITIZEN),
        Err(ChainError::UnknownIssuer)
    );
    let helped = rooted.with_intermediate(&citizen).unwrap();
    verify_chain(&[leaf], &helped, now(), CITIZEN).unwrap();
}

#[test]
fn authorities_with_one_name_are_told_apart_by_key_id() {
    let (old, new) = (world(), world());
    let both =
        old.anchors.clone().with_anchor(Purpose::Citizen, new.pki.authority_der(Purpose::Citizen)).unwrap();
    for card in [&old.card, &new.card] {
        verify_chain(card.chain_der(), &both, now(), CITIZEN).unwrap();
    }
    assert_eq!(refused(&new.card, &old.anchors, now(), CITIZEN), ChainError::UnknownIssuer);
}

#[test]
fn an_authority_that_borrows_name_and_key_id_is_found_out_by_its_signature() {
    let w = world();
    let foreign = DevPki::generate().unwrap();
    let real = Certificate::parse(w.pki.authority_der(Purpose::Citizen)).unwrap();
    let forged = crafted(&foreign.root, |params| {
        params.distinguished_name = crate::pki::authority_name("內政部憑證管理中心").unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.key_identifier_method = KeyIdMethod::PreSpecified(real.subject_key_id.clone().unwrap());
    });
    assert_eq!(Certificate::parse(&forged.chain_der()[0]).unwrap().subject_dn, real.subject_dn);
    let card = crafted(&forged, as_card);
    assert_eq!(Certificate::parse(&card.chain_der()[0]).unwrap().issuer_key_id(), real.key_id());
    assert_eq!(refused(&card, &w.anchors, now(), CITIZEN), ChainError::BadSignature);
}

#[test]
fn validity_is_that_of_the_whole_path() {
    let w = world();
    let validity = Validity { from: now(), until: later(3600) };
    let card = w.pki.issue_card_with(HOLDER, KeyKind::P256, validity).unwrap();
    for at in [0, 3600] {
        verify_chain(card.chain_der(), &w.anchors, later(at), CITIZEN).unwrap();
    }
    assert_eq!(refused(&card, &w.anchors, later(-1), CITIZEN), ChainError::NotYetValid);
    assert_eq!(refused(&card, &w.anchors, later(3601), CITIZEN), ChainError::Expired);
    let eternal = Validity { from: now(), until: now() + Duration::days(365 * 60) };
    let card = w.pki.issue_card_with(HOLDER, KeyKind::P256, eternal).unwrap();
    assert_eq!(refused(&card, &w.anchors, now() + Duration::days(365 * 50), CITIZEN), ChainError::Expired);
}

#[test]
fn only_authorities_issue_and_only_as_deep_as_they_may() {
    let w = world();
    let below_card = crafted(&w.card, as_card);
    assert_eq!(refused(&below_card, &w.anchors, now(), CITIZEN), ChainError::NotAnAuthority);
    let sub = crafted(&w.pki.citizen, |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    });
    let deep = crafted(&sub, as_card);
    assert_eq!(refused(&deep, &w.anchors, now(), CITIZEN), ChainError::PathTooLong);
    let no_sign = crafted(&w.pki.root, |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::CrlSign];
    });
    let rooted = TrustAnchors::new().with_anchor(Purpose::Citizen, w.pki.root_der()).unwrap();
    assert_eq!(refused(&crafted(&no_sign, as_card), &rooted, now(), CITIZEN), ChainError::NotAnAuthority);
    assert_eq!(refused(&w.pki.citizen, &rooted, now(), CITIZEN), ChainError::LeafIsAuthority);
    let leaf_as_anchor = TrustAnchors::new().with_anchor(Purpose::Citizen, &w.card.chain_der()[0]);
    assert_eq!(leaf_as_anchor.unwrap_err(), ChainError::NotAnAuthority);
}

#[test]
fn a_card_needs_the_usage_the_policy_and_nothing_unknown() {
    let w = world();
    let encryption = crafted(&w.pki.citizen, |params| {
        as_card(params);
        params.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
    });
    assert_eq!(refused(&encryption, &w.anchors, now(), CITIZEN), ChainError::WrongKeyUsage);
    let no_policy = crafted(&w.pki.citizen, |params| {
        as_card(params);
        params.custom_extensions.truncate(1);
    });
    assert_eq!(refused(&no_policy, &w.anchors, now(), CITIZEN), ChainError::MissingPolicy);
    let no_type = crafted(&w.pki.citizen, |params| {
        as_card(params);
        params.custom_extensions.remove(0);
    });
    assert_eq!(refused(&no_type, &w.anchors, now(), CITIZEN), ChainError::WrongSubjectType);
    let critical = crafted(&w.pki.citizen, |params| {
        as_card(params);
        let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
        extension.set_criticality(true);
        params.custom_extensions.push(extension);
    });
    assert_eq!(refused(&critical, &w.anchors, now(), CITIZEN), ChainError::UnknownCriticalExtension);
}

#[test]
fn altered_and_weak_certificates_are_refused() {
    let w = world();
    let good = w.card.chain_der().to_vec();
    let with_leaf = |leaf: Vec<u8>| {
        let chain = [vec![leaf], good[1..].to_vec()].concat();
        verify_chain(&chain, &w.anchors, now(), CITIZEN).unwrap_err()
    };
    let mut altered = good[0].clone();
    let name = HOLDER.serial_number.as_bytes();
    let at = altered.windows(name.len()).position(|part| part == name).unwrap();
    altered[at + name.len() - 1] = b'2';
    assert_eq!(with_leaf(altered), ChainError::BadSignature);
    // ecdsa-with-SHA384 becomes ecdsa-with-SHA224: once in one of the two places, once in both.
    let sha384 = hex::decode("06082a8648ce3d040303").unwrap();
    let mut weak = good[0].clone();
    for _ in 0..2 {
        let at = weak.windows(sha384.len()).rposition(|part| part == sha384).unwrap();
        weak[at + sha384.len() - 1] = 1;
        assert_eq!(with_leaf(weak.clone()), ChainError::WeakAlgorithm);
    }
    assert_eq!(with_leaf(good[0][..good[0].len() - 1].to_vec()), ChainError::Malformed);
    // Bits outside what the authority signed: another encoding of the same certificate is none.
    let mut unused = good[0].clone();
    let at = unused.len() - w.card.certificate().signature.len() - 1;
    unused[at] = 1;
    assert_eq!(with_leaf(unused), ChainError::Malformed);
    assert_eq!(with_leaf([good[0].clone(), vec![0]].concat()), ChainError::Malformed);
    assert_eq!(verify_chain(&[], &w.anchors, now(), CITIZEN), Err(ChainError::Empty));
    let many = vec![good[0].clone(); 7];
    assert_eq!(verify_chain(&many, &w.anchors, now(), CITIZEN), Err(ChainError::TooMany));
    let rsa1024 = base64::engine::general_purpose::STANDARD.decode(RSA_1024.replace('\n', "")).unwrap();
    assert_eq!(Certificate::parse(&rsa1024).err(), Some(CertificateError::WeakKey));
}

struct Silent;

impl RevocationSource for Silent {
    fn ask(&self, _certificate: &RevocationQuery<'_>, _at: Instant) -> RevocationAnswer {
        RevocationStatus::Unknown.into()
    }
}

#[test]
fn revocation_counts_from_its_moment_on_and_silence_is_no_yes() {
    let w = world();
    let list = Arc::new(RevocationList::default());
    let anchors = w.anchors.clone().with_revocation(list.clone());
    let facts = w.card.certificate();
    list.revoke(&facts.issuer_key_id(), &facts.serial(), later(10));
    list.revoke(&facts.issuer_key_id(), &facts.serial(), later(20));
    verify_chain(w.card.chain_der(), &anchors, later(9), CITIZEN).unwrap();
    assert_eq!(refused(&w.card, &anchors, later(10), CITIZEN), ChainError::Revoked);
    let silent = w.anchors.clone().with_revocation(Arc::new(Silent));
    assert_eq!(refused(&w.card, &silent, now(), CITIZEN), ChainError::RevocationUnknown);

    let authority = w.pki.citizen.certificate();
    let list = Arc::new(RevocationList::default());
    list.revoke(&authority.issuer_key_id(), &authority.serial(), now());
    let rooted =
        TrustAnchors::new().with_anchor(Purpose::Citizen, w.pki.root_der()).unwrap().with_revocation(list);
    assert_eq!(refused(&w.card, &rooted, now(), CITIZEN), ChainError::Revoked);
}

#[test]
fn every_failure_has_a_code_of_its_own() {
    use ChainError as E;
    let all = [
        E::Empty,
        E::TooMany,
        E::Malformed,
        E::WeakKey,
        E::WeakAlgorithm,
        E::NoIssuerKeyId,
        E::UnknownIssuer,
        E::BadSignature,
        E::NotYetValid,
        E::Expired,
        E::NotAnAuthority,
        E::PathTooLong,
        E::UnknownCriticalExtension,
        E::LeafIsAuthority,
        E::WrongKeyUsage,
        E::WrongExtendedKeyUsage,
        E::WrongSubjectType,
        E::MissingPolicy,
        E::Revoked,
        E::RevocationUnknown,
        E::RevocationStale,
        E::PolicyNotInPath,
        E::NameNotPermitted,
        E::UnsupportedNameConstraint,
    ];
    let codes: HashSet<_> = all.iter().map(|error| error.code()).collect();
    assert_eq!(codes.len(), all.len());
}

/// A self-signed certificate with an RSA key of 1024 bits; nobody has the key.
const RSA_1024: &str = "
MIICFDCCAX2gAwIBAgIUR+CGUJxoTiVejzDGywdBzVmjVAEwDQYJKoZIhvcNAQELBQAwHDELMAkGA1UEBhMCVFcxDTALBgNVBAMM
BHdlYWswHhcNMjYxMTIzMjMxMjExWhcNMzYxMTIwMjMxMjExWjAcMQswCQYDVQQGEwJUVzENMAsGA1UEAwwEd2VhazCBnzANBgkq
hkiG9w0BAQEFAAOBjQAwgYkCgYEAwGGTJSeUDP4ttl7NqDPUHrCFGfNwOmTlJa7Oe/3HQRvCiP4CtUMHIViGtOXnT+bosYonDHEL
R6hGKNKHXiYc1Awh3+ZE1nk/4D4jpja/I2AXFtkFd9eaiq/NztcA+5XeLSexjYHa1v8XBli85AN1qlpdS8rDgn/1+fSApBrXJYMC
AwEAAaNTMFEwHQYDVR0OBBYEFNbJa4noCqr5Dpkb9ZyrbRc0X5H1MB8GA1UdIwQYMBaAFNbJa4noCqr5Dpkb9ZyrbRc0X5H1MA8G
A1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADgYEAXmqwGqy/T+StzAjYoqoALIzzKzXw3jkyTaWq68snBWkQTtNJczp7JYSL
XpgXjvxf9AoZdjnpuoDQQhaJ8tCFZuo/oYyG6F9EzLQwfD/JVFKONOXtcvH6oQ+U/B166KqgWAgVYe8Gf+9S9JVp9w813mBNPndt
h9b65ewfxm465cY=
";
