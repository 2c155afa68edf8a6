//! From a certificate to one of the configured roots. The issuer is found by authority key id: the government's
//! authorities of all generations share one name. Every failure has a variant and a stable code of its own.

mod error;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::signature::{self as aws, VerificationAlgorithm};
use kernel::{Instant, Personal, canonical};

use crate::cache::Cache;
use crate::certificate::{Certificate, CertificateIdentity, CertificateKind, Profile, from_x5c, thumbprint};
use crate::revocation::{NoRevocation, RevocationSource, RevocationStatus};
use crate::signature::PublicKey;

pub use error::ChainError;

/// Most certificates that a sender may hand in, and most steps of a path.
const MAX_CERTIFICATES: usize = 6;
/// Most signatures that are checked for one chain, whatever a hostile sender arranges.
const MAX_SIGNATURE_CHECKS: usize = 12;

/// What an anchor is trusted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Cards of natural persons.
    Citizen,
    /// Agency certificates.
    Agency,
    /// Services and servers of the suite.
    Internal,
}

/// What a chain is wanted for: it fixes the anchors, the key usage and the kind of subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Usage {
    /// A login or an endorsement with a citizen card.
    CitizenSignature,
    /// An assertion or an act signed with an agency certificate.
    AgencySignature,
    /// A token or an event signed by a service.
    ServiceSignature,
    /// A TLS server of the suite.
    Server,
    /// A TLS client with an agency certificate.
    AgencyClient,
}

impl Usage {
    /// The anchors that count for this usage.
    pub fn purpose(self) -> Purpose {
        match self {
            Self::CitizenSignature => Purpose::Citizen,
            Self::AgencySignature | Self::AgencyClient => Purpose::Agency,
            Self::ServiceSignature | Self::Server => Purpose::Internal,
        }
    }
}

/// The authorities that are trusted, each for its purpose, with intermediates that senders may leave out (a card
/// hands over its own certificate alone), the profile, and the source of revocations.
#[derive(Clone)]
pub struct TrustAnchors {
    anchors: BTreeMap<Purpose, Vec<Arc<Certificate>>>,
    intermediates: Vec<Arc<Certificate>>,
    profile: Profile,
    revocation: Arc<dyn RevocationSource>,
}

impl Default for TrustAnchors {
    fn default() -> Self {
        Self {
            anchors: BTreeMap::new(),
            intermediates: Vec::new(),
            profile: Profile::default(),
            revocation: Arc::new(NoRevocation),
        }
    }
}

impl std::fmt::Debug for TrustAnchors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let counts: BTreeMap<_, _> =
            self.anchors.iter().map(|(purpose, list)| (purpose, list.len())).collect();
        f.debug_struct("TrustAnchors").field("anchors", &counts).finish_non_exhaustive()
    }
}

impl TrustAnchors {
    /// Trusts nobody yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts the authority with this DER certificate for `purpose`. It need not be a self-signed root.
    pub fn with_anchor(mut self, purpose: Purpose, der: &[u8]) -> Result<Self, ChainError> {
        let certificate = Certificate::parse(der)?;
        if !certificate.is_ca {
            return Err(ChainError::NotAnAuthority);
        }
        self.anchors.entry(purpose).or_default().push(Arc::new(certificate));
        Ok(self)
    }

    /// Adds an intermediate authority that helps to build paths; it is not trusted by itself.
    pub fn with_intermediate(mut self, der: &[u8]) -> Result<Self, ChainError> {
        self.intermediates.push(Arc::new(Certificate::parse(der)?));
        Ok(self)
    }

    /// Takes another profile of object identifiers.
    #[must_use]
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Asks `source` about every certificate of a path below the anchor, on every use.
    #[must_use]
    pub fn with_revocation(mut self, source: Arc<dyn RevocationSource>) -> Self {
        self.revocation = source;
        self
    }

    fn for_purpose(&self, purpose: Purpose) -> &[Arc<Certificate>] {
        self.anchors.get(&purpose).map_or(&[], Vec::as_slice)
    }
}

