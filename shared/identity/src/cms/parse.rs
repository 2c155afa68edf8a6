//! The shape of a signed message (RFC 5652 §5), read strictly and without a judgement on who signed.

use super::{CmsError, oids};
use crate::der::read::{BadDer, Reader, Value};

/// Most certificates in one message: a chain and a second certificate of the same card.
const MAX_CERTIFICATES: usize = 8;

/// A signed message, taken apart.
pub struct Message<'a> {
    /// The content, where the message holds it.
    pub content: Option<&'a [u8]>,
    /// X.509 certificates, in DER.
    pub certificates: Vec<&'a [u8]>,
    /// The one signer.
    pub signer: Signer<'a>,
}

/// What the signer says about itself.
pub struct Signer<'a> {
    pub id: SignerId<'a>,
    pub digest: Algorithm<'a>,
    /// The signed attributes as the message holds them: with the implicit tag instead of that of a SET.
    pub attributes: Option<Value<'a>>,
    pub algorithm: Algorithm<'a>,
    pub signature: &'a [u8],
}

/// How the signer names its certificate.
pub enum SignerId<'a> {
    /// The issuer's name (DER) and the serial (contents of the INTEGER).
    IssuerAndSerial { issuer: &'a [u8], serial: &'a [u8] },
    /// The subject key id.
    KeyId(&'a [u8]),
}

/// An AlgorithmIdentifier whose parameters are absent or NULL; others are no algorithm of ours.
#[derive(PartialEq, Eq)]
pub struct Algorithm<'a> {
    pub oid: &'a [u8],
    pub plain: bool,
}

impl Algorithm<'_> {
    /// Whether this is one of these algorithms.
    pub fn is_one_of(&self, oids: &[&[u8]]) -> bool {
        self.plain && oids.contains(&self.oid)
    }
}

/// Takes a ContentInfo with SignedData apart.
pub fn message(der: &[u8]) -> Result<Message<'_>, CmsError> {
    let mut info = Reader::only(der, 0x30)?;
    let kind = info.expect(0x06)?.content;
    let wrapped = info.expect(0xa0)?;
    info.end()?;
    if kind != oids::SIGNED_DATA {
        return Err(CmsError::NotSignedData);
    }
    let mut data = Reader::only(wrapped.content, 0x30)?;
    // 1 as in PKCS#7 v1.5, 3 where a signer is named by key id; 4 and 5 go with attribute and other certificates.
    if !matches!(data.small_integer()?, 1 | 3) {
        return Err(CmsError::Version);
    }
    let mut digests = data.expect(0x31)?.inside();
    let mut content = data.expect(0x30)?.inside();
    if content.expect(0x06)?.content != oids::DATA {
        return Err(CmsError::ContentType);
    }
    let content = if content.is_empty() {
        None
    } else {
        let wrapped = content.expect(0xa0)?;
        content.end()?;
        let mut wrapped = wrapped.inside();
        let octets = wrapped.expect(0x04)?.content;
        wrapped.end()?;
        Some(octets)
    };
    let certificates = certificates(data.next_if(0xa0)?)?;
    if data.next_if(0xa1)?.is_some() {
        return Err(CmsError::RevocationLists);
    }
    let mut signers = data.expect(0x31)?.inside();
    data.end()?;
    if signers.is_empty() {
        return Err(CmsError::NoSigner);
    }
    let signer = signers.expect(0x30)?;
    if !signers.is_empty() {
        return Err(CmsError::SeveralSigners);
    }
    let signer = read_signer(signer.inside())?;
    let mut listed = false;
    while !digests.is_empty() {
        listed |= algorithm(&mut digests)?.oid == signer.digest.oid;
    }
    if !listed {
        return Err(CmsError::DigestAlgorithm);
    }
    Ok(Message { content, certificates, signer })
}

fn certificates(set: Option<Value<'_>>) -> Result<Vec<&[u8]>, CmsError> {
    let certificates = set.map(|set| set.inside().all()).transpose()?.unwrap_or_default();
    if certificates.len() > MAX_CERTIFICATES {
        return Err(CmsError::TooManyCertificates);
    }
    if certificates.iter().any(|certificate| certificate.tag != 0x30) {
        return Err(CmsError::ForeignCertificate);
    }
    Ok(certificates.into_iter().map(|certificate| certificate.whole).collect())
}

fn read_signer(mut signer: Reader<'_>) -> Result<Signer<'_>, CmsError> {
    let version = signer.small_integer()?;
    let id = signer.any()?;
    let id = match (version, id.tag) {
        (1, 0x30) => {
            let mut id = id.inside();
            let issuer = id.expect(0x30)?.whole;
            let serial = id.expect(0x02)?.content;
            id.end()?;
            SignerId::IssuerAndSerial { issuer, serial }
        }
        (3, 0x80) => SignerId::KeyId(id.content),
        (_, 0x30 | 0x80) => return Err(CmsError::Version),
        _ => return Err(CmsError::Malformed),
    };
    let digest = algorithm(&mut signer)?;
    let attributes = signer.next_if(0xa0)?;
    let signature_algorithm = algorithm(&mut signer)?;
    let signature = signer.expect(0x04)?.content;
    if signer.next_if(0xa1)?.is_some() {
        return Err(CmsError::UnsignedAttributes);
    }
    signer.end()?;
    Ok(Signer { id, digest, attributes, algorithm: signature_algorithm, signature })
}

fn algorithm<'a>(reader: &mut Reader<'a>) -> Result<Algorithm<'a>, BadDer> {
    let mut inside = reader.expect(0x30)?.inside();
    let oid = inside.expect(0x06)?.content;
    let plain = inside.is_empty() || inside.any()?.whole == [0x05, 0x00];
    inside.end()?;
    Ok(Algorithm { oid, plain })
}

/// The attributes that matter, from a set that is in DER order and holds none twice.
pub struct Attributes<'a> {
    pub content_type: Value<'a>,
    pub message_digest: Value<'a>,
    pub signing_time: Option<Value<'a>>,
}

impl<'a> Attributes<'a> {
    /// Reads signed attributes; those of other kinds are under the signature and say nothing here.
    pub fn read(set: Value<'a>) -> Result<Self, CmsError> {
        let attributes = set.inside().all()?;
        if !attributes.is_sorted_by(|one, next| one.whole < next.whole) {
            return Err(CmsError::AttributeOrder);
        }
        let mut found = [None; 3];
        let mut kinds = Vec::new();
        for attribute in attributes {
            let mut inside = Reader::only(attribute.whole, 0x30)?;
            let kind = inside.expect(0x06)?.content;
            let values = inside.expect(0x31)?.inside().all()?;
            inside.end()?;
            if kinds.contains(&kind) {
                return Err(CmsError::AttributeValues);
            }
            kinds.push(kind);
            let place = [oids::CONTENT_TYPE, oids::MESSAGE_DIGEST, oids::SIGNING_TIME];
            if let Some(slot) = place.iter().position(|oid| *oid == kind).and_then(|at| found.get_mut(at)) {
                let [value] = values.as_slice() else { return Err(CmsError::AttributeValues) };
                *slot = Some(*value);
            }
        }
        let [content_type, message_digest, signing_time] = found;
        Ok(Self {
            content_type: content_type.ok_or(CmsError::AttributeMissing)?,
            message_digest: message_digest.ok_or(CmsError::AttributeMissing)?,
            signing_time,
        })
    }
}
