//! Whose tokens are seen again and again. Every token of a signer begins with the same header, which holds its chain and
//! is most of the token: what it says is found out once, and its text is compared from then on; nor is it hashed again.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::digest::{Context, Digest};

use crate::chain::VerifiedPath;
use crate::signature::ReadyKey;

/// Signers that are remembered: the services of a suite and their certificates of before the last renewal.
const REMEMBERED: usize = 32;

/// A signer who has signed a token that was found good.
pub struct Signer {
    /// The header with the dot behind it.
    beginning: String,
    /// What has taken that in.
    begun: Context,
    /// Whether the header is that of access tokens; else of services' own.
    pub is_access: bool,
    /// The chain; its validity and revocation are asked for at each use.
    pub path: Arc<VerifiedPath>,
    /// The key.
    pub key: ReadyKey,
}

impl Signer {
    /// The digest of the signing input whose second part is `payload`.
    pub fn digest(&self, payload: &str) -> Digest {
        let mut context = self.begun.clone();
        context.update(payload.as_bytes());
        context.finish()
    }
}

/// The signers that are known.
#[derive(Default)]
pub struct Signers {
    known: RwLock<VecDeque<Arc<Signer>>>,
}

impl Signers {
    /// The signer whose header `token` begins with, and what stands behind its dot.
    pub fn find<'t>(&self, token: &'t str) -> Option<(Arc<Signer>, &'t str)> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().find_map(|signer| {
            let rest = token.strip_prefix(&signer.beginning)?;
            Some((signer.clone(), rest))
        })
    }

    /// Remembers a signer, once a signature of his was found good: nobody else can fill this up.
    pub fn remember(
        &self,
        header: &str,
        is_access: bool,
        path: Arc<VerifiedPath>,
        key: ReadyKey,
    ) -> Arc<Signer> {
        let beginning = format!("{header}.");
        let mut begun = key.hasher();
        begun.update(beginning.as_bytes());
        let signer = Arc::new(Signer { beginning, begun, is_access, path, key });
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.pop_back();
        }
        known.push_front(signer.clone());
        signer
    }
}
