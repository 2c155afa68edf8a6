//! Logins and endorsements whose signature came as a signed message.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::cms::oids;
use crate::der::{sequence, set, tlv};
use crate::{
    AssertionError, AssertionKind, AssertionRequest, BatchEndorsement, ChainError, CmsError, Credential,
    Endorsement, EndorsementError, SignatureAlgorithm, SignatureForm, SignedDataOptions, TrustAnchors,
    assertion_signing_input, sign_assertion, sign_signed_data, verify_assertion, verify_pkcs7_assertion,
    verify_signed_data,
};

use super::assertions::login;
use super::cms::{AUDIENCE, CONTENT, KINDS, Taken, all_options, card, look as look_at};
use super::{HOLDER, later, now, world};

#[test]
fn a_login_as_pkcs7_says_what_the_same_login_as_a_token_says() {
    let w = world();
    for kind in KINDS {
        let card = card(&w, kind);
        let input = assertion_signing_input(&login(), card.chain_der(), now()).unwrap();
        let token = sign_assertion(&card, &login(), now()).unwrap();
        let expected = verify_assertion(AssertionKind::Login, &token, &w.anchors, AUDIENCE, now()).unwrap();
        for options in all_options() {
            let message = sign_signed_data(&card, input.as_bytes(), options).unwrap();
            let seen = verify_pkcs7_assertion(&message, &w.anchors, AUDIENCE, now());
            if options.detached {
                assert_eq!(seen, Err(AssertionError::Cms(CmsError::NoContent)));
            } else {
                assert_eq!(seen, Ok(expected.clone()), "{kind:?} {options:?}");
            }
        }
    }
}

#[test]
fn a_login_as_pkcs7_passes_the_same_checks_and_names_its_own_card() {
    let w = world();
    let message = |card: &Credential, input: &str| {
        sign_signed_data(card, input.as_bytes(), SignedDataOptions::default()).unwrap()
    };
    let input = assertion_signing_input(&login(), w.card.chain_der(), now()).unwrap();
    let good = message(&w.card, &input);
    let look =
        |message: &[u8], audience, at| verify_pkcs7_assertion(message, &w.anchors, audience, at).unwrap_err();
    assert_eq!(look(&good, "https://other", now()), AssertionError::WrongAudience);
    assert_eq!(look(&good, AUDIENCE, later(120)), AssertionError::Expired);
    assert_eq!(look(&good, AUDIENCE, later(-11)), AssertionError::NotYetValid);
    // One card signs the login of another.
    let other = w.pki.issue_card(HOLDER, now()).unwrap();
    assert_eq!(look(&message(&other, &input), AUDIENCE, now()), AssertionError::WrongSigner);
    // The header names the signer, the claims another.
    let theirs = assertion_signing_input(&login(), other.chain_der(), now()).unwrap();
    let mixed = format!("{}.{}", input.split_once('.').unwrap().0, theirs.split_once('.').unwrap().1);
    assert_eq!(look(&message(&w.card, &mixed), AUDIENCE, now()), AssertionError::WrongSubject);
    // An algorithm that is not the key's.
    let header = crate::jws::Header::new(SignatureAlgorithm::Rs256, "login+jwt", w.card.x5c());
    let bent = format!("{}.{}", header.encode().unwrap(), input.split_once('.').unwrap().1);
    assert_eq!(look(&message(&w.card, &bent), AUDIENCE, now()), AssertionError::WrongSigner);
    // An agency system's assertion is no login in this form either.
    let client = AssertionRequest { kind: AssertionKind::Client, client_id: Some("welfare"), ..login() };
    let agency = w.pki.issue_agency("社會局", "2.16.886.101.90028", now()).unwrap();
    let input = assertion_signing_input(&client, agency.chain_der(), now()).unwrap();
    assert_eq!(look(&message(&agency, &input), AUDIENCE, now()), AssertionError::WrongType);
    let token = sign_assertion(&w.card, &login(), now()).unwrap();
    assert_eq!(look(&message(&w.card, &token), AUDIENCE, now()).code(), "assertion-malformed");
}

fn endorse(card: &Credential, content: &str, options: SignedDataOptions) -> Endorsement {
    let bytes = crate::endorsement::endorsement_bytes(content).unwrap();
    let signature = STANDARD.encode(sign_signed_data(card, &bytes, options).unwrap());
    let raw = Endorsement::sign(card, content, now()).unwrap();
    Endorsement { form: SignatureForm::Pkcs7, signature, ..raw }
}

fn check(
    endorsement: &Endorsement,
    content: &str,
    anchors: &TrustAnchors,
) -> Result<String, EndorsementError> {
    endorsement.verify(content, anchors, now()).map(|identity| identity.thumbprint_sha256)
}

