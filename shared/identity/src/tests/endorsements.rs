use serde_json::json;

use crate::pki::Validity;
use crate::{
    BatchEndorsement, ChainError, Endorsement, EndorsementError, KeyKind, SignatureAlgorithm, Usage,
    salted_digest,
};

use super::{HOLDER, later, now, world};

#[test]
fn an_endorsement_holds_for_its_content_in_any_key_order_and_for_nothing_else() {
    let w = world();
    let content = json!({"reason": "急難救助", "items": ["name", "address"]});
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048] {
        let card = w.pki.issue_card_with(HOLDER, kind, Validity::around(now())).unwrap();
        let endorsement = Endorsement::sign(&card, &content, now()).unwrap();
        let text = serde_json::to_string(&endorsement).unwrap();
        let endorsement: Endorsement = serde_json::from_str(&text).unwrap();
        let reordered: serde_json::Value =
            serde_json::from_str(r#"{"items": ["name", "address"], "reason": "急難救助"}"#).unwrap();
        let identity = endorsement.verify(&reordered, &w.anchors, now()).unwrap();
        assert_eq!(identity.thumbprint_sha256, card.thumbprint());
        let altered = json!({"reason": "急難救助", "items": ["name", "address", "birth"]});
        assert_eq!(endorsement.verify(&altered, &w.anchors, now()), Err(EndorsementError::WrongContent));
        // Even with a digest that fits the altered content, the signature does not.
        let mut bent = endorsement.clone();
        bent.content_digest = Endorsement::sign(&card, &altered, now()).unwrap().content_digest;
        assert_eq!(bent.verify(&altered, &w.anchors, now()), Err(EndorsementError::BadSignature));
    }
}

#[test]
fn an_endorsement_is_bound_to_its_card_and_algorithm() {
    let w = world();
    let endorsement = Endorsement::sign(&w.card, "content", now()).unwrap();
    let foreign = Endorsement::sign(&world().card, "content", now()).unwrap();
    let unknown = Err(EndorsementError::Chain(ChainError::UnknownIssuer));
    assert_eq!(foreign.verify("content", &w.anchors, now()), unknown);
    let other = w.pki.issue_card(HOLDER, now()).unwrap();
    let swapped = Endorsement { certificate: other.x5c(), ..endorsement.clone() };
    assert_eq!(swapped.verify("content", &w.anchors, now()), Err(EndorsementError::BadSignature));
    let algorithm = Endorsement { algorithm: SignatureAlgorithm::Rs256, ..endorsement.clone() };
    assert_eq!(algorithm.verify("content", &w.anchors, now()), Err(EndorsementError::BadSignature));
    let late = later(60 * 60 * 24 * 365 * 10);
    let expired = Err(EndorsementError::Chain(ChainError::Expired));
    assert_eq!(endorsement.verify("content", &w.anchors, late), expired);
    let service = Endorsement::sign(&w.account, "content", now()).unwrap();
    let wrong = Err(EndorsementError::Chain(ChainError::WrongSubjectType));
    assert_eq!(service.verify("content", &w.anchors, now()), wrong);
    let agency = w.pki.issue_agency("社會局", "2.16.886.101.90028", now()).unwrap();
    let act = Endorsement::sign(&agency, "content", now()).unwrap();
    act.verify_as("content", &w.anchors, now(), Usage::AgencySignature).unwrap();
}

#[test]
fn documents_of_a_batch_are_checked_each_alone_with_its_salt() {
    let w = world();
    let salts: Vec<[u8; 32]> = (0..40).map(|n| [n; 32]).collect();
    let digests: Vec<_> = salts.iter().map(|salt| salted_digest("same text", salt).unwrap()).collect();
    let batch = BatchEndorsement::sign(&w.card, digests.clone(), now()).unwrap();
    let batch: BatchEndorsement = serde_json::from_value(serde_json::to_value(&batch).unwrap()).unwrap();
    for salt in &salts {
        batch.verify("same text", salt, &w.anchors, now()).unwrap();
    }
    let wrong = Err(EndorsementError::WrongContent);
    assert_eq!(batch.verify("other text", &salts[0], &w.anchors, now()), wrong);
    assert_eq!(batch.verify("same text", &[99; 32], &w.anchors, now()), wrong);
    let mut swapped = batch.clone();
    swapped.digests.swap(0, 1);
    assert_eq!(swapped.verify_list(&w.anchors, now()), Err(EndorsementError::BadSignature));
    let mut shorter = batch.clone();
    shorter.digests.pop();
    assert_eq!(shorter.verify_list(&w.anchors, now()), Err(EndorsementError::BadSignature));
    for bad in [vec![], vec![digests[0].clone(); 2], vec!["ABC".to_owned()]] {
        assert_eq!(BatchEndorsement::sign(&w.card, bad, now()), Err(EndorsementError::Batch));
    }
}

#[test]
fn a_signature_over_one_content_is_none_over_a_batch() {
    let w = world();
    let digests = vec![salted_digest("text", &[1; 32]).unwrap()];
    let single = Endorsement::sign(&w.card, &digests, now()).unwrap();
    let batch = BatchEndorsement::sign(&w.card, digests.clone(), now()).unwrap();
    let as_batch = BatchEndorsement { signature: single.signature.clone(), ..batch.clone() };
    assert_eq!(as_batch.verify_list(&w.anchors, now()), Err(EndorsementError::BadSignature));
    let as_single = Endorsement { signature: batch.signature, ..single };
    assert_eq!(as_single.verify(&digests, &w.anchors, now()), Err(EndorsementError::BadSignature));
}
