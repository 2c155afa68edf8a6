//! Revocation lists: whom they are believed, what is refused, and what they decide.

use chrono::Duration;
use proptest::prelude::*;

use crate::der::{self, read};
use crate::pki::{Generation, ListTerms, Revoked, Validity, signed_list};
use crate::{
    ChainError, Credential, Crl, CrlError, DevPki, KeyKind, Purpose, RevocationEvidence, RevocationStore,
    TrustAnchors, Usage, verify_chain,
};

use super::chains::crafted;
use super::{HOLDER, World, later, now, world};

fn terms(number: u64) -> ListTerms {
    ListTerms { number, this_update: now(), next_update: later(3600) }
}

fn revoked(card: &Credential, since: i64) -> Revoked {
    Revoked { serial: card.certificate().serial(), since: later(since) }
}

fn read(der: &[u8], anchors: &TrustAnchors) -> Result<Crl, CrlError> {
    Crl::read(der, anchors, Purpose::Citizen, now())
}

fn list(w: &World, number: u64, revoked: &[Revoked]) -> Crl {
    read(&signed_list(&w.pki.citizen, terms(number), revoked, &[]).unwrap(), &w.anchors).unwrap()
}

/// A list with one more extension.
fn extended(w: &World, extension: Vec<u8>) -> Result<Crl, CrlError> {
    read(&signed_list(&w.pki.citizen, terms(1), [], &[extension]).unwrap(), &w.anchors)
}

/// A list with one entry that has one extension.
fn with_entry(w: &World, extension: Vec<u8>) -> Result<Crl, CrlError> {
    let entry = der::sequence(&[der::unsigned(&[7]), der::x509_time(now()), der::sequence(&[extension])]);
    read(&crate::pki::list_of(&w.pki.citizen, terms(1), &[entry], &[]).unwrap(), &w.anchors)
}

use crate::pki::extension;

struct Store {
    store: std::sync::Arc<RevocationStore>,
    anchors: TrustAnchors,
}

fn store(w: &World, grace: i64) -> Store {
    let store = std::sync::Arc::new(RevocationStore::new([Purpose::Citizen], Duration::seconds(grace)));
    Store { anchors: w.anchors.clone().with_revocation(store.clone()), store }
}

impl Store {
    fn check(&self, card: &Credential, at: i64) -> Result<Vec<RevocationEvidence>, ChainError> {
        verify_chain(card.chain_der(), &self.anchors, later(at), Usage::CitizenSignature).map(|i| i.evidence)
    }
}

#[test]
fn two_authorities_of_one_name_have_each_its_own_list() {
    let w = world();
    let s = store(&w, 0);
    let old = w.pki.issue_card_of(Generation::G2, HOLDER, KeyKind::P256, Validity::around(now())).unwrap();
    s.store.put_list(list(&w, 1, &[]), None).unwrap();
    assert!(s.check(&w.card, 0).is_ok());
    assert_eq!(s.check(&old, 0), Err(ChainError::RevocationUnknown), "the other generation's list is silent");
    // The same serial on the list of the older generation says nothing about the newer one's card.
    let der =
        signed_list(&w.pki.citizen_g2, terms(9), &[revoked(&w.card, 0), revoked(&old, 0)], &[]).unwrap();
    s.store.put_list(read(&der, &w.anchors).unwrap(), None).unwrap();
    assert!(s.check(&w.card, 1).is_ok());
    assert_eq!(s.check(&old, 1), Err(ChainError::Revoked));
    assert_eq!(s.store.states().len(), 2);
}

