//! Online status of one certificate (RFC 6960): the request, and an answer that is believed only if the issuing authority
//! itself signed it, or a delegate that it certified for nothing else, about this very certificate, now.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use chrono::Duration;
use kernel::Instant;

use crate::certificate::Certificate;
use crate::der;
use crate::der::read::{self, BadDer, Reader};

mod responder;

/// SHA-1. It only names an issuer here; nothing is signed with it.
const SHA1_OID: &str = "1.3.14.3.2.26";
const SHA256_OID: &str = "2.16.840.1.101.3.4.2.1";
const BASIC_RESPONSE: &str = "1.3.6.1.5.5.7.48.1.1";
const NONCE: &str = "1.3.6.1.5.5.7.48.1.2";
/// Longest response that is read, in bytes.
pub const MAX_RESPONSE: usize = 64 * 1024;
/// How long an answer without `nextUpdate` is good: as long as an access token.
const WITHOUT_NEXT: Duration = Duration::minutes(10);
/// How far a responder's clock may be ahead.
const CLOCK_AHEAD: Duration = Duration::minutes(5);

/// Why a response is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OcspError {
    /// No basic OCSP response in DER, or too long.
    #[error("not a readable OCSP response")]
    Malformed,
    /// The responder has no answer (RFC 6960 §4.2.1: `tryLater`, `unauthorized` …).
    #[error("the responder gave no answer")]
    NoAnswer,
    /// Neither the issuing authority nor a delegate that it certified.
    #[error("the signer may not answer for the issuing authority")]
    WrongSigner,
    /// SHA-1, or an algorithm that is not accepted.
    #[error("the response is signed with an algorithm that is not accepted")]
    WeakAlgorithm,
    /// The signer's key did not sign the response.
    #[error("the response's signature is wrong")]
    BadSignature,
    /// The delegate's certificate is not valid now.
    #[error("the delegate's certificate is not valid now")]
    DelegateNotValid,
    /// The delegate's certificate has neither `id-pkix-ocsp-nocheck` nor a short life.
    #[error("the delegate's certificate would itself have to be checked")]
    DelegateUnchecked,
    /// The response is about other certificates.
    #[error("the response is about another certificate")]
    WrongCertificate,
    /// The response does not hold the nonce that was sent.
    #[error("the response does not hold the nonce that was sent")]
    WrongNonce,
    /// Past its `nextUpdate`.
    #[error("the response is too old")]
    Stale,
    /// Its `thisUpdate` lies in the future.
    #[error("the response is from the future")]
    NotYetValid,
    /// A critical extension that is not understood.
    #[error("the response has a critical extension that is not understood")]
    UnknownCriticalExtension,
}

impl OcspError {
    /// The stable code, for logs and counters.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "ocsp-malformed",
            Self::NoAnswer => "ocsp-no-answer",
            Self::WrongSigner => "ocsp-wrong-signer",
            Self::WeakAlgorithm => "ocsp-weak-algorithm",
            Self::BadSignature => "ocsp-bad-signature",
            Self::DelegateNotValid => "ocsp-delegate-not-valid",
            Self::DelegateUnchecked => "ocsp-delegate-unchecked",
            Self::WrongCertificate => "ocsp-wrong-certificate",
            Self::WrongNonce => "ocsp-wrong-nonce",
            Self::Stale => "ocsp-stale",
            Self::NotYetValid => "ocsp-not-yet-valid",
            Self::UnknownCriticalExtension => "ocsp-unknown-critical-extension",
        }
    }
}

impl From<BadDer> for OcspError {
    fn from(_: BadDer) -> Self {
        Self::Malformed
    }
}

/// How a request names the issuer (RFC 6960 §4.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IssuerHash {
    /// Old responders know nothing else.
    Sha1,
    /// Preferred.
    #[default]
    Sha256,
}

impl IssuerHash {
    fn oid(self) -> &'static str {
        match self {
            Self::Sha1 => SHA1_OID,
            Self::Sha256 => SHA256_OID,
        }
    }

    fn of(self, bytes: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &SHA256,
        };
        digest(algorithm, bytes).as_ref().to_vec()
    }
}

/// The status of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OcspStatus {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked {
        /// Since when.
        since: Instant,
    },
    /// The responder does not know the certificate.
    Unknown,
}

/// An answer that was found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcspAnswer {
    /// Key id of the certificate's issuer, hexadecimal in upper case.
    pub issuer_key_id: String,
    /// The certificate's serial, hexadecimal in upper case.
    pub serial: String,
    /// Its status.
    pub status: OcspStatus,
    /// When the status was known to be so.
    pub this_update: Instant,
    /// Until when the answer is good.
    pub good_until: Instant,
    /// When it was taken.
    pub taken_at: Instant,
    /// The response as it came.
    pub der: Vec<u8>,
}

impl OcspAnswer {
    /// Whether it is good for use at `at`.
    pub fn is_fresh(&self, at: Instant) -> bool {
        at <= self.good_until
    }
}

