//! Certificate revocation lists (RFC 5280 §5), read in one pass into a compact form: 24 bytes an entry, whatever the list
//! says beside it. What is not understood is refused: a list that is read wrongly lets revoked cards pass.
//!
//! The issuer is found by authority key id: the government's authorities of all generations share one name. The
//! signature is checked before an entry is looked at.

use chrono::DateTime;
use kernel::{Instant, canonical};
use rustls_pki_types::CertificateRevocationListDer;
use rustls_pki_types::pem::PemObject as _;

use crate::certificate::Certificate;
use crate::chain::{Purpose, TrustAnchors};
use crate::der::read::{self, BadDer, Extension, Reader};
use crate::signature::x509_scheme;

mod entries;

use entries::Entry;
pub use entries::{Listed, listed};

/// Longest serial number that a certificate may have (RFC 5280 §4.1.2.2).
const SERIAL: usize = 20;

/// `id-ce`: the first two bytes of the extensions' object identifiers.
const CRL_NUMBER: &[u8] = &[0x55, 0x1d, 20];
const DELTA_CRL: &[u8] = &[0x55, 0x1d, 27];
const ISSUING_DISTRIBUTION_POINT: &[u8] = &[0x55, 0x1d, 28];
const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 35];

/// Why a list is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CrlError {
    /// No version 2 list in DER or PEM.
    #[error("not a readable certificate revocation list")]
    Malformed,
    /// The list names no issuer key id: the issuer would have to be guessed by its name.
    #[error("the list names no issuer key id")]
    NoIssuerKeyId,
    /// No authority that is trusted for this purpose has the list's issuer key id and name.
    #[error("the list's issuer is not known here")]
    UnknownIssuer,
    /// The authority's key may not sign lists (RFC 5280 §4.2.1.3, `cRLSign`).
    #[error("the list's issuer may not sign lists")]
    IssuerMayNotSign,
    /// SHA-1, or an algorithm that is not accepted, or two that differ.
    #[error("the list is signed with an algorithm that is not accepted")]
    WeakAlgorithm,
    /// The authority's key did not sign the list.
    #[error("the list's signature is wrong")]
    BadSignature,
    /// Without a number nobody can tell which of two lists is newer.
    #[error("the list has no number")]
    NoNumber,
    /// Without `nextUpdate` nobody can tell when the list is too old.
    #[error("the list does not say when the next one comes")]
    NoNextUpdate,
    /// A delta list: it says only what changed.
    #[error("a delta list")]
    Delta,
    /// An indirect list: it holds certificates of other authorities.
    #[error("an indirect list")]
    Indirect,
    /// A list for some reasons or for attribute certificates alone, or a point that is not named by a URI.
    #[error("the list covers less than is supported")]
    UnsupportedScope,
    /// A critical extension of the list or of an entry that is not understood here.
    #[error("the list has a critical extension that is not understood")]
    UnknownCriticalExtension,
    /// An entry that takes a certificate off the list, which a complete list cannot have.
    #[error("an entry of the list takes a certificate off a list")]
    RemovesEntries,
    /// A newer list is there already.
    #[error("the list is older than the one in use")]
    Older,
    /// Another list with the same number is there already.
    #[error("two lists have the same number")]
    SameNumber,
}

impl CrlError {
    /// The stable code, for logs and counters.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "revocation-list-malformed",
            Self::NoIssuerKeyId => "revocation-list-no-issuer-key-id",
            Self::UnknownIssuer => "revocation-list-unknown-issuer",
            Self::IssuerMayNotSign => "revocation-list-issuer-may-not-sign",
            Self::WeakAlgorithm => "revocation-list-weak-algorithm",
            Self::BadSignature => "revocation-list-bad-signature",
            Self::NoNumber => "revocation-list-no-number",
            Self::NoNextUpdate => "revocation-list-no-next-update",
            Self::Delta => "revocation-list-delta",
            Self::Indirect => "revocation-list-indirect",
            Self::UnsupportedScope => "revocation-list-unsupported-scope",
            Self::UnknownCriticalExtension => "revocation-list-unknown-critical-extension",
            Self::RemovesEntries => "revocation-list-removes-entries",
            Self::Older => "revocation-list-older",
            Self::SameNumber => "revocation-list-same-number",
        }
    }
}

impl From<BadDer> for CrlError {
    fn from(_: BadDer) -> Self {
        Self::Malformed
    }
}

/// Which certificates of its issuer a list covers (RFC 5280 §5.2.5).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Whether it covers people, agencies and servers alone, authorities alone, or (`None`) both.
    pub authorities: Option<bool>,
    /// URIs of the distribution point; a certificate must name one of them. None: every certificate.
    pub points: Vec<String>,
}

impl Scope {
    /// Whether a certificate belongs to it.
    pub fn covers(&self, authority: bool, points: &[String]) -> bool {
        self.authorities.is_none_or(|only| only == authority)
            && (self.points.is_empty() || points.iter().any(|point| self.points.contains(point)))
    }
}

/// A serial number, most significant byte first, filled up with zeros in front.
pub(crate) type Serial = [u8; SERIAL];

