//! Signed messages (CMS SignedData, RFC 5652; once PKCS#7) as a card component answers with `signatureType` PKCS7.
//!
//! Narrow on purpose: DER alone, one signer, plain data, the one digest and signature algorithm that the signer's key
//! has everywhere in this crate, no revocation lists and nothing unsigned in the message. The signer's certificate is
//! the one that the chain is verified for.
//!
//! A signature over attributes can be passed off as one over content that equals the attributes' DER (RFC 5652 §5.4
//! leaves that open). Here neither side has such content: attributes begin with the byte 0x31, a login with the
//! base64url of `{`, an endorsement with `d`.

mod error;
mod make;
pub(crate) mod oids;
mod parse;
mod time;

use aws_lc_rs::digest as aws;
use aws_lc_rs::signature::{self as schemes, VerificationAlgorithm};
use chrono::Duration;
use kernel::Instant;

use crate::certificate::{Certificate, CertificateIdentity};
use crate::chain::{TrustAnchors, Usage, verify_chain};
use crate::signature::{SignatureAlgorithm, digest_algorithm};
use parse::{Attributes, Message, SignerId};

pub use error::CmsError;
pub use make::{SignedDataOptions, sign_signed_data};

/// Longest message that is looked at, in bytes.
pub const MAX_MESSAGE: usize = 256 * 1024;

/// How far a card reader's computer may be off. The signing time is never taken for the date of the signature; one far
/// off is a sign of something wrong.
const CLOCK_OFF: Duration = Duration::days(1);

/// Verifies that exactly one citizen card, good at `now`, signed `expected_content`, in a message that holds the content
/// or leaves it out. Certificates of the message help to build the chain; none is trusted.
pub fn verify_signed_data(
    cms_der: &[u8],
    expected_content: &[u8],
    anchors: &TrustAnchors,
    now: Instant,
) -> Result<CertificateIdentity, CmsError> {
    verify(&parse(cms_der)?, expected_content, &[], (anchors, now, Usage::CitizenSignature))
}

/// Takes a message apart.
pub(crate) fn parse(cms_der: &[u8]) -> Result<Message<'_>, CmsError> {
    if cms_der.len() > MAX_MESSAGE {
        return Err(CmsError::TooLarge);
    }
    parse::message(cms_der)
}

/// As [`verify_signed_data`] for any usage; `also` are certificates that came beside the message.
pub(crate) fn verify(
    message: &Message<'_>,
    expected_content: &[u8],
    also: &[Vec<u8>],
    (anchors, at, usage): (&TrustAnchors, Instant, Usage),
) -> Result<CertificateIdentity, CmsError> {
    if message.content.is_some_and(|content| content != expected_content) {
        return Err(CmsError::WrongContent);
    }
    let chain = chain_of_signer(message, also)?;
    let identity = verify_chain(&chain, anchors, at, usage)?;
    let algorithm = identity.public_key.algorithm();
    check_algorithms(message, algorithm)?;
    let scheme: &'static dyn VerificationAlgorithm = match algorithm {
        SignatureAlgorithm::Es256 => &schemes::ECDSA_P256_SHA256_ASN1,
        SignatureAlgorithm::Es384 => &schemes::ECDSA_P384_SHA384_ASN1,
        SignatureAlgorithm::Rs256 => &schemes::RSA_PKCS1_2048_8192_SHA256,
    };
    let signed = match message.signer.attributes {
        None => expected_content.to_vec(),
        Some(set) => {
            let attributes = Attributes::read(set)?;
            check_attributes(&attributes, expected_content, &identity, at)?;
            // Under the signature they are a SET, without the implicit tag (RFC 5652 §5.4).
            [&[0x31], set.whole.get(1..).unwrap_or_default()].concat()
        }
    };
    identity
        .public_key
        .verify_with(scheme, &signed, message.signer.signature)
        .map_err(|_| CmsError::BadSignature)?;
    Ok(identity)
}

/// The signer's certificate first, then every other one.
fn chain_of_signer(message: &Message<'_>, also: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, CmsError> {
    let mut chain: Vec<Vec<u8>> = Vec::new();
    for der in also.iter().map(Vec::as_slice).chain(message.certificates.iter().copied()) {
        if !chain.iter().any(|known| known == der) {
            chain.push(der.to_vec());
        }
    }
    let mut signer = None;
    for (at, der) in chain.iter().enumerate() {
        if names(&message.signer.id, &Certificate::parse(der)?) && signer.replace(at).is_some() {
            return Err(CmsError::SignerAmbiguous);
        }
    }
    chain.swap(0, signer.ok_or(CmsError::SignerUnknown)?);
    Ok(chain)
}

fn names(id: &SignerId<'_>, certificate: &Certificate) -> bool {
    match id {
        SignerId::IssuerAndSerial { issuer, serial } => {
            certificate.issuer_dn == *issuer && certificate.serial == *serial
        }
        SignerId::KeyId(id) => certificate.subject_key_id.as_deref() == Some(*id),
    }
}

/// The key fixes the algorithms, as everywhere in this crate.
fn check_algorithms(message: &Message<'_>, algorithm: SignatureAlgorithm) -> Result<(), CmsError> {
    let (digest, signatures): (&[u8], &[&[u8]]) = match algorithm {
        SignatureAlgorithm::Es256 => (oids::SHA256, &[oids::ECDSA_SHA256]),
        SignatureAlgorithm::Es384 => (oids::SHA384, &[oids::ECDSA_SHA384]),
        SignatureAlgorithm::Rs256 => (oids::SHA256, &[oids::RSA, oids::RSA_SHA256]),
    };
    if !message.signer.digest.is_one_of(&[digest]) {
        return Err(CmsError::DigestAlgorithm);
    }
    if !message.signer.algorithm.is_one_of(signatures) {
        return Err(CmsError::SignatureAlgorithm);
    }
    Ok(())
}

fn check_attributes(
    attributes: &Attributes<'_>,
    content: &[u8],
    signer: &CertificateIdentity,
    at: Instant,
) -> Result<(), CmsError> {
    let content_type = attributes.content_type;
    if (content_type.tag, content_type.content) != (0x06, oids::DATA) {
        return Err(CmsError::AttributeContentType);
    }
    let signed = attributes.message_digest;
    if (signed.tag, signed.content) != (0x04, digest(signer.public_key.algorithm(), content).as_slice()) {
        return Err(CmsError::MessageDigest);
    }
    if let Some(value) = attributes.signing_time {
        let time = time::read(value).ok_or(CmsError::SigningTime)?;
        let last = at.min(signer.not_after) + CLOCK_OFF;
        if time < signer.not_before - CLOCK_OFF || time > last {
            return Err(CmsError::SigningTime);
        }
    }
    Ok(())
}

/// The digest that goes with an algorithm.
fn digest(algorithm: SignatureAlgorithm, content: &[u8]) -> Vec<u8> {
    aws::digest(digest_algorithm(algorithm), content).as_ref().to_vec()
}
