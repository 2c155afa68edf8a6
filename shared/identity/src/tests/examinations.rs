//! An endorsement years later: what still proves it, and what does not.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Duration;
use kernel::Instant;
use serde_json::{Value, json};

use crate::der::{self, read};
use crate::examine::{Case, Check, Finding, Logged, Revoked, Verdict, judge};
use crate::ocsp::IssuerHash;
use crate::pki::{AnswerTerms, ListTerms, Responder, Revoked as Entry, extension, list_of, signed_list};
use crate::record::{EvidenceDocument, EvidenceName};
use crate::{
    BatchEndorsement, Crl, DevPki, Endorsement, EndorsementBundle, EndorsementRecord, EvidenceKind,
    OcspRequest, OcspStatus, Purpose, RevocationStore, SignedEndorsement, TrustAnchors, Usage,
    assertion_signing_input, salted_digest,
};

use super::{HOLDER, World, later, now, world};

/// Six years on, by then the card has expired.
fn years_later() -> Instant {
    now() + Duration::days(6 * 365)
}

fn content() -> Value {
    json!({"act": "approve", "items": ["name", "address"]})
}

/// A list that is good for an hour.
fn fresh_list(w: &World) -> Vec<u8> {
    let terms = ListTerms { number: 7, this_update: later(-60), next_update: later(3600) };
    signed_list(&w.pki.citizen, terms, [], &[]).unwrap()
}

/// What a service keeps of `endorsement` that it took now, resting on `lists`.
fn kept(w: &World, endorsement: impl Into<SignedEndorsement>, lists: &[Vec<u8>]) -> EndorsementBundle {
    let documents: Vec<_> = lists.iter().map(|der| EvidenceDocument::new(EvidenceKind::List, der)).collect();
    let store = Arc::new(RevocationStore::new([Purpose::Citizen], Duration::zero()));
    for list in lists {
        store.put_list(Crl::read(list, &w.anchors, Purpose::Citizen, now()).unwrap(), None).unwrap();
    }
    let endorsement = endorsement.into();
    let anchors = w.anchors.clone().with_revocation(store);
    let card = match &endorsement {
        SignedEndorsement::One(one) => one.verify(&content(), &anchors, now()),
        SignedEndorsement::Many(many) => many.verify_list(&anchors, now()),
    };
    let evidence = card.unwrap().evidence.into_iter().map(EvidenceName::from).collect();
    bundle(endorsement, evidence, documents)
}

fn bundle(
    endorsement: SignedEndorsement,
    evidence: Vec<EvidenceName>,
    documents: Vec<EvidenceDocument>,
) -> EndorsementBundle {
    let is_list = matches!(endorsement, SignedEndorsement::Many(_));
    let record =
        EndorsementRecord { usage: Usage::CitizenSignature, accepted_at: now(), evidence, endorsement };
    let content = (!is_list).then(content);
    EndorsementBundle { digest: record.digest().unwrap(), record, content, evidence: documents }
}

fn signed(w: &World) -> Endorsement {
    Endorsement::sign(&w.card, &content(), now()).unwrap()
}

/// As it travels: a file of JSON.
fn travelled(bundle: &EndorsementBundle) -> EndorsementBundle {
    serde_json::from_slice(&serde_json::to_vec(bundle).unwrap()).unwrap()
}

fn examine(
    anchors: &TrustAnchors,
    bundle: &EndorsementBundle,
    contents: &[(Value, Option<[u8; 32]>)],
) -> Vec<Check> {
    let bundle = travelled(bundle);
    let case = Case { bundle: &bundle, contents, anchors, grace: Duration::zero(), now: years_later() };
    case.examine().checks
}

/// What failed.
fn failed(checks: &[Check]) -> Vec<&'static str> {
    checks.iter().filter(|check| check.is_bad()).map(|check| check.what).collect()
}

fn logged(at: i64) -> Logged {
    Logged { at: later(at), size: 12, witnessed: false }
}

fn revoked(since: i64) -> Revoked {
    Revoked { since: later(since), reason: Some("keyCompromise"), invalid_since: None }
}

fn verdict(w: &World, at: i64, since: Option<i64>) -> Verdict {
    let checks = examine(&w.anchors, &kept(w, signed(w), &[fresh_list(w)]), &[]);
    judge(&checks, true, Some(&logged(at)), since.map(revoked).as_ref())
}

