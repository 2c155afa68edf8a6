//! From a certificate to one of the configured roots. The issuer is found by authority key id: the government's
//! authorities of all generations share one name. Every failure has a variant and a stable code of its own.

mod anchors;
mod error;
mod leaf;

use std::sync::Arc;

use kernel::{Instant, canonical};

use crate::cache::Cache;
use crate::certificate::names::{Names, Verdict};
use crate::certificate::{Certificate, CertificateIdentity, from_x5c};
use crate::revocation::{RevocationEvidence, RevocationQuery, RevocationStatus};

pub use anchors::TrustAnchors;
pub use error::ChainError;
pub(crate) use leaf::check as check_leaf;

/// Most certificates that a sender may hand in, and most steps of a path.
const MAX_CERTIFICATES: usize = 6;
/// Most signatures that are checked for one chain, whatever a hostile sender arranges.
const MAX_SIGNATURE_CHECKS: usize = 12;
/// `anyPolicy` (RFC 5280 §4.2.1.4).
const ANY_POLICY: &str = "2.5.29.32.0";

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

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::Citizen, Self::Agency, Self::Internal];
}

/// What a chain is wanted for: it fixes the anchors, the key usage and the kind of subject.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
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

    /// Whether the certificate must have the profile's policy.
    fn needs_policy(self) -> bool {
        matches!(self.purpose(), Purpose::Citizen | Purpose::Agency)
    }
}

/// A certificate of a path below its anchor, as a source of revocations is asked about it.
#[derive(Debug)]
struct Link {
    authority: bool,
    issuer_key_id: String,
    serial: String,
    points: Vec<String>,
}

impl From<&Certificate> for Link {
    fn from(certificate: &Certificate) -> Self {
        Self {
            authority: certificate.is_ca,
            issuer_key_id: certificate.issuer_key_id(),
            serial: certificate.serial(),
            points: certificate.points.clone(),
        }
    }
}

/// A path that was found good, and what must be asked again on each later use.
#[derive(Debug)]
pub(crate) struct VerifiedPath {
    pub identity: CertificateIdentity,
    purpose: Purpose,
    links: Vec<Link>,
    not_before: Instant,
    not_after: Instant,
}

impl VerifiedPath {
    /// Validity and revocation at `at`; signatures need no second look. Gives what the answers rest on.
    pub fn recheck(
        &self,
        anchors: &TrustAnchors,
        at: Instant,
    ) -> Result<Vec<RevocationEvidence>, ChainError> {
        if at < self.not_before {
            return Err(ChainError::NotYetValid);
        }
        if at > self.not_after {
            return Err(ChainError::Expired);
        }
        let mut evidence = Vec::new();
        for link in &self.links {
            let query = RevocationQuery {
                purpose: self.purpose,
                authority: link.authority,
                issuer_key_id: &link.issuer_key_id,
                serial: &link.serial,
                points: &link.points,
            };
            let answer = anchors.revocation().ask(&query, at);
            match answer.status {
                RevocationStatus::Good => evidence.extend(answer.evidence),
                RevocationStatus::Revoked { .. } => return Err(ChainError::Revoked),
                RevocationStatus::Unknown => return Err(ChainError::RevocationUnknown),
                RevocationStatus::Stale => return Err(ChainError::RevocationStale),
            }
        }
        Ok(evidence)
    }
}

/// Verifies `chain` (DER, the leaf first; the rest in any order, the anchor may be missing or present) against the
/// anchors for `usage` at the moment `at`: path by key ids, signatures by accepted algorithms, validity of every
/// certificate, authority flags, path lengths, name constraints, key usage, kind of subject, policy through the path,
/// revocation (RFC 5280 §6).
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
    let mut known = anchors.intermediates().to_vec();
    for der in rest {
        known.push(Arc::new(Certificate::parse(der)?));
    }
    leaf::check(&leaf, anchors.profile(), usage)?;
    let mut search = Search::new(anchors.for_purpose(usage.purpose()), &known, at);
    let authorities = search.climb(&leaf, 0)?;
    let below_anchor = &authorities[..authorities.len() - 1];
    check_names(&leaf, &authorities)?;
    if usage.needs_policy() && !below_anchor.iter().all(|ca| allows_policy(ca, &anchors.profile().policy)) {
        return Err(ChainError::PolicyNotInPath);
    }
    let mut path = VerifiedPath {
        purpose: usage.purpose(),
        links: std::iter::once(&leaf).chain(below_anchor.iter().map(AsRef::as_ref)).map(Link::from).collect(),
        not_before: authorities.iter().fold(leaf.not_before, |latest, ca| latest.max(ca.not_before)),
        not_after: authorities.iter().fold(leaf.not_after, |first, ca| first.min(ca.not_after)),
        identity: leaf::identity(leaf, anchors.profile(), usage),
    };
    path.identity.evidence = path.recheck(anchors, at)?;
    Ok(path)
}

/// An authority below the anchor that names policies must name the wanted one or `anyPolicy` (RFC 5280 §6.1.3 d).
fn allows_policy(authority: &Certificate, wanted: &str) -> bool {
    let policies = &authority.policies;
    policies.is_empty() || policies.iter().any(|policy| policy == wanted || policy == ANY_POLICY)
}

/// Every certificate keeps within the name constraints of all authorities above it; one that an authority issued to itself
/// is left out (RFC 5280 §6.1.3 b, c). `authorities` begin with the leaf's issuer.
fn check_names(leaf: &Certificate, authorities: &[Arc<Certificate>]) -> Result<(), ChainError> {
    for (height, authority) in authorities.iter().enumerate() {
        let Some(constraints) = &authority.constraints else { continue };
        let between = authorities.iter().take(height).map(AsRef::as_ref);
        let others = between.filter(|below| below.subject_dn != below.issuer_dn);
        for below in std::iter::once(leaf).chain(others) {
            let names = Names {
                subject: &below.subject,
                directory: &below.directory_names,
                dns: &below.dns_names,
                ip: &below.ip_addresses,
            };
            match constraints.check(&names) {
                Verdict::Permitted => {}
                Verdict::Refused => return Err(ChainError::NameNotPermitted),
                Verdict::Unsupported => return Err(ChainError::UnsupportedNameConstraint),
            }
        }
    }
    Ok(())
}

/// Depth-first search for a path, with a bound on the work.
struct Search<'a> {
    anchors: &'a [Arc<Certificate>],
    known: &'a [Arc<Certificate>],
    at: Instant,
    checks: usize,
}

impl<'a> Search<'a> {
    fn new(anchors: &'a [Arc<Certificate>], known: &'a [Arc<Certificate>], at: Instant) -> Self {
        Self { anchors, known, at, checks: 0 }
    }

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
        subject.is_signed_by(issuer)
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