/// A question about one certificate; it checks the answer to itself.
pub struct OcspRequest {
    der: Vec<u8>,
    serial: Vec<u8>,
    issuer: Arc<Certificate>,
    nonce: Option<[u8; 32]>,
}

impl std::fmt::Debug for OcspRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OcspRequest").field("issuer", &self.issuer.key_id()).finish_non_exhaustive()
    }
}

impl OcspRequest {
    /// Asks about `certificate`, which `issuer` signed. With a `nonce` the answer must hold it (RFC 9654).
    pub fn new(
        certificate: &Certificate,
        issuer: Arc<Certificate>,
        hash: IssuerHash,
        nonce: Option<[u8; 32]>,
    ) -> Self {
        let id = certificate_id(hash, &issuer, &certificate.serial);
        let list = der::sequence(&[der::sequence(&[id])]);
        let extensions = nonce.map(|nonce| {
            let value = der::tlv(read::OCTET_STRING, &der::tlv(read::OCTET_STRING, &nonce));
            let extension = der::sequence(&[der::oid(NONCE).unwrap_or_default(), value]);
            der::tlv(0xa2, &der::sequence(&[extension]))
        });
        let inner = der::sequence(&[list, extensions.unwrap_or_default()]);
        Self { der: der::sequence(&[inner]), serial: certificate.serial.clone(), issuer, nonce }
    }

    /// The body of the request (`application/ocsp-request`).
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// What `response` says about the certificate, if it can be believed at `now`.
    pub fn answer(&self, response: Vec<u8>, now: Instant) -> Result<OcspAnswer, OcspError> {
        if response.len() > MAX_RESPONSE {
            return Err(OcspError::Malformed);
        }
        let basic = Basic::read(&response)?;
        let data = Data::read(basic.tbs)?;
        responder::check(&basic, &data, &self.issuer, now)?;
        self.check_extensions(&data)?;
        let (status, this_update, next_update) = self.single(data.responses)?;
        if this_update > now + CLOCK_AHEAD {
            return Err(OcspError::NotYetValid);
        }
        let good_until = next_update.unwrap_or(this_update + WITHOUT_NEXT);
        if now > good_until {
            return Err(OcspError::Stale);
        }
        Ok(OcspAnswer {
            issuer_key_id: self.issuer.key_id(),
            serial: hex::encode_upper(&self.serial),
            status,
            this_update,
            good_until,
            taken_at: now,
            der: response,
        })
    }

    fn check_extensions(&self, data: &Data<'_>) -> Result<(), OcspError> {
        let mut found = None;
        for extension in data.extensions.map(read::extensions).transpose()?.unwrap_or_default() {
            if read::dotted(extension.oid)? == NONCE {
                found = Some(read::only(extension.value, read::OCTET_STRING)?);
            } else if extension.critical {
                return Err(OcspError::UnknownCriticalExtension);
            }
        }
        match (&self.nonce, found) {
            (Some(sent), found) if found != Some(sent.as_slice()) => Err(OcspError::WrongNonce),
            _ => Ok(()),
        }
    }

    /// The one answer about this certificate.
    fn single(&self, responses: &[u8]) -> Result<(OcspStatus, Instant, Option<Instant>), OcspError> {
        let mut list = Reader::new(responses);
        while !list.is_empty() {
            let mut single = list.inside(read::SEQUENCE)?;
            if !self.is_about(single.raw(read::SEQUENCE)?)? {
                continue;
            }
            let status = single.any()?;
            let status = match (status.tag, status.content) {
                (0x80, []) => OcspStatus::Good,
                (0xa1, info) => OcspStatus::Revoked { since: Reader::new(info).time()? },
                (0x82, []) => OcspStatus::Unknown,
                _ => return Err(OcspError::Malformed),
            };
            let this_update = single.time()?;
            let next_update = single.optional(0xa0)?.map(|time| Reader::new(time).time()).transpose()?;
            if let Some(extensions) = single.optional(0xa1)? {
                let extensions = read::extensions(read::only(extensions, read::SEQUENCE)?)?;
                if extensions.iter().any(|extension| extension.critical) {
                    return Err(OcspError::UnknownCriticalExtension);
                }
            }
            single.end()?;
            return Ok((status, this_update, next_update));
        }
        Err(OcspError::WrongCertificate)
    }

    /// Whether a CertID names this certificate, under either hash.
    fn is_about(&self, id: &[u8]) -> Result<bool, OcspError> {
        let mut fields = Reader::new(read::only(id, read::SEQUENCE)?);
        let algorithm = read::dotted(fields.inside(read::SEQUENCE)?.read(read::OID)?)?;
        let hash = [IssuerHash::Sha1, IssuerHash::Sha256].into_iter().find(|hash| hash.oid() == algorithm);
        let Some(hash) = hash else { return Ok(false) };
        let name = fields.read(read::OCTET_STRING)? == hash.of(&self.issuer.subject_dn);
        let key = fields.read(read::OCTET_STRING)? == hash.of(self.issuer.public_key.bytes());
        let serial = crate::crl::serial(fields.read(read::INTEGER)?);
        Ok(name && key && serial.is_some() && serial == crate::crl::serial(&self.serial))
    }
}

