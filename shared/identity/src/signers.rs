//! Whose tokens are seen again and again. Every token of a signer begins with the same header, which holds its chain and
//! is most of the token: what it says is found out once, and its text is compared from then on; nor is it hashed again.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::digest::Context;

use crate::cache::Key;
use crate::chain::VerifiedPath;
use crate::signature::ReadyKey;

/// Signers that are remembered: the services of a suite and their certificates of before the last renewal.
const REMEMBERED: usize = 32;

/// A signer who has signed a token that was found good.
pub struct Signer {
    header: String,
    /// What has taken in the header and the dot behind it.
    begun: Context,
    /// Whether the header is that of access tokens; else of services' own.
    pub is_access: bool,
    /// The chain; its validity and revocation are asked for at each use.
    pub path: Arc<VerifiedPath>,
    /// The key.
    pub key: ReadyKey,
}

impl Signer {
    /// What has taken in the header, the dot and `rest`: a token or its signing input.
    pub fn hash(&self, rest: &str) -> Context {
        let mut context = self.begun.clone();
        context.update(rest.as_bytes());
        context
    }

    /// Names a token of this signer by what stands behind the header: no two tokens have one name, as the header is in it.
    pub fn name(&self, rest: &str) -> Key {
        let mut name = [0; 32];
        // A longer digest cut to 32 bytes is as hard to meet twice.
        name.iter_mut().zip(self.hash(rest).finish().as_ref()).for_each(|(to, from)| *to = *from);
        name
    }
}

/// The signers that are known.
#[derive(Default)]
pub struct Signers {
    known: RwLock<VecDeque<Arc<Signer>>>,
}

impl Signers {
    /// The signer whose tokens begin with `header`.
    pub fn find(&self, header: &str) -> Option<Arc<Signer>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|signer| signer.header == header).cloned()
    }

    /// Remembers a signer, once a signature of his was found good: nobody else can fill this up.
    pub fn remember(
        &self,
        header: &str,
        is_access: bool,
        path: Arc<VerifiedPath>,
        key: ReadyKey,
    ) -> Arc<Signer> {
        let mut begun = key.hasher();
        begun.update(header.as_bytes());
        begun.update(b".");
        let signer = Arc::new(Signer { header: header.to_owned(), begun, is_access, path, key });
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.pop_back();
        }
        known.push_front(signer.clone());
        signer
    }
}
