//! The seam for revocation: CRLs, OCSP answers, or a list in memory.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use kernel::Instant;

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
    /// The source cannot tell (list stale, responder down): the chain is refused.
    Unknown,
}

/// Tells whether a certificate is revoked. Asked on every use, also when the chain itself is cached: answers come
/// from memory.
pub trait RevocationSource: Send + Sync + 'static {
    /// Status at `at` of the certificate `serial` (hexadecimal) of the issuer with key id `issuer_key_id`
    /// (hexadecimal), both in upper case.
    fn status(&self, issuer_key_id: &str, serial: &str, at: Instant) -> RevocationStatus;
}

/// Nothing is ever revoked.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoRevocation;

impl RevocationSource for NoRevocation {
    fn status(&self, _issuer_key_id: &str, _serial: &str, _at: Instant) -> RevocationStatus {
        RevocationStatus::Good
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
    fn status(&self, issuer_key_id: &str, serial: &str, at: Instant) -> RevocationStatus {
        let revoked = self.revoked.read().unwrap_or_else(PoisonError::into_inner);
        match revoked.get(&(issuer_key_id.to_owned(), serial.to_owned())) {
            Some(since) if *since <= at => RevocationStatus::Revoked { since: *since },
            _ => RevocationStatus::Good,
        }
    }
}
