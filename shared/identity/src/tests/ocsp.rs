//! OCSP answers: whom they are believed, and what they decide.

use std::sync::Arc;

use chrono::Duration;
use proptest::prelude::*;

use crate::ocsp::IssuerHash;
use crate::pki::{AnswerTerms, Responder, Validity};
use crate::{
    ChainError, Credential, DevPki, OcspAnswer, OcspError, OcspRequest, OcspStatus, Purpose,
    RevocationEvidence, RevocationStore, Usage, verify_chain,
};

use super::{HOLDER, World, later, now, world};

const NONCE: [u8; 32] = [7; 32];

fn question(w: &World, card: &Credential, hash: IssuerHash) -> OcspRequest {
    let issuer = w.anchors.issuer_of(card.certificate(), Purpose::Citizen, now()).unwrap();
    OcspRequest::new(card.certificate(), issuer, hash, Some(NONCE))
}

fn fresh() -> AnswerTerms {
    AnswerTerms { this_update: now(), next_update: Some(later(600)) }
}

fn answer(
    w: &World,
    responder: &Responder,
    terms: AnswerTerms,
    status: OcspStatus,
) -> Result<OcspAnswer, OcspError> {
    let question = question(w, &w.card, IssuerHash::Sha256);
    let response = responder.answer(question.der(), terms, |_| status).unwrap();
    question.answer(response, now())
}

fn own(w: &World) -> Responder {
    Responder::authority(&w.pki.citizen)
}

#[test]
fn the_authority_answers_good_revoked_or_unknown() {
    let w = world();
    let store = Arc::new(RevocationStore::new([Purpose::Citizen], Duration::zero()));
    let anchors = w.anchors.clone().with_revocation(store.clone());
    let check = |at| {
        verify_chain(w.card.chain_der(), &anchors, later(at), Usage::CitizenSignature).map(|i| i.evidence)
    };
    assert_eq!(check(0), Err(ChainError::RevocationUnknown));
    let good = answer(&w, &own(&w), fresh(), OcspStatus::Good).unwrap();
    let digest = kernel::canonical::sha256(&good.der);
    store.put_answer(good);
    assert_eq!(check(600), Ok(vec![RevocationEvidence::Response(digest)]));
    assert_eq!(check(601), Err(ChainError::RevocationUnknown), "an answer that is too old is none");
    store.put_answer(answer(&w, &own(&w), fresh(), OcspStatus::Unknown).unwrap());
    assert_eq!(check(0), Err(ChainError::RevocationUnknown));
    let since = later(-50);
    store.put_answer(answer(&w, &own(&w), fresh(), OcspStatus::Revoked { since }).unwrap());
    assert_eq!(check(0), Err(ChainError::Revoked));
    assert!(check(-51).is_ok(), "it was good before");
    assert_eq!(check(9_999), Err(ChainError::Revoked));
}

#[test]
fn both_ways_of_naming_the_issuer_are_understood() {
    let w = world();
    for hash in [IssuerHash::Sha1, IssuerHash::Sha256] {
        let question = question(&w, &w.card, hash);
        let response = own(&w).answer(question.der(), fresh(), |_| OcspStatus::Good).unwrap();
        assert_eq!(question.answer(response, now()).unwrap().status, OcspStatus::Good);
    }
}

