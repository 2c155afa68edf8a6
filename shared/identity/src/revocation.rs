//! The seam for revocation: what a chain asks about each of its certificates, and what is answered and proved.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use kernel::Instant;

use crate::chain::Purpose;

mod store;

pub use store::{ListState, RevocationStore};

/// What a source knows of one certificate at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationStatus {
    /// Not revoked at that moment.
    Good,
    /// Revoked at that moment, since `since`.
    Revoked {
        /// The moment of revocation.
        since: Instant,
    },
    /// The source cannot tell: it has no list of this issuer, or the responder does not know the certificate.
    Unknown,
    /// What the source has is too old.
    Stale,
}

/// What an answer rests on: kept with an endorsement, it proves years later that the card was good then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RevocationEvidence {
    /// A certificate revocation list, by the SHA-256 of its DER.
    List([u8; 32]),
    /// An OCSP response, by the SHA-256 of its DER.
    Response([u8; 32]),
}

/// An answer with what it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevocationAnswer {
    /// The status.
    pub status: RevocationStatus,
    /// None where the source keeps no documents, or has none for this certificate.
    pub evidence: Option<RevocationEvidence>,
}

impl From<RevocationStatus> for RevocationAnswer {
    fn from(status: RevocationStatus) -> Self {
        Self { status, evidence: None }
    }
}

/// A certificate that is asked about.
#[derive(Debug, Clone, Copy)]
pub struct RevocationQuery<'a> {
    /// What the chain is wanted for.
    pub purpose: Purpose,
    /// Whether it is an authority's certificate.
    pub authority: bool,
    /// Key id of the issuer, hexadecimal in upper case.
    pub issuer_key_id: &'a str,
    /// Serial, hexadecimal in upper case.
    pub serial: &'a str,
    /// URIs of its distribution points of lists.
    pub points: &'a [String],
}

/// Tells whether a certificate is revoked. Asked on every use, also when the chain itself is cached: answers come
/// from memory.
pub trait RevocationSource: Send + Sync + 'static {
    /// What is known of `certificate` at `at`.
    fn ask(&self, certificate: &RevocationQuery<'_>, at: Instant) -> RevocationAnswer;
}

/// Nothing is ever revoked.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoRevocation;

impl RevocationSource for NoRevocation {
    fn ask(&self, _certificate: &RevocationQuery<'_>, _at: Instant) -> RevocationAnswer {
        RevocationStatus::Good.into()
    }
}

/// A list in memory, filled by whoever learns of revocations.
#[derive(Debug, Default)]
pub struct RevocationList {
    revoked: RwLock<HashMap<(String, String), Instant>>,
}

impl RevocationList {
    /// Notes a revocation; the earlier moment stays if it is noted twice.
    pub fn revoke(&self, issuer_key_id: &str, serial: &str, since: Instant) {
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        let entry = revoked.entry((issuer_key_id.to_owned(), serial.to_owned())).or_insert(since);
        *entry = since.min(*entry);
    }
}

impl RevocationSource for RevocationList {
    fn ask(&self, certificate: &RevocationQuery<'_>, at: Instant) -> RevocationAnswer {
        let revoked = self.revoked.read().unwrap_or_else(PoisonError::into_inner);
        let key = (certificate.issuer_key_id.to_owned(), certificate.serial.to_owned());
        match revoked.get(&key) {
            Some(since) if *since <= at => RevocationStatus::Revoked { since: *since }.into(),
            _ => RevocationStatus::Good.into(),
        }
    }
}