/// A path that was found good, and what must be asked again on each later use.
#[derive(Debug)]
pub(crate) struct VerifiedPath {
    pub identity: CertificateIdentity,
    links: Vec<(String, String)>,
    not_before: Instant,
    not_after: Instant,
}

impl VerifiedPath {
    /// Validity and revocation at `at`; signatures need no second look.
    pub fn recheck(&self, anchors: &TrustAnchors, at: Instant) -> Result<(), ChainError> {
        if at < self.not_before {
            return Err(ChainError::NotYetValid);
        }
        if at > self.not_after {
            return Err(ChainError::Expired);
        }
        for (issuer_key_id, serial) in &self.links {
            match anchors.revocation.status(issuer_key_id, serial, at) {
                RevocationStatus::Good => {}
                RevocationStatus::Revoked { .. } => return Err(ChainError::Revoked),
                RevocationStatus::Unknown => return Err(ChainError::RevocationUnknown),
            }
        }
        Ok(())
    }
}

/// Verifies `chain` (DER, the leaf first; the rest in any order, the anchor may be missing or present) against the
/// anchors for `usage` at the moment `at`: path by key ids, signatures by accepted algorithms, validity of every
/// certificate, authority flags, path lengths, key usage, kind of subject, policy, revocation (RFC 5280 §6).
pub fn verify_chain(
    chain: &[Vec<u8>],
    anchors: &TrustAnchors,
    at: Instant,
    usage: Usage,
) -> Result<CertificateIdentity, ChainError> {
    verify_path(chain, anchors, at, usage).map(|path| path.identity)
}

pub(crate) fn verify_path(
    chain: &[Vec<u8>],
    anchors: &TrustAnchors,
    at: Instant,
    usage: Usage,
) -> Result<VerifiedPath, ChainError> {
    let (leaf, rest) = chain.split_first().ok_or(ChainError::Empty)?;
    if chain.len() > MAX_CERTIFICATES {
        return Err(ChainError::TooMany);
    }
    let leaf = Certificate::parse(leaf)?;
    let mut known = anchors.intermediates.clone();
    for der in rest {
        known.push(Arc::new(Certificate::parse(der)?));
    }
    check_leaf(&leaf, &anchors.profile, usage)?;
    let mut search = Search { anchors: anchors.for_purpose(usage.purpose()), known: &known, at, checks: 0 };
    let authorities = search.climb(&leaf, 0)?;
    let path = VerifiedPath {
        links: std::iter::once(&leaf)
            .chain(authorities.iter().map(AsRef::as_ref).take(authorities.len() - 1))
            .map(|certificate| (certificate.issuer_key_id(), certificate.serial()))
            .collect(),
        not_before: authorities.iter().fold(leaf.not_before, |latest, ca| latest.max(ca.not_before)),
        not_after: authorities.iter().fold(leaf.not_after, |first, ca| first.min(ca.not_after)),
        identity: identity(leaf, &anchors.profile, usage),
    };
    path.recheck(anchors, at)?;
    Ok(path)
}

/// Depth-first search for a path, with a bound on the work.
struct Search<'a> {
    anchors: &'a [Arc<Certificate>],
    known: &'a [Arc<Certificate>],
    at: Instant,
    checks: usize,
}

