//! Making signed messages as a card component answers them: the soft card, and tests.

use chrono::SubsecRound as _;
use kernel::Instant;

use super::{CmsError, digest, oids, time};
use crate::card::CardSigner;
use crate::certificate::Certificate;
use crate::der::{sequence, set, set_of, tlv};
use crate::signature::{SignatureAlgorithm, ecdsa_to_der};

/// How a message is made.
#[derive(Debug, Clone, Copy)]
pub struct SignedDataOptions {
    /// Leaves the content out.
    pub detached: bool,
    /// Signs attributes (content type, digest of the content) instead of the content itself.
    pub attributes: bool,
    /// Adds the moment of signing to the attributes.
    pub signing_time: Option<Instant>,
    /// Names the signer by its key id instead of issuer and serial.
    pub by_key_id: bool,
}

impl Default for SignedDataOptions {
    fn default() -> Self {
        Self { detached: false, attributes: true, signing_time: None, by_key_id: false }
    }
}

/// A CMS SignedData (RFC 5652) over `content`, in DER, with the card's certificates.
pub fn sign_signed_data(
    card: &dyn CardSigner,
    content: &[u8],
    options: SignedDataOptions,
) -> Result<Vec<u8>, CmsError> {
    let chain = card.chain_der();
    let leaf = Certificate::parse(chain.first().ok_or(CmsError::SignerUnknown)?)?;
    let algorithm = card.algorithm();
    let digest_algorithm = sequence(&[oid(digest_oid(algorithm))]);
    let attributes = options.attributes.then(|| signed_attributes(algorithm, content, options.signing_time));
    let to_sign = attributes.as_deref().unwrap_or(content);
    let answer = card.sign(to_sign).map_err(|_| CmsError::NotSigned)?;
    let signature = match algorithm {
        SignatureAlgorithm::Rs256 => answer.signature,
        _ => ecdsa_to_der(&answer.signature).ok_or(CmsError::NotSigned)?,
    };
    let (version, id) = if options.by_key_id {
        (3, tlv(0x80, leaf.subject_key_id.as_deref().ok_or(CmsError::SignerUnknown)?))
    } else {
        (1, sequence(&[leaf.issuer_dn.clone(), tlv(0x02, &leaf.serial)]))
    };
    let version = tlv(0x02, &[version]);
    // Under the signature the attributes are a SET; in the message an implicit tag stands for it (RFC 5652 §5.4).
    let attributes = attributes.map(|set| [&[0xa0], set.get(1..).unwrap_or_default()].concat());
    let signer = sequence(&[
        version.clone(),
        id,
        digest_algorithm.clone(),
        attributes.unwrap_or_default(),
        signature_algorithm(algorithm),
        tlv(0x04, &signature),
    ]);
    let data = if options.detached { vec![] } else { tlv(0xa0, &tlv(0x04, content)) };
    let mut certificates = chain.to_vec();
    certificates.sort();
    let signed = sequence(&[
        version,
        set(&[digest_algorithm]),
        sequence(&[oid(oids::DATA), data]),
        tlv(0xa0, &certificates.concat()),
        set(&[signer]),
    ]);
    Ok(sequence(&[oid(oids::SIGNED_DATA), tlv(0xa0, &signed)]))
}

fn signed_attributes(algorithm: SignatureAlgorithm, content: &[u8], at: Option<Instant>) -> Vec<u8> {
    let attribute = |kind: &[u8], value: Vec<u8>| sequence(&[oid(kind), set(&[value])]);
    let mut attributes = vec![
        attribute(oids::CONTENT_TYPE, oid(oids::DATA)),
        attribute(oids::MESSAGE_DIGEST, tlv(0x04, &digest(algorithm, content))),
    ];
    attributes.extend(at.map(|at| attribute(oids::SIGNING_TIME, time::write(at.trunc_subsecs(0)))));
    set_of(&attributes)
}

fn oid(content: &[u8]) -> Vec<u8> {
    tlv(0x06, content)
}

fn digest_oid(algorithm: SignatureAlgorithm) -> &'static [u8] {
    match algorithm {
        SignatureAlgorithm::Es256 | SignatureAlgorithm::Rs256 => oids::SHA256,
        SignatureAlgorithm::Es384 => oids::SHA384,
    }
}

fn signature_algorithm(algorithm: SignatureAlgorithm) -> Vec<u8> {
    match algorithm {
        SignatureAlgorithm::Es256 => sequence(&[oid(oids::ECDSA_SHA256)]),
        SignatureAlgorithm::Es384 => sequence(&[oid(oids::ECDSA_SHA384)]),
        // With NULL, as RFC 3370 §3.2 wants it.
        SignatureAlgorithm::Rs256 => sequence(&[oid(oids::RSA_SHA256), tlv(0x05, &[])]),
    }
}
