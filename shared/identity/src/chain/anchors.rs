//! Who is trusted, and for what.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::Instant;

use super::{ChainError, Purpose, Search, check_each};
use crate::certificate::{Certificate, Profile};
use crate::revocation::{NoRevocation, RevocationSource};

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

    pub(super) fn for_purpose(&self, purpose: Purpose) -> &[Arc<Certificate>] {
        self.anchors.get(&purpose).map_or(&[], Vec::as_slice)
    }

    pub(super) fn intermediates(&self) -> &[Arc<Certificate>] {
        &self.intermediates
    }

    /// The profile of object identifiers.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    pub(super) fn revocation(&self) -> &dyn RevocationSource {
        &*self.revocation
    }

    /// Key ids (hexadecimal in upper case) of the anchors for `purpose` and of the intermediates below them.
    pub fn key_ids(&self, purpose: Purpose, at: Instant) -> Vec<String> {
        let anchors = self.for_purpose(purpose).iter();
        anchors.chain(self.below(purpose, at)).map(|authority| authority.key_id()).collect()
    }

    /// The authorities with this key id and name (DER) that are trusted for `purpose`, or stand below one that is.
    pub(crate) fn authorities(
        &self,
        purpose: Purpose,
        key_id: &[u8],
        name: &[u8],
        at: Instant,
    ) -> Vec<Arc<Certificate>> {
        let anchors = self.for_purpose(purpose).iter().filter(|anchor| check_each(anchor, at).is_ok());
        anchors
            .chain(self.below(purpose, at))
            .filter(|authority| authority.subject_key_id.as_deref() == Some(key_id))
            .filter(|authority| authority.subject_dn == name)
            .cloned()
            .collect()
    }

    /// The trusted authority that signed `certificate`.
    pub fn issuer_of(
        &self,
        certificate: &Certificate,
        purpose: Purpose,
        at: Instant,
    ) -> Option<Arc<Certificate>> {
        let key_id = certificate.authority_key_id.as_deref()?;
        let candidates = self.authorities(purpose, key_id, &certificate.issuer_dn, at);
        candidates.into_iter().find(|issuer| certificate.is_signed_by(issuer).is_ok())
    }

    fn below(&self, purpose: Purpose, at: Instant) -> impl Iterator<Item = &Arc<Certificate>> {
        self.intermediates.iter().filter(move |authority| {
            let mut search = Search::new(self.for_purpose(purpose), &self.intermediates, at);
            authority.is_ca && search.climb(authority, 0).is_ok()
        })
    }
}
