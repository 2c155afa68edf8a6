use chrono::Duration;
use proptest::prelude::*;

use crate::cms::oids;
use crate::der::read::{Reader, Value};
use crate::der::{sequence, set, tlv};
use crate::pki::Validity;
use crate::{
    CertificateIdentity, ChainError, CmsError, Credential, KeyKind, SignedDataOptions, TrustAnchors,
    sign_signed_data, verify_pkcs7_assertion, verify_signed_data,
};

use super::{HOLDER, World, later, now, world};

pub use super::assertions::AUDIENCE;
pub const CONTENT: &[u8] = b"what was prepared";
pub const KINDS: [KeyKind; 3] = [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048];

pub fn card(w: &World, kind: KeyKind) -> Credential {
    w.pki.issue_card_with(HOLDER, kind, Validity::around(now())).unwrap()
}

/// Each way to make a message, with and without attributes, time, content, key id.
pub fn all_options() -> Vec<SignedDataOptions> {
    let mut all = vec![];
    for bits in 0..12 {
        let attributes = bits % 3 > 0;
        let signing_time = (bits % 3 == 2).then(now);
        let (detached, by_key_id) = (bits / 3 % 2 == 1, bits / 6 == 1);
        all.push(SignedDataOptions { detached, attributes, signing_time, by_key_id });
    }
    all
}

pub fn look(w: &World, message: &[u8]) -> Result<CertificateIdentity, CmsError> {
    verify_signed_data(message, CONTENT, &w.anchors, now())
}

/// The parts of a message, to put it together again with one of them altered.
pub struct Taken {
    /// version, digest algorithms, content, certificates, signers.
    pub data: Vec<Vec<u8>>,
    /// version, id, digest algorithm, attributes, signature algorithm, signature.
    pub signer: Vec<Vec<u8>>,
}