#[test]
fn a_list_tells_from_its_moment_on_and_names_itself_as_evidence() {
    let w = world();
    let s = store(&w, 0);
    let der = signed_list(&w.pki.citizen, terms(1), &[revoked(&w.card, 100)], &[]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("list.pem");
    std::fs::write(&file, crate::credential::pem("X509 CRL", &der)).unwrap();
    let pem = std::fs::read(&file).unwrap();
    s.store.put_list(read(&pem, &w.anchors).unwrap(), Some(file.clone())).unwrap();
    let evidence = s.check(&w.card, 99).unwrap();
    let digest = kernel::canonical::sha256(&der);
    assert_eq!(evidence, [RevocationEvidence::List(digest)]);
    assert_eq!(s.store.list_der(&digest), Some(der));
    assert_eq!(s.check(&w.card, 100), Err(ChainError::Revoked));
    assert_eq!(s.check(&w.card, 9999), Err(ChainError::Revoked), "a stale list still knows what it knew");
    std::fs::write(&file, "other").unwrap();
    assert_eq!(s.store.list_der(&digest), None);
}

#[test]
fn a_stale_list_refuses_until_the_next_one_comes() {
    let w = world();
    let s = store(&w, 60);
    assert_eq!(s.check(&w.card, 0), Err(ChainError::RevocationUnknown));
    s.store.put_list(list(&w, 1, &[]), None).unwrap();
    assert!(s.check(&w.card, 3660).is_ok());
    assert_eq!(s.check(&w.card, 3661), Err(ChainError::RevocationStale));
    let next = ListTerms { number: 2, this_update: later(3600), next_update: later(7200) };
    let der = signed_list(&w.pki.citizen, next, [], &[]).unwrap();
    s.store.put_list(read(&der, &w.anchors).unwrap(), None).unwrap();
    assert!(s.check(&w.card, 3661).is_ok());
    assert_eq!(s.store.states().len(), 1, "one list took the other's place");
    // Services need no list.
    let service = verify_chain(w.account.chain_der(), &s.anchors, now(), Usage::ServiceSignature).unwrap();
    assert!(service.evidence.is_empty());
}

#[test]
fn numbers_never_go_backwards() {
    let w = world();
    let s = store(&w, 0);
    s.store.put_list(list(&w, 300, &[revoked(&w.card, 0)]), None).unwrap();
    for (number, error) in [(299, CrlError::Older), (2, CrlError::Older), (300, CrlError::SameNumber)] {
        assert_eq!(s.store.put_list(list(&w, number, &[]), None), Err(error));
        assert_eq!(s.check(&w.card, 1), Err(ChainError::Revoked));
    }
    s.store.put_list(list(&w, 301, &[]), None).unwrap();
    assert!(s.check(&w.card, 1).is_ok());
}

#[test]
fn a_list_is_believed_to_its_authority_alone() {
    let w = world();
    let good = signed_list(&w.pki.citizen, terms(1), &[revoked(&w.card, 0)], &[]).unwrap();
    let foreign = DevPki::generate().unwrap();
    let of_foreign = signed_list(&foreign.citizen, terms(1), [], &[]).unwrap();
    assert_eq!(read(&of_foreign, &w.anchors).unwrap_err(), CrlError::UnknownIssuer);
    // An agency authority says nothing about cards.
    assert_eq!(Crl::read(&good, &w.anchors, Purpose::Agency, now()).unwrap_err(), CrlError::UnknownIssuer);
    let mut forged = good.clone();
    let serial = hex::decode(w.card.certificate().serial()).unwrap();
    let at = forged.windows(serial.len()).position(|part| part == serial).unwrap();
    forged[at + serial.len() - 1] ^= 1;
    assert_eq!(read(&forged, &w.anchors).unwrap_err(), CrlError::BadSignature);
    let no_lists = crafted(&w.pki.root, |params| {
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
        params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
    });
    let anchors = TrustAnchors::new().with_anchor(Purpose::Citizen, &no_lists.chain_der()[0]).unwrap();
    let der = signed_list(&no_lists, terms(1), [], &[]).unwrap();
    assert_eq!(read(&der, &anchors).unwrap_err(), CrlError::IssuerMayNotSign);
    // ecdsa-with-SHA384 becomes ecdsa-with-SHA1, in both places.
    let sha384 = hex::decode("06082a8648ce3d040303").unwrap();
    let weak = hex::encode(&good).replace(&hex::encode(sha384), "06072a8648ce3d0401");
    assert!(read(&hex::decode(weak).unwrap(), &w.anchors).is_err());
    // An intermediate that the anchors lead to signs its own.
    let rooted = TrustAnchors::new().with_anchor(Purpose::Citizen, w.pki.root_der()).unwrap();
    assert_eq!(read(&good, &rooted).unwrap_err(), CrlError::UnknownIssuer);
    let helped = rooted.with_intermediate(w.pki.authority_der(Purpose::Citizen)).unwrap();
    assert_eq!(read(&good, &helped).unwrap().entries().len(), 1);
}

#[test]
fn lists_that_say_less_than_they_seem_to_are_refused() {
    let w = world();
    let flag = |tag| der::sequence(&[der::tlv(tag, &[0xff])]);
    let idp = |value: &[u8]| extension("2.5.29.28", true, value);
    assert_eq!(
        extended(&w, extension("2.5.29.27", true, &der::unsigned(&[1]))).unwrap_err(),
        CrlError::Delta
    );
    assert_eq!(
        extended(&w, extension("2.5.29.27", false, &der::unsigned(&[1]))).unwrap_err(),
        CrlError::Delta
    );
    assert_eq!(extended(&w, idp(&flag(0x84))).unwrap_err(), CrlError::Indirect);
    assert_eq!(extended(&w, idp(&flag(0x85))).unwrap_err(), CrlError::UnsupportedScope);
    let some_reasons = der::sequence(&[der::tlv(0x83, &[6, 0x40])]);
    assert_eq!(extended(&w, idp(&some_reasons)).unwrap_err(), CrlError::UnsupportedScope);
    let unknown = |critical| extension("1.2.3.4", critical, &[5, 0]);
    assert_eq!(extended(&w, unknown(true)).unwrap_err(), CrlError::UnknownCriticalExtension);
    assert!(extended(&w, unknown(false)).is_ok());
    assert_eq!(with_entry(&w, unknown(true)).unwrap_err(), CrlError::UnknownCriticalExtension);
    let name = der::sequence(&[der::tlv(0x82, b"other")]);
    assert_eq!(with_entry(&w, extension("2.5.29.29", true, &name)).unwrap_err(), CrlError::Indirect);
    let reason = |code| extension("2.5.29.21", false, &der::tlv(read::ENUMERATED, &[code]));
    assert_eq!(with_entry(&w, reason(8)).unwrap_err(), CrlError::RemovesEntries);
    // On hold counts as revoked.
    assert_eq!(with_entry(&w, reason(6)).unwrap().revoked_since("07"), Some(now()));
}

#[test]
fn a_partial_list_counts_for_the_certificates_that_name_it_alone() {
    let w = world();
    let s = store(&w, 0);
    let url = "http://crl.example/1.crl";
    let point = der::tlv(0xa0, &der::tlv(0xa0, &der::tlv(0x86, url.as_bytes())));
    let partial = extended(&w, extension("2.5.29.28", true, &der::sequence(&[point]))).unwrap();
    assert_eq!(partial.scope().points, [url]);
    s.store.put_list(partial, None).unwrap();
    assert_eq!(s.check(&w.card, 0), Err(ChainError::RevocationUnknown));
    let naming = crafted(&w.pki.citizen, |params| {
        super::chains::as_card(params);
        params.crl_distribution_points = vec![rcgen::CrlDistributionPoint { uris: vec![url.into()] }];
    });
    assert!(s.check(&naming, 0).is_ok());
    let authorities_alone = der::sequence(&[der::tlv(0x82, &[0xff])]);
    let s = store(&w, 0);
    s.store.put_list(extended(&w, extension("2.5.29.28", true, &authorities_alone)).unwrap(), None).unwrap();
    assert_eq!(s.check(&w.card, 0), Err(ChainError::RevocationUnknown));
}

#[test]
fn the_development_pki_revokes_list_by_list_and_its_certificates_name_lists_and_responder() {
    let dir = tempfile::tempdir().unwrap();
    let pki = DevPki::generate().unwrap().with_base_url("http://127.0.0.1:9");
    let card = pki.issue_card(HOLDER, now()).unwrap();
    let certificate = card.certificate();
    let key_id = certificate.issuer_key_id();
    assert_eq!(certificate.points, [format!("http://127.0.0.1:9/crl/{key_id}.crl")]);
    pki.write_lists(dir.path(), now()).unwrap();
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 5);
    let anchors = pki.anchors().unwrap();
    for (number, entries) in [(2, 1), (3, 1)] {
        assert_eq!(pki.revoke(dir.path(), &key_id, revoked(&card, 5), now()).unwrap(), number);
        let list = read(&std::fs::read(dir.path().join(format!("{key_id}.crl"))).unwrap(), &anchors).unwrap();
        assert_eq!((list.number_hex(), list.entries().len()), (number.to_string(), entries));
        assert_eq!(list.revoked_since(&certificate.serial()), Some(later(5)));
    }
    let stranger = revoked(&card, 0);
    assert!(pki.revoke(dir.path(), "00FF", stranger, now()).is_err());
}