impl Search<'_> {
    /// The authorities from the issuer of `certificate` up to an anchor. `below` counts the authorities passed.
    fn climb(&mut self, certificate: &Certificate, below: u32) -> Result<Vec<Arc<Certificate>>, ChainError> {
        check_each(certificate, self.at)?;
        if usize::try_from(below).is_ok_and(|below| below >= MAX_CERTIFICATES) {
            return Err(ChainError::PathTooLong);
        }
        let wanted = certificate.authority_key_id.as_ref().ok_or(ChainError::NoIssuerKeyId)?;
        let issues = |candidate: &&Arc<Certificate>| {
            candidate.subject_key_id.as_ref() == Some(wanted)
                && candidate.subject_dn == certificate.issuer_dn
                && candidate.der != certificate.der
        };
        let mut failure = ChainError::UnknownIssuer;
        for anchor in self.anchors.iter().filter(issues) {
            match self.step(certificate, anchor, below).and_then(|()| check_each(anchor, self.at)) {
                Ok(()) => return Ok(vec![anchor.clone()]),
                Err(error) => failure = error,
            }
        }
        for candidate in self.known.iter().filter(issues) {
            let found = self
                .step(certificate, candidate, below)
                .and_then(|()| self.climb(candidate, below + 1))
                .map(|above| std::iter::once(candidate.clone()).chain(above).collect());
            match found {
                Ok(path) => return Ok(path),
                // A named fault says more than "unknown issuer" further up.
                Err(ChainError::UnknownIssuer) => {}
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    fn step(&mut self, subject: &Certificate, issuer: &Certificate, below: u32) -> Result<(), ChainError> {
        if !issuer.is_ca || issuer.key_usage.is_some_and(|usage| !usage.cert_sign) {
            return Err(ChainError::NotAnAuthority);
        }
        if issuer.path_len.is_some_and(|most| below > most) {
            return Err(ChainError::PathTooLong);
        }
        self.checks += 1;
        if self.checks > MAX_SIGNATURE_CHECKS {
            return Err(ChainError::TooMany);
        }
        let scheme = scheme(subject, &issuer.public_key).ok_or(ChainError::WeakAlgorithm)?;
        issuer
            .public_key
            .verify_with(scheme, subject.tbs(), &subject.signature)
            .map_err(|_| ChainError::BadSignature)
    }
}

/// The accepted schemes: SHA-256 and up, with the issuer's kind of key; the two algorithm fields must agree.
fn scheme(subject: &Certificate, issuer_key: &PublicKey) -> Option<&'static dyn VerificationAlgorithm> {
    if subject.signature_oid != subject.inner_signature_oid {
        return None;
    }
    match (subject.signature_oid.as_str(), issuer_key) {
        ("1.2.840.10045.4.3.2", PublicKey::P256(_)) => Some(&aws::ECDSA_P256_SHA256_ASN1),
        ("1.2.840.10045.4.3.3", PublicKey::P256(_)) => Some(&aws::ECDSA_P256_SHA384_ASN1),
        ("1.2.840.10045.4.3.2", PublicKey::P384(_)) => Some(&aws::ECDSA_P384_SHA256_ASN1),
        ("1.2.840.10045.4.3.3", PublicKey::P384(_)) => Some(&aws::ECDSA_P384_SHA384_ASN1),
        ("1.2.840.113549.1.1.11", PublicKey::Rsa(_)) => Some(&aws::RSA_PKCS1_2048_8192_SHA256),
        ("1.2.840.113549.1.1.12", PublicKey::Rsa(_)) => Some(&aws::RSA_PKCS1_2048_8192_SHA384),
        ("1.2.840.113549.1.1.13", PublicKey::Rsa(_)) => Some(&aws::RSA_PKCS1_2048_8192_SHA512),
        _ => None,
    }
}

/// What holds for every certificate of a path.
fn check_each(certificate: &Certificate, at: Instant) -> Result<(), ChainError> {
    if certificate.unknown_critical {
        return Err(ChainError::UnknownCriticalExtension);
    }
    if at < certificate.not_before {
        return Err(ChainError::NotYetValid);
    }
    if at > certificate.not_after {
        return Err(ChainError::Expired);
    }
    Ok(())
}

/// What holds for the end entity's certificate, by usage.
fn check_leaf(leaf: &Certificate, profile: &Profile, usage: Usage) -> Result<(), ChainError> {
    if leaf.is_ca {
        return Err(ChainError::LeafIsAuthority);
    }
    if !leaf.key_usage.is_some_and(|uses| uses.digital_signature) {
        return Err(ChainError::WrongKeyUsage);
    }
    let has_type = |oid: &String| leaf.directory(&profile.subject_type).any(|found| found == oid);
    let right_type = match usage {
        Usage::CitizenSignature => has_type(&profile.natural_person),
        Usage::AgencySignature | Usage::AgencyClient => profile.agency_types.iter().any(has_type),
        Usage::ServiceSignature | Usage::Server => {
            !leaf.dns_names.is_empty() && leaf.directory(&profile.subject_type).next().is_none()
        }
    };
    if !right_type {
        return Err(ChainError::WrongSubjectType);
    }
    let right_extended = match (usage, leaf.extended) {
        (Usage::Server, Some(uses)) => uses.server || uses.any,
        (Usage::AgencyClient | Usage::ServiceSignature, Some(uses)) => uses.client || uses.any,
        // Only who may be a client may sign as a service: a plain TLS server certificate may not.
        (Usage::Server | Usage::ServiceSignature, None) => false,
        (Usage::CitizenSignature | Usage::AgencySignature | Usage::AgencyClient, _) => true,
    };
    if !right_extended {
        return Err(ChainError::WrongExtendedKeyUsage);
    }
    let needs_policy = matches!(usage.purpose(), Purpose::Citizen | Purpose::Agency);
    if needs_policy && !leaf.policies.contains(&profile.policy) {
        return Err(ChainError::MissingPolicy);
    }
    Ok(())
}

fn identity(leaf: Certificate, profile: &Profile, usage: Usage) -> CertificateIdentity {
    let kind = match usage.purpose() {
        Purpose::Citizen => CertificateKind::Citizen,
        Purpose::Agency => CertificateKind::Agency,
        Purpose::Internal => CertificateKind::Service,
    };
    let last_four = leaf.directory(&profile.last_four).next().map(|text| Personal::new(text.to_owned()));
    let agency_oid = leaf.directory(&profile.agency_oid).next().map(str::to_owned);
    CertificateIdentity {
        kind,
        last_four,
        agency_oid,
        issuer_key_id: leaf.issuer_key_id(),
        certificate_serial: leaf.serial(),
        thumbprint_sha256: thumbprint(&leaf.der),
        not_before: leaf.not_before,
        not_after: leaf.not_after,
        common_name: Personal::new(leaf.common_name),
        serial_number: leaf.subject_serial.map(Personal::new),
        dns_names: leaf.dns_names,
        public_key: leaf.public_key,
    }
}

/// Verifies chains as they travel (`x5c`), remembering those that were good. Validity and revocation are asked
/// again on every use.
pub struct ChainVerifier {
    anchors: TrustAnchors,
    cache: Cache<Arc<VerifiedPath>>,
}

impl std::fmt::Debug for ChainVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChainVerifier").field("anchors", &self.anchors).finish_non_exhaustive()
    }
}

impl ChainVerifier {
    /// A verifier that remembers some thousand chains.
    pub fn new(anchors: TrustAnchors) -> Self {
        Self { anchors, cache: Cache::new(1024) }
    }

    /// The anchors that it trusts.
    pub fn anchors(&self) -> &TrustAnchors {
        &self.anchors
    }

    pub(crate) fn verify_x5c(
        &self,
        x5c: &[String],
        at: Instant,
        usage: Usage,
    ) -> Result<Arc<VerifiedPath>, ChainError> {
        if x5c.len() > MAX_CERTIFICATES {
            return Err(ChainError::TooMany);
        }
        let key = canonical::sha256(format!("{usage:?}\n{}", x5c.join("\n")).as_bytes());
        if let Some(path) = self.cache.get(&key) {
            path.recheck(&self.anchors, at)?;
            return Ok(path);
        }
        let chain = from_x5c(x5c).ok_or(ChainError::Malformed)?;
        let path = Arc::new(verify_path(&chain, &self.anchors, at, usage)?);
        self.cache.put(key, path.clone());
        Ok(path)
    }
}
