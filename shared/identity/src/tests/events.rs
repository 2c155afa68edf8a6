use std::collections::BTreeMap;

use crate::{ChainError, EventContent, EventError, EventSignature, EventSigner, EventVerifier};

use super::{now, world};

fn attributes() -> BTreeMap<String, String> {
    BTreeMap::from([
        ("id".into(), "1".into()),
        ("source".into(), "account".into()),
        ("type".into(), "x".into()),
    ])
}

fn event<'a>(attributes: &'a BTreeMap<String, String>, data: &'a [u8]) -> EventContent<'a> {
    EventContent { topic: "account.accounts.v1", key: "k", attributes, data }
}

#[test]
fn a_signed_event_tells_its_service_and_no_part_can_be_altered() {
    let w = world();
    let (signer, verifier) = (EventSigner::new(w.account.clone()), EventVerifier::new(w.anchors.clone()));
    let attributes = attributes();
    let good = event(&attributes, b"data");
    let header = signer.sign(&good).unwrap().to_string();
    let signature: EventSignature = header.parse().unwrap();
    assert_eq!(verifier.verify(&good, &signature, now()).as_deref(), Ok("account"));

    let mut more = attributes.clone();
    more.insert("subject".into(), "s".into());
    let mut other = attributes.clone();
    other.insert("type".into(), "y".into());
    let mut fewer = attributes.clone();
    fewer.remove("id");
    for altered in [
        EventContent { topic: "account.certificates.v1", ..good },
        EventContent { key: "K", ..good },
        EventContent { data: b"datA", ..good },
        // The border between topic and key is moved.
        EventContent { topic: "account.accounts.v1k", key: "", ..good },
        EventContent { attributes: &more, ..good },
        EventContent { attributes: &other, ..good },
        EventContent { attributes: &fewer, ..good },
    ] {
        assert_eq!(verifier.verify(&altered, &signature, now()), Err(EventError::BadSignature));
    }
}

#[test]
fn events_of_others_are_refused() {
    let w = world();
    let verifier = EventVerifier::new(w.anchors.clone());
    let attributes = attributes();
    let good = event(&attributes, b"data");
    let look = |signature: &EventSignature| verifier.verify(&good, signature, now());
    let foreign = EventSigner::new(world().account).sign(&good).unwrap();
    assert_eq!(look(&foreign), Err(EventError::Chain(ChainError::UnknownIssuer)));
    let card = EventSigner::new(w.card.clone()).sign(&good).unwrap();
    assert_eq!(look(&card), Err(EventError::Chain(ChainError::WrongSubjectType)));
    let honest = EventSigner::new(w.retention.clone()).sign(&good).unwrap();
    let stolen = EventSignature { x5c: w.account.x5c(), ..honest.clone() };
    assert_eq!(look(&stolen), Err(EventError::WrongThumbprint));
    let stolen = EventSignature { thumbprint: w.account.thumbprint(), ..stolen };
    assert_eq!(look(&stolen), Err(EventError::BadSignature));
    let bare = EventSignature { x5c: vec![], ..honest };
    assert_eq!(look(&bare), Err(EventError::Chain(ChainError::Empty)));
    for broken in ["", "ES256", "none.a.b", "ES256.thumb.*"] {
        assert_eq!(broken.parse::<EventSignature>(), Err(EventError::Malformed));
    }
}