impl Taken {
    pub fn of(message: &[u8]) -> Self {
        fn owned(value: Value<'_>) -> Vec<Value<'_>> {
            value.inside().all().unwrap()
        }
        let info = Reader::only(message, 0x30).unwrap().all().unwrap();
        let data = owned(owned(info[1])[0]);
        let signer = owned(owned(*data.last().unwrap())[0]);
        let whole = |list: Vec<Value<'_>>| list.iter().map(|v| v.whole.to_vec()).collect();
        Self { data: whole(data), signer: whole(signer) }
    }

    pub fn attributes(&self) -> Vec<Vec<u8>> {
        let set = Reader::only(&self.signer[3], 0xa0).unwrap();
        set.all().unwrap().iter().map(|v| v.whole.to_vec()).collect()
    }

    fn with_signers(mut self, signers: &[Vec<u8>]) -> Vec<u8> {
        *self.data.last_mut().unwrap() = set(signers);
        let kind = tlv(0x06, oids::SIGNED_DATA);
        sequence(&[kind, tlv(0xa0, &sequence(&self.data))])
    }

    pub fn message(self) -> Vec<u8> {
        let signer = sequence(&self.signer);
        self.with_signers(&[signer])
    }
}

/// A good message of a P-256 card, altered by `alter`.
fn altered(w: &World, alter: impl FnOnce(&mut Taken)) -> Result<CertificateIdentity, CmsError> {
    let message = sign_signed_data(&w.card, CONTENT, SignedDataOptions::default()).unwrap();
    assert_eq!(Taken::of(&message).message(), message);
    let mut taken = Taken::of(&message);
    alter(&mut taken);
    look(w, &taken.message())
}

#[test]
fn a_signed_message_of_every_kind_of_card_and_form_is_accepted() {
    let w = world();
    for kind in KINDS {
        let card = card(&w, kind);
        for options in all_options() {
            let message = sign_signed_data(&card, CONTENT, options).unwrap();
            let identity = look(&w, &message).unwrap();
            assert_eq!(identity.thumbprint_sha256, card.thumbprint(), "{kind:?} {options:?}");
            let other = verify_signed_data(&message, b"something else", &w.anchors, now());
            let wrong = match (options.detached, options.attributes) {
                (false, _) => CmsError::WrongContent,
                (true, true) => CmsError::MessageDigest,
                (true, false) => CmsError::BadSignature,
            };
            assert_eq!(other, Err(wrong), "{kind:?} {options:?}");
        }
    }
}

#[test]
fn a_message_is_whole_and_every_byte_counts() {
    let w = world();
    for options in
        [SignedDataOptions::default(), SignedDataOptions { attributes: false, ..Default::default() }]
    {
        let message = sign_signed_data(&w.card, CONTENT, options).unwrap();
        for end in 0..message.len() {
            assert_eq!(look(&w, &message[..end]), Err(CmsError::Malformed), "{end}");
        }
        assert_eq!(look(&w, &[&message[..], &[0]].concat()), Err(CmsError::Malformed));
        for at in 0..message.len() {
            for bit in [0, 3, 7] {
                let mut bent = message.clone();
                bent[at] ^= 1 << bit;
                let good = look(&w, &bent);
                // The outer version has two good values that mean the same, and the issuer's certificate is a help alone.
                assert!(good.is_err() || good.unwrap().thumbprint_sha256 == w.card.thumbprint(), "{at}");
            }
        }
    }
    let huge = vec![0; crate::cms::MAX_MESSAGE + 1];
    assert_eq!(look(&w, &huge), Err(CmsError::TooLarge));
}

#[test]
fn nobody_and_two_are_not_one_signer() {
    let w = world();
    let message = sign_signed_data(&w.card, CONTENT, SignedDataOptions::default()).unwrap();
    let signer = sequence(&Taken::of(&message).signer);
    let by = |signers: &[Vec<u8>]| look(&w, &Taken::of(&message).with_signers(signers));
    assert!(by(std::slice::from_ref(&signer)).is_ok());
    assert_eq!(by(&[]), Err(CmsError::NoSigner));
    assert_eq!(by(&[signer.clone(), signer.clone()]), Err(CmsError::SeveralSigners));
    let other = sign_signed_data(&card(&w, KeyKind::P256), CONTENT, SignedDataOptions::default()).unwrap();
    assert_eq!(by(&[signer, sequence(&Taken::of(&other).signer)]), Err(CmsError::SeveralSigners));
}

#[test]
fn the_signer_is_the_certificate_that_it_names_and_no_other() {
    let w = world();
    let other = w.pki.issue_card(HOLDER, now()).unwrap();
    let intermediate = |card: &Credential| card.chain_der()[1..].concat();
    let with = |certificates: Vec<u8>| altered(&w, |t| t.data[3] = tlv(0xa0, &certificates));
    assert!(with(w.card.chain_der().concat()).is_ok());
    // The authority is known here; the card's own certificate is not.
    assert!(with(w.card.chain_der()[0].clone()).is_ok());
    assert_eq!(with(intermediate(&w.card)), Err(CmsError::SignerUnknown));
    assert_eq!(with(other.chain_der().concat()), Err(CmsError::SignerUnknown));
    assert_eq!(altered(&w, |t| drop(t.data.remove(3))), Err(CmsError::SignerUnknown));
    assert_eq!(with(tlv(0xa1, &[])), Err(CmsError::ForeignCertificate));
    assert_eq!(with(w.card.chain_der()[0].repeat(9)), Err(CmsError::TooManyCertificates));

    // Naming another card's certificate, which is there, leaves a signature of the wrong key.
    let theirs = sign_signed_data(&other, CONTENT, SignedDataOptions::default()).unwrap();
    let swapped = altered(&w, |t| {
        t.data[3] = tlv(0xa0, &[w.card.chain_der().concat(), other.chain_der()[0].clone()].concat());
        t.signer[1] = Taken::of(&theirs).signer[1].clone();
    });
    assert_eq!(swapped, Err(CmsError::BadSignature));

    let foreign = sign_signed_data(&world().card, CONTENT, SignedDataOptions::default()).unwrap();
    assert_eq!(look(&w, &foreign), Err(CmsError::Chain(ChainError::UnknownIssuer)));
    let service = sign_signed_data(&w.account, CONTENT, SignedDataOptions::default()).unwrap();
    assert_eq!(look(&w, &service), Err(CmsError::Chain(ChainError::WrongSubjectType)));
    let good = sign_signed_data(&w.card, CONTENT, SignedDataOptions::default()).unwrap();
    let late = later(60 * 60 * 24 * 365 * 10);
    let expired = verify_signed_data(&good, CONTENT, &w.anchors, late);
    assert_eq!(expired, Err(CmsError::Chain(ChainError::Expired)));
}

#[test]
fn other_algorithms_than_the_keys_own_are_refused() {
    const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
    let w = world();
    let algorithm = |oid: &[u8]| sequence(&[tlv(0x06, oid)]);
    let sha1 = algorithm(SHA1);
    let with_digest = altered(&w, |t| {
        t.data[1] = set(std::slice::from_ref(&sha1));
        t.signer[2] = sha1.clone();
    });
    assert_eq!(with_digest, Err(CmsError::DigestAlgorithm));
    let unlisted = altered(&w, |t| t.data[1] = set(&[]));
    assert_eq!(unlisted, Err(CmsError::DigestAlgorithm));
    let oids = [
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01][..],
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03],
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b],
    ];
    for oid in oids {
        assert_eq!(altered(&w, |t| t.signer[4] = algorithm(oid)), Err(CmsError::SignatureAlgorithm));
    }
    let with_parameters = sequence(&[tlv(0x06, oids::ECDSA_SHA256), tlv(0x04, &[1])]);
    assert_eq!(altered(&w, |t| t.signer[4] = with_parameters), Err(CmsError::SignatureAlgorithm));
}