#[test]
fn twelve_thousand_entries_take_twenty_four_bytes_each() {
    let w = world();
    let many: Vec<_> = (0..12_000_u32)
        .rev()
        .map(|n| Revoked { serial: format!("4A{n:030X}"), since: later(i64::from(n)) })
        .collect();
    let list = list(&w, 1, &many);
    assert_eq!(list.entries().len(), 12_000);
    assert!(list.size() < 12_000 * 24 + 1_000);
    assert_eq!(list.revoked_since(&format!("004A{:030X}", 11_999)), Some(later(11_999)));
    assert_eq!(list.revoked_since(&format!("4A{:030X}", 12_000)), None);
}

proptest! {
    #[test]
    fn no_bytes_make_the_list_reader_panic(
        noise in proptest::collection::vec(any::<u8>(), 0..200),
        place in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<proptest::sample::Index>(),
    ) {
        static SAMPLE: std::sync::OnceLock<(TrustAnchors, Vec<u8>)> = std::sync::OnceLock::new();
        let (anchors, good) = SAMPLE.get_or_init(|| {
            let w = world();
            let der = signed_list(&w.pki.citizen, terms(1), &[revoked(&w.card, 0)], &[]).unwrap();
            (w.anchors, der)
        });
        let _ = read(&noise, anchors);
        let mut altered = good.clone();
        altered[place.index(good.len())] = byte;
        prop_assert!(altered == *good || read(&altered, anchors).is_err());
        prop_assert!(read(&good[..cut.index(good.len())], anchors).is_err());
    }
}