#[test]
fn an_endorsement_stands_years_after_its_card_has_expired() {
    let w = world();
    let bundle = kept(&w, signed(&w), &[fresh_list(&w)]);
    let checks = examine(&w.anchors, &bundle, &[]);
    assert!(checks.iter().all(|check| matches!(check.finding, Finding::Good(_))), "{checks:#?}");
    let chain = checks.iter().find(|check| check.what == "chain at the time of signing").unwrap();
    assert!(
        matches!(&chain.finding, Finding::Good(text) if text.ends_with("it has expired since")),
        "{chain:?}"
    );
    // The same card is good for nothing any more by then.
    assert!(signed(&w).verify(&content(), &w.anchors, years_later()).is_err());
    let undated = judge(&checks, true, None, None);
    assert!(undated.stands && undated.english.contains("not dated"), "{undated:?}");
}

#[test]
fn it_is_dated_against_a_revocation_by_the_logs_own_head_and_says_so() {
    let w = world();
    let good = verdict(&w, 5, Some(3600));
    assert!(good.stands && good.english.contains("own head") && good.english.contains("not by a witness"));
    assert!(good.english.contains("keyCompromise") && good.chinese.contains("未經外部見證"), "{good:?}");
    for since in [5, 4, -100] {
        let late = verdict(&w, 5, Some(since));
        assert!(!late.stands && late.chinese.contains("不成立"), "{late:?}");
    }
    let none = verdict(&w, 5, None);
    assert!(none.stands && none.english.contains("no revocation is known"));
    // Without a log nothing is older than a revocation; and a key in doubt is not the holder's alone.
    let checks = examine(&w.anchors, &kept(&w, signed(&w), &[fresh_list(&w)]), &[]);
    assert!(!judge(&checks, true, None, Some(&revoked(3600))).stands);
    let doubtful = Revoked { invalid_since: Some(later(1)), ..revoked(3600) };
    assert!(!judge(&checks, true, Some(&logged(5)), Some(&doubtful)).stands);
}

#[test]
fn a_later_list_tells_moment_and_reason_and_one_of_another_authority_nothing() {
    let w = world();
    let bundle = kept(&w, signed(&w), &[fresh_list(&w)]);
    let case = Case {
        bundle: &bundle,
        contents: &[],
        anchors: &w.anchors,
        grace: Duration::zero(),
        now: years_later(),
    };
    let card = case.examine().card.unwrap();
    let terms = ListTerms { number: 9, this_update: later(7200), next_update: years_later() };
    let serial = hex::decode(&card.serial).unwrap();
    let details = der::sequence(&[
        extension("2.5.29.21", false, &der::tlv(read::ENUMERATED, &[1])),
        extension("2.5.29.24", false, &der::tlv(0x18, b"20260202030405Z")),
    ]);
    let entry = der::sequence(&[der::unsigned(&serial), der::x509_time(later(3600)), details]);
    let (check, found) = case.revocation(&card, &list_of(&w.pki.citizen, terms, &[entry], &[]).unwrap());
    assert!(!check.is_bad(), "{check:?}");
    let found = found.unwrap();
    assert_eq!((found.since, found.reason), (later(3600), Some("keyCompromise")));
    assert_eq!(found.invalid_since, Some("2026-02-02T03:04:05Z".parse().unwrap()));

    let (check, found) = case.revocation(&card, &signed_list(&w.pki.citizen, terms, [], &[]).unwrap());
    assert!(!check.is_bad() && found.is_none());
    let entry = Entry { serial: card.serial.clone(), since: later(-9) };
    let (check, found) =
        case.revocation(&card, &signed_list(&w.pki.citizen_g2, terms, [&entry], &[]).unwrap());
    assert!(check.is_bad() && found.is_none(), "the other generation's list");
    let stranger = DevPki::generate().unwrap();
    let (check, found) =
        case.revocation(&card, &signed_list(&stranger.citizen, terms, [&entry], &[]).unwrap());
    assert!(check.is_bad() && found.is_none(), "a stranger's list");
}