#[test]
fn signed_attributes_are_ordered_complete_and_those_of_the_content() {
    let w = world();
    let resign = |attributes: Vec<Vec<u8>>| {
        // Signed by the right card, so that only what the attributes say can be at fault.
        let signature = w.card.sign(&set(&attributes)).unwrap();
        altered(&w, |t| {
            t.signer[3] = tlv(0xa0, &attributes.concat());
            t.signer[5] = tlv(0x04, &crate::signature::ecdsa_to_der(&signature).unwrap());
        })
    };
    let message = sign_signed_data(&w.card, CONTENT, SignedDataOptions::default()).unwrap();
    let good = Taken::of(&message).attributes();
    assert!(resign(good.clone()).is_ok());
    let reversed: Vec<_> = good.iter().rev().cloned().collect();
    assert_eq!(resign(reversed), Err(CmsError::AttributeOrder));
    assert_eq!(resign(vec![]), Err(CmsError::AttributeMissing));
    for missing in 0..2 {
        let mut attributes = good.clone();
        attributes.remove(missing);
        assert_eq!(resign(attributes), Err(CmsError::AttributeMissing));
    }
    let attribute = |last: u8, values: &[Vec<u8>]| {
        let kind = tlv(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, last]);
        sequence(&[kind, set(values)])
    };
    let sorted = |mut attributes: Vec<Vec<u8>>| {
        attributes.sort();
        resign(attributes)
    };
    // The digest twice, with different values.
    let twice = sorted([&good[..], &[attribute(4, &[tlv(0x04, &[0; 32])])]].concat());
    assert_eq!(twice, Err(CmsError::AttributeValues));
    let two_values = attribute(4, &[tlv(0x04, &[0; 32]), tlv(0x04, &[1; 32])]);
    assert_eq!(sorted(vec![good[0].clone(), two_values]), Err(CmsError::AttributeValues));
    let wrong = sorted(vec![good[0].clone(), attribute(4, &[tlv(0x04, &[0; 32])])]);
    assert_eq!(wrong, Err(CmsError::MessageDigest));
    let signed_data = tlv(0x06, oids::SIGNED_DATA);
    let wrong = sorted(vec![attribute(3, &[signed_data]), good[1].clone()]);
    assert_eq!(wrong, Err(CmsError::AttributeContentType));
    // One of a kind that says nothing here is under the signature and does no harm.
    assert!(sorted([&good[..], &[attribute(15, &[tlv(0x30, &[])])]].concat()).is_ok());
    for time in ["260202120000", "Z", "30010101000000Z"] {
        let time = attribute(5, &[tlv(0x17, time.as_bytes())]);
        assert_eq!(sorted([&good[..], &[time]].concat()), Err(CmsError::SigningTime));
    }
    // Altered after signing.
    let unsigned = altered(&w, |t| {
        let mut more = [&t.attributes()[..], &[attribute(15, &[tlv(0x30, &[])])]].concat();
        more.sort();
        t.signer[3] = tlv(0xa0, &more.concat());
    });
    assert_eq!(unsigned, Err(CmsError::BadSignature));
    let removed = altered(&w, |t| drop(t.signer.remove(3)));
    assert_eq!(removed, Err(CmsError::BadSignature));
}