/// CertID (RFC 6960 §4.1.1).
pub(crate) fn certificate_id(hash: IssuerHash, issuer: &Certificate, serial: &[u8]) -> Vec<u8> {
    let algorithm = der::sequence(&[der::oid(hash.oid()).unwrap_or_default(), der::tlv(0x05, &[])]);
    der::sequence(&[
        algorithm,
        der::tlv(read::OCTET_STRING, &hash.of(&issuer.subject_dn)),
        der::tlv(read::OCTET_STRING, &hash.of(issuer.public_key.bytes())),
        // As it stands in the certificate, a serial that was written wrongly included.
        der::tlv(read::INTEGER, serial),
    ])
}

/// What a request asks about, for a responder: each CertID, and the nonce.
pub fn read_request(bytes: &[u8]) -> Result<(Vec<&[u8]>, Option<&[u8]>), OcspError> {
    let mut request = Reader::new(read::only(bytes, read::SEQUENCE)?);
    let mut inner = request.inside(read::SEQUENCE)?;
    inner.optional(0xa0)?;
    inner.optional(0xa1)?;
    let mut list = inner.inside(read::SEQUENCE)?;
    let mut ids = Vec::new();
    while !list.is_empty() {
        ids.push(list.inside(read::SEQUENCE)?.raw(read::SEQUENCE)?);
    }
    let mut nonce = None;
    if let Some(extensions) = inner.optional(0xa2)? {
        for extension in read::extensions(read::only(extensions, read::SEQUENCE)?)? {
            if read::dotted(extension.oid)? == NONCE {
                nonce = Some(read::only(extension.value, read::OCTET_STRING)?);
            }
        }
    }
    Ok((ids, nonce))
}

/// The serial that a CertID names.
pub fn serial_of(id: &[u8]) -> Result<Vec<u8>, OcspError> {
    let mut fields = Reader::new(read::only(id, read::SEQUENCE)?);
    fields.read(read::SEQUENCE)?;
    fields.read(read::OCTET_STRING)?;
    fields.read(read::OCTET_STRING)?;
    Ok(fields.read(read::INTEGER)?.to_vec())
}

/// BasicOCSPResponse: what is signed, how, the signature, and the certificates beside it.
struct Basic<'a> {
    tbs: &'a [u8],
    algorithm: String,
    signature: &'a [u8],
    certificates: Vec<&'a [u8]>,
}

impl<'a> Basic<'a> {
    fn read(response: &'a [u8]) -> Result<Self, OcspError> {
        let mut outer = Reader::new(read::only(response, read::SEQUENCE)?);
        if outer.read(read::ENUMERATED)? != [0] {
            return Err(OcspError::NoAnswer);
        }
        let mut bytes = Reader::new(read::only(outer.read(0xa0)?, read::SEQUENCE)?);
        outer.end()?;
        if read::dotted(bytes.read(read::OID)?)? != BASIC_RESPONSE {
            return Err(OcspError::Malformed);
        }
        let mut basic = Reader::new(read::only(bytes.read(read::OCTET_STRING)?, read::SEQUENCE)?);
        bytes.end()?;
        let tbs = basic.raw(read::SEQUENCE)?;
        let algorithm = read::dotted(basic.inside(read::SEQUENCE)?.read(read::OID)?)?;
        let Some((0, signature)) = basic.read(read::BIT_STRING)?.split_first() else {
            return Err(OcspError::Malformed);
        };
        let mut certificates = Vec::new();
        if let Some(list) = basic.optional(0xa0)? {
            let mut list = Reader::new(read::only(list, read::SEQUENCE)?);
            while !list.is_empty() {
                certificates.push(list.raw(read::SEQUENCE)?);
            }
        }
        basic.end()?;
        Ok(Self { tbs, algorithm, signature, certificates })
    }
}

/// Who says that he signed.
enum ResponderId<'a> {
    Name(&'a [u8]),
    KeyHash(&'a [u8]),
}

/// ResponseData.
struct Data<'a> {
    responder: ResponderId<'a>,
    responses: &'a [u8],
    extensions: Option<&'a [u8]>,
}

impl<'a> Data<'a> {
    fn read(tbs: &'a [u8]) -> Result<Self, OcspError> {
        let mut data = Reader::new(read::only(tbs, read::SEQUENCE)?);
        if data.optional(0xa0)?.is_some_and(|version| version != [read::INTEGER, 1, 0]) {
            return Err(OcspError::Malformed);
        }
        let responder = data.any()?;
        let responder = match responder.tag {
            0xa1 => ResponderId::Name(responder.content),
            0xa2 => ResponderId::KeyHash(read::only(responder.content, read::OCTET_STRING)?),
            _ => return Err(OcspError::Malformed),
        };
        data.time()?;
        let responses = data.read(read::SEQUENCE)?;
        let extensions = data.optional(0xa1)?.map(|list| read::only(list, read::SEQUENCE)).transpose()?;
        data.end()?;
        Ok(Self { responder, responses, extensions })
    }
}