#[test]
fn whatever_is_altered_is_named() {
    let w = world();
    let bundle = kept(&w, signed(&w), &[fresh_list(&w)]);
    let other = [(json!({"act": "approve", "items": ["name", "birth"]}), None)];
    assert_eq!(failed(&examine(&w.anchors, &bundle, &other)), ["content"]);

    let mut moved = bundle.clone();
    moved.record.accepted_at = later(60);
    assert_eq!(failed(&examine(&w.anchors, &moved, &[])), ["record"], "the log holds another digest");

    let stranger = world();
    assert!(failed(&examine(&stranger.anchors, &bundle, &[])).contains(&"chain at the time of signing"));

    let service = Endorsement::sign(&w.account, &content(), now()).unwrap();
    let mut by_service = self::bundle(service.into(), vec![], vec![]);
    by_service.record.usage = Usage::ServiceSignature;
    by_service.digest = by_service.record.digest().unwrap();
    assert_eq!(failed(&examine(&w.anchors, &by_service, &[])), ["key usage and policy"]);

    let missing = EndorsementBundle { content: None, ..bundle };
    assert_eq!(failed(&examine(&w.anchors, &missing, &[])), ["signature"], "nothing to check it over");
}

/// The bundle with another signature, everything else made to fit.
fn resigned(w: &World, signature: &[u8]) -> EndorsementBundle {
    let bundle = kept(w, signed(w), &[fresh_list(w)]);
    let endorsement = Endorsement { signature: STANDARD.encode(signature), ..signed(w) };
    self::bundle(endorsement.into(), bundle.record.evidence, bundle.evidence)
}

#[test]
fn a_login_is_no_endorsement_although_everything_else_fits() {
    let w = world();
    let input = assertion_signing_input(&super::assertions::login(), w.card.chain_der(), now()).unwrap();
    let login = resigned(&w, &w.card.sign(input.as_bytes()).unwrap());
    assert_eq!(failed(&examine(&w.anchors, &login, &[])), ["signature"]);
    // Nor is a signature over a list of digests one over a content.
    let digests = vec![salted_digest(&content(), &[1; 32]).unwrap()];
    let batch = BatchEndorsement::sign(&w.card, digests, now()).unwrap();
    let list = resigned(&w, &STANDARD.decode(batch.signature).unwrap());
    assert_eq!(failed(&examine(&w.anchors, &list, &[])), ["signature"]);
    let right = resigned(&w, &STANDARD.decode(signed(&w).signature).unwrap());
    assert_eq!(failed(&examine(&w.anchors, &right, &[])), [""; 0]);
}

#[test]
fn the_evidence_is_whole_of_the_cards_authority_and_fresh_then() {
    let w = world();
    let good = kept(&w, signed(&w), &[fresh_list(&w)]);
    let with = |list: &[u8]| {
        let document = EvidenceDocument::new(EvidenceKind::List, list);
        let name = EvidenceName { kind: document.kind, digest: document.digest.clone() };
        failed(&examine(&w.anchors, &bundle(signed(&w).into(), vec![name], vec![document]), &[]))
    };
    let silent = "not revoked at the time of signing";
    assert_eq!(with(&fresh_list(&w)), [""; 0]);

    let mut altered = good.clone();
    altered.evidence[0].der = EvidenceDocument::new(EvidenceKind::List, b"other").der;
    assert_eq!(failed(&examine(&w.anchors, &altered, &[])), ["revocation list", silent]);
    let without = EndorsementBundle { evidence: vec![], ..good };
    assert_eq!(failed(&examine(&w.anchors, &without, &[])), ["revocation list", silent]);

    let mut bent = fresh_list(&w);
    *bent.last_mut().unwrap() ^= 1;
    assert_eq!(with(&bent), ["revocation list", silent], "an altered list under its own digest");
    let terms = |from, until| ListTerms { number: 7, this_update: later(from), next_update: later(until) };
    let stale = signed_list(&w.pki.citizen, terms(-7200, -1), [], &[]).unwrap();
    assert_eq!(with(&stale), ["revocation list", silent], "too old at the time of signing");
    let g2 = signed_list(&w.pki.citizen_g2, terms(-60, 60), [], &[]).unwrap();
    assert_eq!(with(&g2), [silent], "good, but it says nothing about this card");
    let stranger = signed_list(&DevPki::generate().unwrap().citizen, terms(-60, 60), [], &[]).unwrap();
    assert_eq!(with(&stranger), ["revocation list", silent]);
    let agency = w.pki.issuing(Purpose::Agency)[0];
    assert_eq!(with(&signed_list(agency, terms(-60, 60), [], &[]).unwrap()), ["revocation list", silent]);
    let entry = Entry { serial: w.card.certificate().serial(), since: later(-1) };
    let on_it = signed_list(&w.pki.citizen, terms(-60, 60), [&entry], &[]).unwrap();
    assert_eq!(with(&on_it), [silent], "the card is on it");

    let none = bundle(signed(&w).into(), vec![], vec![]);
    let checks = examine(&w.anchors, &none, &[]);
    assert_eq!(failed(&checks), [""; 0]);
    let verdict = judge(&checks, false, Some(&logged(1)), None);
    assert!(verdict.stands && verdict.english.contains("No revocation evidence"), "{verdict:?}");
}

