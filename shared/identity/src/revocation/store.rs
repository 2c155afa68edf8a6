//! Lists and OCSP answers in memory, replaced as newer ones come in.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use chrono::Duration;
use kernel::{Instant, canonical};

use super::{RevocationAnswer, RevocationEvidence, RevocationQuery, RevocationSource, RevocationStatus};
use crate::cache::Cache;
use crate::chain::Purpose;
use crate::crl::{Crl, CrlError, serial};
use crate::ocsp::{OcspAnswer, OcspStatus};

/// Most OCSP answers in one generation of the cache: a few thousand officials, some two kilobytes each.
const ANSWERS: usize = 4096;

/// A list in use and the file that holds its DER.
struct Held {
    crl: Crl,
    file: Option<PathBuf>,
}

/// What is known of one list, for metrics and alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListState {
    /// Key id of the issuer, hexadecimal in upper case.
    pub issuer_key_id: String,
    /// Number, hexadecimal.
    pub number: String,
    /// When it was made.
    pub this_update: Instant,
    /// From when on it is too old: its `nextUpdate` and the grace.
    pub stale_from: Instant,
    /// Revoked certificates.
    pub entries: usize,
}

/// Lists by issuer key id and OCSP answers by certificate. For a purpose that requires revocation, silence refuses: no list
/// and no answer, or one past its `nextUpdate` and the grace. For the others silence is no objection, but a certificate
/// that is known to be revoked is refused for every purpose.
///
/// A check as of an earlier moment is decided by the moment of the entry: a card that was revoked later was good then.
pub struct RevocationStore {
    required: BTreeSet<Purpose>,
    grace: Duration,
    lists: RwLock<HashMap<String, Vec<Held>>>,
    answers: Cache<Arc<OcspAnswer>>,
}

impl std::fmt::Debug for RevocationStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RevocationStore")
            .field("required", &self.required)
            .field("lists", &self.states())
            .finish_non_exhaustive()
    }
}

impl RevocationStore {
    /// An empty store: whatever is `required` is refused until lists come in. They are good for `grace` past their
    /// `nextUpdate`.
    pub fn new(required: impl IntoIterator<Item = Purpose>, grace: Duration) -> Self {
        Self {
            required: required.into_iter().collect(),
            grace,
            lists: RwLock::default(),
            answers: Cache::new(ANSWERS),
        }
    }

    fn lists(&self) -> RwLockReadGuard<'_, HashMap<String, Vec<Held>>> {
        self.lists.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a list with this digest is in use.
    pub fn holds(&self, digest: &[u8; 32]) -> bool {
        self.lists().values().flatten().any(|held| held.crl.digest() == *digest)
    }

    /// Whether any list of the authority with this key id is there.
    pub fn has_list_of(&self, issuer_key_id: &str) -> bool {
        self.lists().contains_key(issuer_key_id)
    }

    /// Takes a list in place of the one of the same issuer and scope. `file` holds its bytes, for [`Self::der`].
    ///
    /// # Errors
    /// [`CrlError::Older`] and [`CrlError::SameNumber`]: the one in use stays.
    pub fn put_list(&self, crl: Crl, file: Option<PathBuf>) -> Result<(), CrlError> {
        let mut lists = self.lists.write().unwrap_or_else(PoisonError::into_inner);
        let held = lists.entry(crl.issuer_key_id().to_owned()).or_default();
        match held.iter_mut().find(|held| held.crl.scope() == crl.scope()) {
            Some(used) => {
                crl.may_follow(&used.crl)?;
                *used = Held { crl, file };
            }
            None => held.push(Held { crl, file }),
        }
        Ok(())
    }

    /// Takes an OCSP answer; an older one than is there is left out.
    pub fn put_answer(&self, answer: OcspAnswer) {
        let key = answer_key(&answer.issuer_key_id, &answer.serial);
        if self.answers.get(&key).is_none_or(|used| used.this_update <= answer.this_update) {
            self.answers.put(key, Arc::new(answer));
        }
    }

    /// Whether an OCSP answer about this certificate, taken at most `age` before `at`, is good for use then.
    pub fn has_answer(&self, issuer_key_id: &str, serial: &str, at: Instant, age: Duration) -> bool {
        self.answers
            .get(&answer_key(issuer_key_id, serial))
            .is_some_and(|answer| answer.is_fresh(at) && at - answer.taken_at <= age)
    }

    /// The lists in use, by issuer.
    pub fn states(&self) -> Vec<ListState> {
        let lists = self.lists();
        let mut states: Vec<_> = lists
            .values()
            .flatten()
            .map(|Held { crl, .. }| ListState {
                issuer_key_id: crl.issuer_key_id().to_owned(),
                number: crl.number_hex(),
                this_update: crl.this_update(),
                stale_from: crl.next_update() + self.grace,
                entries: crl.entries().len(),
            })
            .collect();
        states.sort_by(|a, b| a.issuer_key_id.cmp(&b.issuer_key_id));
        states
    }