/// A serial of at most 20 bytes without what fills it up; none if it is longer.
pub(crate) fn serial(bytes: &[u8]) -> Option<Serial> {
    let mut padded = [0; SERIAL];
    let used = bytes.get(bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len())..)?;
    padded.get_mut(SERIAL.checked_sub(used.len())?..)?.copy_from_slice(used);
    Some(padded)
}

/// A list whose signature was found good. The bytes that it was read from are not kept: [`Crl::digest`] names them.
pub struct Crl {
    issuer_key_id: String,
    number: Serial,
    this_update: Instant,
    next_update: Instant,
    scope: Scope,
    digest: [u8; 32],
    entries: Box<[Entry]>,
}

impl std::fmt::Debug for Crl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crl")
            .field("issuer_key_id", &self.issuer_key_id)
            .field("number", &self.number_hex())
            .field("next_update", &self.next_update)
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

impl Crl {
    /// Reads a complete list in DER or PEM that an authority trusted for `purpose` (or an intermediate below one) signed.
    /// Whether it is still fresh is asked at each use, not here.
    pub fn read(
        bytes: &[u8],
        anchors: &TrustAnchors,
        purpose: Purpose,
        now: Instant,
    ) -> Result<Self, CrlError> {
        let decoded;
        let der = if is_pem(bytes) {
            decoded = to_der(bytes.to_vec())?;
            &decoded
        } else {
            bytes
        };
        let outer = Outer::read(der)?;
        let inner = Inner::read(&outer)?;
        let candidates = anchors.authorities(purpose, inner.key_id, inner.issuer, now);
        let issuer = issuer(&outer, &candidates)?;
        Ok(Self {
            issuer_key_id: issuer.key_id(),
            number: inner.number,
            this_update: inner.this_update,
            next_update: inner.next_update,
            entries: entries::read(inner.revoked)?,
            scope: inner.scope,
            digest: canonical::sha256(der),
        })
    }

    /// When the certificate with this serial (hexadecimal) was revoked, if it was. Certificates on hold count as revoked
    /// as long as they are listed.
    pub fn revoked_since(&self, serial_hex: &str) -> Option<Instant> {
        let serial = serial(&hex::decode(serial_hex).ok()?)?;
        let place = self.entries.binary_search_by_key(&serial, |entry| entry.serial).ok()?;
        self.entries.get(place).map(|entry| moment(entry.since))
    }

    /// Key id of the issuer, hexadecimal in upper case.
    pub fn issuer_key_id(&self) -> &str {
        &self.issuer_key_id
    }

    /// The list's number, hexadecimal without leading zeros.
    pub fn number_hex(&self) -> String {
        let text = hex::encode(self.number);
        let used = text.trim_start_matches('0');
        if used.is_empty() { "0".to_owned() } else { used.to_owned() }
    }

    /// When it was made.
    pub fn this_update(&self) -> Instant {
        self.this_update
    }

    /// When the next one is to be there at the latest.
    pub fn next_update(&self) -> Instant {
        self.next_update
    }

    /// Which certificates of its issuer it covers.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// SHA-256 of its DER.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Revoked certificates: serial (hexadecimal in upper case) and moment, by serial.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (String, Instant)> {
        self.entries.iter().map(|entry| (hex::encode_upper(entry.serial), moment(entry.since)))
    }

    /// Bytes of memory that it takes.
    pub fn size(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.entries)
    }

    /// Whether it may take the place of `used`, a list of the same issuer and scope: numbers never go backwards.
    pub(crate) fn may_follow(&self, used: &Self) -> Result<(), CrlError> {
        match self.number.cmp(&used.number) {
            std::cmp::Ordering::Less => Err(CrlError::Older),
            std::cmp::Ordering::Equal if self.digest != used.digest => Err(CrlError::SameNumber),
            _ if self.this_update < used.this_update => Err(CrlError::Older),
            _ => Ok(()),
        }
    }
}

fn is_pem(bytes: &[u8]) -> bool {
    bytes.starts_with(b"-----")
}

/// A list in DER or PEM as DER.
pub(crate) fn to_der(bytes: Vec<u8>) -> Result<Vec<u8>, CrlError> {
    if !is_pem(&bytes) {
        return Ok(bytes);
    }
    let der = CertificateRevocationListDer::from_pem_slice(&bytes).map_err(|_| CrlError::Malformed)?;
    Ok(der.to_vec())
}

/// SHA-256 of the DER of a list in DER or PEM.
pub fn digest(bytes: &[u8]) -> Result<[u8; 32], CrlError> {
    if is_pem(bytes) {
        return Ok(canonical::sha256(&to_der(bytes.to_vec())?));
    }
    Ok(canonical::sha256(bytes))
}

fn moment(seconds: u32) -> Instant {
    DateTime::from_timestamp(i64::from(seconds), 0).unwrap_or_default()
}