#[test]
fn an_ocsp_answer_serves_as_a_list_does() {
    let w = world();
    let issuer = w.anchors.issuer_of(w.card.certificate(), Purpose::Citizen, now()).unwrap();
    let question = OcspRequest::new(w.card.certificate(), issuer, IssuerHash::Sha1, Some([7; 32]));
    let with = |terms: AnswerTerms, status, responder: &Responder| {
        let der = responder.answer(question.der(), terms, |_| status).unwrap();
        let document = EvidenceDocument::new(EvidenceKind::Response, &der);
        let name = EvidenceName { kind: document.kind, digest: document.digest.clone() };
        failed(&examine(&w.anchors, &bundle(signed(&w).into(), vec![name], vec![document]), &[]))
    };
    let terms = |from, until| AnswerTerms { this_update: later(from), next_update: Some(later(until)) };
    let own = Responder::authority(&w.pki.citizen);
    let (what, silent) = ("OCSP answer", "not revoked at the time of signing");
    assert_eq!(with(terms(-60, 60), OcspStatus::Good, &own), [""; 0]);
    assert_eq!(with(terms(-60, 60), OcspStatus::Revoked { since: later(-9) }, &own), [silent]);
    assert_eq!(with(terms(-60, -1), OcspStatus::Good, &own), [what, silent]);
    let other = Responder::authority(&w.pki.citizen_g2);
    assert_eq!(with(terms(-60, 60), OcspStatus::Good, &other), [what, silent]);
}

#[test]
fn of_forty_under_one_signature_one_is_erased_and_thirty_nine_are_still_checked() {
    let w = world();
    let item = |n: u8| json!({"case": n, "salt": hex::encode([n; 32])});
    let digests = (0..40).map(|n| salted_digest(&item(n), &[n; 32]).unwrap()).collect();
    let batch = BatchEndorsement::sign(&w.card, digests, now()).unwrap();
    let bundle = kept(&w, batch, &[fresh_list(&w)]);
    // Content and salt of the eighth are gone; nothing of it is needed for the others.
    let left: Vec<_> = (0..40).filter(|n| *n != 7).map(|n| (item(n), None)).collect();
    let checks = examine(&w.anchors, &bundle, &left);
    assert_eq!(failed(&checks), [""; 0], "{checks:#?}");
    let places: Vec<_> = checks.iter().filter(|check| check.what == "content").collect();
    assert_eq!(places.len(), 39);
    assert_eq!(places[7].finding, Finding::Good("number 9 of the list of 40".into()));
    // The erased one cannot be made up, and the signature alone is checked without any.
    for made_up in
        [(item(7), Some([8; 32])), (json!({"case": 7}), None), (json!({"case": 7, "x": 1}), Some([7; 32]))]
    {
        assert_eq!(failed(&examine(&w.anchors, &bundle, &[made_up])), ["content"]);
    }
    let none = examine(&w.anchors, &bundle, &[]);
    assert_eq!(failed(&none), [""; 0]);
    assert!(none.iter().any(|check| check.what == "content" && matches!(check.finding, Finding::Open(_))));
    let mut shorter = bundle.clone();
    if let SignedEndorsement::Many(many) = &mut shorter.record.endorsement {
        many.digests.remove(7);
    }
    shorter.digest = shorter.record.digest().unwrap();
    assert_eq!(failed(&examine(&w.anchors, &shorter, &[])), ["signature"]);
    // The card of somebody else under the same list.
    let other = BatchEndorsement {
        certificate: w.pki.issue_card(HOLDER, now()).unwrap().x5c(),
        ..match bundle.record.endorsement {
            SignedEndorsement::Many(many) => many,
            SignedEndorsement::One(_) => unreachable!("a list"),
        }
    };
    let swapped = self::bundle(other.into(), bundle.record.evidence, bundle.evidence);
    assert_eq!(failed(&examine(&w.anchors, &swapped, &[])), ["signature"]);
}