#[test]
fn an_endorsement_as_pkcs7_holds_with_and_without_its_content_and_for_nothing_else() {
    let w = world();
    for kind in KINDS {
        let card = card(&w, kind);
        for options in all_options() {
            let endorsement = endorse(&card, "content", options);
            let text = serde_json::to_string(&endorsement).unwrap();
            assert!(text.contains(r#""form":"pkcs7""#));
            let endorsement: Endorsement = serde_json::from_str(&text).unwrap();
            assert_eq!(check(&endorsement, "content", &w.anchors), Ok(card.thumbprint()));
            let wrong = Err(EndorsementError::WrongContent);
            assert_eq!(check(&endorsement, "other", &w.anchors), wrong);
            // A digest that fits the other content does not help.
            let content_digest = endorse(&card, "other", options).content_digest;
            let bent = Endorsement { content_digest, ..endorsement.clone() };
            assert!(check(&bent, "other", &w.anchors).is_err());
            // Taken for the other form it is nothing.
            let raw = Endorsement { form: SignatureForm::Raw, ..endorsement };
            assert_eq!(check(&raw, "content", &w.anchors), Err(EndorsementError::BadSignature));
        }
    }
    let good = endorse(&w.card, "content", SignedDataOptions::default());
    let other = w.pki.issue_card(HOLDER, now()).unwrap();
    let swapped = Endorsement { certificate: other.x5c(), ..good.clone() };
    assert_eq!(check(&swapped, "content", &w.anchors), Err(EndorsementError::WrongSigner));
    let algorithm = Endorsement { algorithm: SignatureAlgorithm::Rs256, ..good.clone() };
    assert_eq!(check(&algorithm, "content", &w.anchors), Err(EndorsementError::WrongSigner));
    let nobody = Endorsement { certificate: vec![], ..good };
    assert_eq!(check(&nobody, "content", &w.anchors), Err(EndorsementError::Chain(ChainError::Empty)));
}

#[test]
fn a_batch_endorsed_as_pkcs7_holds_for_its_documents_in_their_order() {
    let w = world();
    let salts = [[1; 32], [2; 32]];
    let digests: Vec<_> = salts.iter().map(|s| crate::salted_digest("text", s).unwrap()).collect();
    let bytes = crate::endorsement::batch_bytes(&digests).unwrap();
    let raw = BatchEndorsement::sign(&w.card, digests, now()).unwrap();
    assert!(!serde_json::to_string(&raw).unwrap().contains("form"), "stored ones read as before");
    let message = sign_signed_data(&w.card, &bytes, SignedDataOptions::default()).unwrap();
    let batch = BatchEndorsement { form: SignatureForm::Pkcs7, signature: STANDARD.encode(message), ..raw };
    batch.verify("text", &salts[1], &w.anchors, now()).unwrap();
    let mut swapped = batch.clone();
    swapped.digests.swap(0, 1);
    assert_eq!(swapped.verify_list(&w.anchors, now()), Err(EndorsementError::WrongContent));
}

#[test]
fn a_login_as_pkcs7_never_passes_for_an_endorsement_nor_the_reverse() {
    let w = world();
    let input = assertion_signing_input(&login(), w.card.chain_der(), now()).unwrap();
    for options in all_options() {
        // A login's message as an endorsement of that very text.
        let message = sign_signed_data(&w.card, input.as_bytes(), options).unwrap();
        let honest = endorse(&w.card, &input, options);
        assert_eq!(check(&honest, &input, &w.anchors), Ok(w.card.thumbprint()));
        let forged = Endorsement { signature: STANDARD.encode(&message), ..honest.clone() };
        assert!(check(&forged, &input, &w.anchors).is_err(), "{options:?}");
        // An endorsement's message as a login, as it is and with the login's text in place of its content.
        let message = STANDARD.decode(&honest.signature).unwrap();
        assert!(verify_pkcs7_assertion(&message, &w.anchors, AUDIENCE, now()).is_err());
        let mut taken = Taken::of(&message);
        let content = sign_signed_data(&w.card, input.as_bytes(), SignedDataOptions::default()).unwrap();
        taken.data[2] = Taken::of(&content).data[2].clone();
        let refused = verify_pkcs7_assertion(&taken.message(), &w.anchors, AUDIENCE, now()).unwrap_err();
        let expected = [
            AssertionError::Cms(CmsError::MessageDigest),
            AssertionError::Jws(crate::jws::JwsError::Signature),
        ];
        assert!(expected.contains(&refused), "{refused:?}");
    }
}

#[test]
fn a_signature_over_attributes_is_none_over_content_that_looks_like_them() {
    let w = world();
    let message = sign_signed_data(&w.card, CONTENT, SignedDataOptions::default()).unwrap();
    let mut taken = Taken::of(&message);
    let attributes = set(&taken.attributes());
    taken.signer.remove(3);
    let data = tlv(0x06, oids::DATA);
    taken.data[2] = sequence(&[data, tlv(0xa0, &tlv(0x04, &attributes))]);
    let forged = taken.message();
    // Whoever expects such bytes would be deceived; nothing that a card is asked to sign here begins like them.
    assert!(verify_signed_data(&forged, &attributes, &w.anchors, now()).is_ok());
    assert_eq!(look_at(&w, &forged), Err(CmsError::WrongContent));
    assert!(verify_pkcs7_assertion(&forged, &w.anchors, AUDIENCE, now()).is_err());
    let input = assertion_signing_input(&login(), w.card.chain_der(), now()).unwrap();
    let endorsed = crate::endorsement::endorsement_bytes("content").unwrap();
    let batch = crate::endorsement::batch_bytes(&[crate::salted_digest("", &[0; 32]).unwrap()]).unwrap();
    for bytes in [input.as_bytes(), &endorsed, &batch] {
        assert_ne!(bytes[0], attributes[0]);
    }
}