/// `CertificateList`: what is signed, how, and the signature.
struct Outer<'a> {
    tbs: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Outer<'a> {
    fn read(der: &'a [u8]) -> Result<Self, CrlError> {
        let mut list = Reader::new(read::only(der, read::SEQUENCE)?);
        let tbs = list.raw(read::SEQUENCE)?;
        let algorithm = list.raw(read::SEQUENCE)?;
        let signature = list.read(read::BIT_STRING)?;
        list.end()?;
        let Some((0, signature)) = signature.split_first().map(|(unused, rest)| (*unused, rest)) else {
            return Err(CrlError::Malformed);
        };
        Ok(Self { tbs, algorithm, signature })
    }
}

/// `TBSCertList`, its entries not read yet.
struct Inner<'a> {
    issuer: &'a [u8],
    key_id: &'a [u8],
    this_update: Instant,
    next_update: Instant,
    number: Serial,
    scope: Scope,
    revoked: &'a [u8],
}

impl<'a> Inner<'a> {
    fn read(outer: &Outer<'a>) -> Result<Self, CrlError> {
        let mut tbs = Reader::new(read::only(outer.tbs, read::SEQUENCE)?);
        // Version 1 has no extensions, so neither number nor key id.
        if tbs.optional(read::INTEGER)? != Some(&[1]) {
            return Err(CrlError::Malformed);
        }
        if tbs.raw(read::SEQUENCE)? != outer.algorithm {
            return Err(CrlError::WeakAlgorithm);
        }
        let issuer = tbs.raw(read::SEQUENCE)?;
        let this_update = tbs.time()?;
        let next_update = tbs.time().map_err(|_| CrlError::NoNextUpdate)?;
        let revoked = tbs.optional(read::SEQUENCE)?.unwrap_or_default();
        let extensions = read::only(tbs.optional(0xa0)?.ok_or(CrlError::NoIssuerKeyId)?, read::SEQUENCE)?;
        tbs.end()?;
        let (mut key_id, mut number, mut scope) = (None, None, Scope::default());
        for Extension { oid, critical, value } in read::extensions(extensions)? {
            match oid {
                AUTHORITY_KEY_ID => {
                    key_id = Reader::new(read::only(value, read::SEQUENCE)?).optional(0x80)?;
                }
                CRL_NUMBER => number = serial(read::only(value, read::INTEGER)?),
                DELTA_CRL => return Err(CrlError::Delta),
                ISSUING_DISTRIBUTION_POINT => scope = read_scope(value)?,
                _ if critical => return Err(CrlError::UnknownCriticalExtension),
                _ => {}
            }
        }
        Ok(Self {
            issuer,
            key_id: key_id.ok_or(CrlError::NoIssuerKeyId)?,
            this_update,
            next_update,
            number: number.ok_or(CrlError::NoNumber)?,
            scope,
            revoked,
        })
    }
}

/// The candidate whose key signed the list.
fn issuer<'c>(
    outer: &Outer<'_>,
    candidates: &'c [std::sync::Arc<Certificate>],
) -> Result<&'c Certificate, CrlError> {
    let oid = read::dotted(Reader::new(read::only(outer.algorithm, read::SEQUENCE)?).read(read::OID)?)?;
    let mut failure = CrlError::UnknownIssuer;
    for candidate in candidates {
        if candidate.key_usage.is_some_and(|usage| !usage.crl_sign) {
            failure = CrlError::IssuerMayNotSign;
            continue;
        }
        let Some(scheme) = x509_scheme(&oid, &candidate.public_key) else {
            failure = CrlError::WeakAlgorithm;
            continue;
        };
        if candidate.public_key.verify_with(scheme, outer.tbs, outer.signature).is_ok() {
            return Ok(candidate);
        }
        failure = CrlError::BadSignature;
    }
    Err(failure)
}

/// IssuingDistributionPoint (RFC 5280 §5.2.5).
fn read_scope(value: &[u8]) -> Result<Scope, CrlError> {
    let mut fields = Reader::new(read::only(value, read::SEQUENCE)?);
    let mut scope = Scope::default();
    while !fields.is_empty() {
        let field = fields.any()?;
        match (field.tag, field.content) {
            (0xa0, name) => scope.points = uris(name)?,
            (0x81, [0xff]) if scope.authorities.is_none() => scope.authorities = Some(false),
            (0x82, [0xff]) if scope.authorities.is_none() => scope.authorities = Some(true),
            (0x84, [0xff]) => return Err(CrlError::Indirect),
            (0x81 | 0x82 | 0x84 | 0x85, [0]) => {}
            _ => return Err(CrlError::UnsupportedScope),
        }
    }
    Ok(scope)
}

/// The URIs of a DistributionPointName, which must be a full name with at least one.
fn uris(name: &[u8]) -> Result<Vec<String>, CrlError> {
    let mut names = Reader::new(read::only(name, 0xa0).map_err(|_| CrlError::UnsupportedScope)?);
    let mut uris = Vec::new();
    while !names.is_empty() {
        let name = names.any()?;
        if name.tag == 0x86 {
            uris.push(std::str::from_utf8(name.content).map_err(|_| CrlError::Malformed)?.to_owned());
        }
    }
    if uris.is_empty() { Err(CrlError::UnsupportedScope) } else { Ok(uris) }
}