#[test]
fn a_delegate_answers_only_if_the_authority_made_it_one() {
    let w = world();
    let good =
        |signer: &Credential| answer(&w, &Responder::delegate(signer.clone()), fresh(), OcspStatus::Good);
    let long = Validity { from: later(-1000), until: now() + Duration::days(300) };
    let short = Validity { from: later(-1000), until: now() + Duration::days(2) };
    let issue = |authority: &Credential, validity, no_check| {
        DevPki::issue_responder(authority, validity, no_check).unwrap()
    };
    assert!(good(&issue(&w.pki.citizen, long, true)).is_ok());
    assert!(good(&issue(&w.pki.citizen, short, false)).is_ok());
    assert_eq!(good(&issue(&w.pki.citizen, long, false)), Err(OcspError::DelegateUnchecked));
    let over = Validity { from: later(-1000), until: later(-1) };
    assert_eq!(good(&issue(&w.pki.citizen, over, true)), Err(OcspError::DelegateNotValid));
    // The other generation has the same name; a card is no responder.
    assert_eq!(good(&issue(&w.pki.citizen_g2, long, true)), Err(OcspError::WrongSigner));
    assert_eq!(good(&w.card), Err(OcspError::WrongSigner));
    let other = Responder::authority(&w.pki.citizen_g2);
    assert_eq!(answer(&w, &other, fresh(), OcspStatus::Good), Err(OcspError::BadSignature));
    let agency = Responder::authority(w.pki.authority_by_key_id(&agency_key_id(&w)).unwrap());
    assert_eq!(answer(&w, &agency, fresh(), OcspStatus::Good), Err(OcspError::WrongSigner));
}

fn agency_key_id(w: &World) -> String {
    crate::Certificate::parse(w.pki.authority_der(Purpose::Agency)).unwrap().key_id()
}

#[test]
fn an_answer_must_be_fresh_and_about_this_certificate_and_this_question() {
    let w = world();
    let terms = |this_update, next_update: Option<i64>| AnswerTerms {
        this_update: later(this_update),
        next_update: next_update.map(later),
    };
    let good = |terms| answer(&w, &own(&w), terms, OcspStatus::Good).map(drop);
    assert_eq!(good(terms(-100, Some(-1))), Err(OcspError::Stale));
    assert_eq!(good(terms(-601, None)), Err(OcspError::Stale));
    assert_eq!(good(terms(-600, None)), Ok(()));
    assert_eq!(good(terms(301, Some(900))), Err(OcspError::NotYetValid));

    let asked = question(&w, &w.card, IssuerHash::Sha256);
    let other = w.pki.issue_card(HOLDER, now()).unwrap();
    let about_other = question(&w, &other, IssuerHash::Sha256);
    let response = own(&w).answer(about_other.der(), fresh(), |_| OcspStatus::Good).unwrap();
    assert_eq!(asked.answer(response, now()), Err(OcspError::WrongCertificate));

    let issuer = w.anchors.issuer_of(w.card.certificate(), Purpose::Citizen, now()).unwrap();
    let without = OcspRequest::new(w.card.certificate(), issuer, IssuerHash::Sha256, None);
    let response = own(&w).answer(without.der(), fresh(), |_| OcspStatus::Good).unwrap();
    assert!(without.answer(response.clone(), now()).is_ok());
    assert_eq!(asked.answer(response, now()), Err(OcspError::WrongNonce), "an old answer is played again");
    let try_later = hex::decode("30030a0103").unwrap();
    assert_eq!(asked.answer(try_later, now()), Err(OcspError::NoAnswer));
}

proptest! {
    #[test]
    fn no_bytes_make_the_answer_reader_panic(
        noise in proptest::collection::vec(any::<u8>(), 0..200),
        place in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<proptest::sample::Index>(),
    ) {
        static SAMPLE: std::sync::OnceLock<(OcspRequest, Vec<u8>)> = std::sync::OnceLock::new();
        let (question, good) = SAMPLE.get_or_init(|| {
            let w = world();
            let question = question(&w, &w.card, IssuerHash::Sha256);
            let response = own(&w).answer(question.der(), fresh(), |_| OcspStatus::Good).unwrap();
            (question, response)
        });
        prop_assert!(question.answer(noise.clone(), now()).is_err());
        let _ = crate::ocsp::read_request(&noise);
        let mut altered = good.clone();
        altered[place.index(good.len())] = byte;
        let read = question.answer(altered.clone(), now());
        prop_assert!(altered == *good || read.is_err() || read.unwrap().status == OcspStatus::Good);
        prop_assert!(question.answer(good[..cut.index(good.len())].to_vec(), now()).is_err());
    }
}
