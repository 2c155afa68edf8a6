//! Whose tokens are seen again and again. Every token of a signer begins with the same header, which holds its chain and
//! is most of the token: what it says is found out once, and its text is compared from then on.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::digest::{Context, SHA256};

use crate::cache::Key;
use crate::chain::VerifiedPath;
use crate::signature::ReadyKey;

/// Signers that are remembered: the services of a suite and their certificates of before the last renewal.
const REMEMBERED: usize = 32;

/// A signer who has signed a token that was found good.
pub struct Signer {
    number: u64,
    header: String,
    /// Whether the header is that of access tokens; else of services' own.
    pub is_access: bool,
    /// The chain; its validity and revocation are asked for at each use.
    pub path: Arc<VerifiedPath>,
    /// The key.
    pub key: ReadyKey,
}

impl Signer {
    /// Names a token of this signer by what stands behind the header.
    pub fn name(&self, rest: &str) -> Key {
        let mut context = Context::new(&SHA256);
        context.update(&self.number.to_be_bytes());
        context.update(rest.as_bytes());
        let mut name = [0; 32];
        name.copy_from_slice(context.finish().as_ref());
        name
    }
}

/// The signers that are known.
#[derive(Default)]
pub struct Signers {
    known: RwLock<VecDeque<Arc<Signer>>>,
    /// A number is never given again, so that no token is taken for one of a signer who was forgotten.
    numbers: AtomicU64,
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
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let signer = Arc::new(Signer { number, header: header.to_owned(), is_access, path, key });
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.pop_back();
        }
        known.push_front(signer.clone());
        signer
    }
}