    /// The purposes for which silence refuses.
    pub fn required(&self) -> impl Iterator<Item = Purpose> {
        self.required.iter().copied()
    }

    /// Bytes of memory that the lists take.
    pub fn size(&self) -> usize {
        self.lists().values().flatten().map(|held| held.crl.size()).sum()
    }

    /// The DER behind a piece of evidence of `certificate`, while it is in use. Lists are read from their files, so this
    /// waits for the disk; none if the file no longer holds that list.
    pub fn der(&self, certificate: &RevocationQuery<'_>, evidence: RevocationEvidence) -> Option<Vec<u8>> {
        match evidence {
            RevocationEvidence::Response(digest) => {
                let answer = self.answers.get(&answer_key(certificate.issuer_key_id, certificate.serial))?;
                (canonical::sha256(&answer.der) == digest).then(|| answer.der.clone())
            }
            RevocationEvidence::List(digest) => self.list_der(&digest),
        }
    }

    /// The DER of the list with this digest, while it is in use: as [`Self::der`].
    pub fn list_der(&self, digest: &[u8; 32]) -> Option<Vec<u8>> {
        let held = |held: &&Held| held.crl.digest() == *digest;
        let file = self.lists().values().flatten().find(held)?.file.clone()?;
        let der = crate::crl::to_der(fs::read(file).ok()?).ok()?;
        (canonical::sha256(&der) == *digest).then_some(der)
    }

    fn by_answer(&self, certificate: &RevocationQuery<'_>, at: Instant) -> Option<RevocationAnswer> {
        let answer = self.answers.get(&answer_key(certificate.issuer_key_id, certificate.serial))?;
        let status = match answer.status {
            // Revoked is for good, however old the answer.
            OcspStatus::Revoked { since } if since <= at => RevocationStatus::Revoked { since },
            _ if !answer.is_fresh(at) => return None,
            OcspStatus::Good | OcspStatus::Revoked { .. } => RevocationStatus::Good,
            OcspStatus::Unknown => RevocationStatus::Unknown,
        };
        let evidence = Some(RevocationEvidence::Response(canonical::sha256(&answer.der)));
        Some(RevocationAnswer { status, evidence })
    }

    fn by_list(&self, certificate: &RevocationQuery<'_>, at: Instant) -> RevocationAnswer {
        let lists = self.lists();
        let mut answer = RevocationAnswer::from(RevocationStatus::Unknown);
        let covering = lists
            .get(certificate.issuer_key_id)
            .into_iter()
            .flatten()
            .filter(|held| held.crl.scope().covers(certificate.authority, certificate.points));
        for Held { crl, .. } in covering {
            let evidence = Some(RevocationEvidence::List(crl.digest()));
            match crl.revoked_since(certificate.serial) {
                Some(since) if since <= at => {
                    return RevocationAnswer { status: RevocationStatus::Revoked { since }, evidence };
                }
                _ if at <= crl.next_update() + self.grace => {
                    answer = RevocationAnswer { status: RevocationStatus::Good, evidence };
                }
                _ if answer.status == RevocationStatus::Unknown => {
                    answer = RevocationAnswer { status: RevocationStatus::Stale, evidence };
                }
                _ => {}
            }
        }
        answer
    }
}

impl RevocationSource for RevocationStore {
    fn ask(&self, certificate: &RevocationQuery<'_>, at: Instant) -> RevocationAnswer {
        let listed = self.by_list(certificate, at);
        let answer = match (listed.status, self.by_answer(certificate, at)) {
            (RevocationStatus::Revoked { .. }, _) | (_, None) => listed,
            (_, Some(answered)) => answered,
        };
        let silent = matches!(answer.status, RevocationStatus::Unknown | RevocationStatus::Stale);
        if silent && !self.required.contains(&certificate.purpose) {
            return RevocationStatus::Good.into();
        }
        // A serial that no list can hold cannot be looked up.
        let too_long = hex::decode(certificate.serial).ok().and_then(|bytes| serial(&bytes)).is_none();
        if too_long && answer.status == RevocationStatus::Good && self.required.contains(&certificate.purpose)
        {
            return RevocationStatus::Unknown.into();
        }
        answer
    }
}

/// Leading zeros of a serial do not make it another one.
fn answer_key(issuer_key_id: &str, serial: &str) -> [u8; 32] {
    canonical::sha256(format!("{issuer_key_id}:{}", serial.trim_start_matches('0')).as_bytes())
}