#[test]
fn a_signing_time_far_off_is_refused_and_a_clock_a_little_off_is_not() {
    let w = world();
    let at = |time| {
        let options = SignedDataOptions { signing_time: Some(time), ..Default::default() };
        look(&w, &sign_signed_data(&w.card, CONTENT, options).unwrap()).map(drop)
    };
    assert_eq!(at(later(3_600)), Ok(()));
    assert_eq!(at(later(-3_600)), Ok(()));
    assert_eq!(at(now() + Duration::days(2)), Err(CmsError::SigningTime));
    assert_eq!(at(chrono::DateTime::UNIX_EPOCH), Err(CmsError::SigningTime));
}

#[test]
fn lists_versions_kinds_and_unsigned_parts_are_refused_by_name() {
    let w = world();
    let version = |n: u8| tlv(0x02, &[n]);
    assert_eq!(altered(&w, |t| t.data.insert(4, tlv(0xa1, &[]))), Err(CmsError::RevocationLists));
    assert_eq!(altered(&w, |t| t.data[0] = version(4)), Err(CmsError::Version));
    assert_eq!(altered(&w, |t| t.signer[0] = version(3)), Err(CmsError::Version));
    assert_eq!(altered(&w, |t| t.signer[0] = version(2)), Err(CmsError::Version));
    assert_eq!(altered(&w, |t| t.signer.push(tlv(0xa1, &[]))), Err(CmsError::UnsignedAttributes));
    let other_content = sequence(&[tlv(0x06, oids::SIGNED_DATA)]);
    assert_eq!(altered(&w, |t| t.data[2] = other_content), Err(CmsError::ContentType));
    let enveloped = tlv(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03]);
    let kind = sequence(&[enveloped, tlv(0xa0, &sequence(&[]))]);
    assert_eq!(look(&w, &kind), Err(CmsError::NotSignedData));
    // BER: the content in pieces, and a length without end.
    let pieces = tlv(0xa0, &tlv(0x24, &tlv(0x04, CONTENT)));
    let data = tlv(0x06, oids::DATA);
    assert_eq!(altered(&w, |t| t.data[2] = sequence(&[data, pieces])), Err(CmsError::Malformed));
    let message = sign_signed_data(&w.card, CONTENT, SignedDataOptions::default()).unwrap();
    let inner = Reader::new(&message).any().unwrap().content;
    assert_eq!(look(&w, &[&[0x30, 0x80], inner, &[0, 0]].concat()), Err(CmsError::Malformed));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_make_the_reader_fail_otherwise_than_by_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let anchors = TrustAnchors::new();
        prop_assert!(verify_signed_data(&bytes, CONTENT, &anchors, now()).is_err());
        prop_assert!(verify_pkcs7_assertion(&bytes, &anchors, AUDIENCE, now()).is_err());
    }

    #[test]
    fn no_alteration_makes_another_signer(at in 0_usize..2000, with in proptest::collection::vec(any::<u8>(), 0..8), cut in 0_usize..8) {
        thread_local!(static MADE: (World, Vec<u8>) = {
            let w = world();
            let message = sign_signed_data(&w.card, CONTENT, SignedDataOptions::default()).unwrap();
            (w, message)
        });
        MADE.with(|(w, message)| {
            let at = at % message.len();
            let mut bent = message.clone();
            bent.splice(at..(at + cut).min(message.len()), with);
            if let Ok(identity) = look(w, &bent) {
                prop_assert_eq!(identity.thumbprint_sha256, w.card.thumbprint());
            }
            Ok(())
        })?;
    }
}
