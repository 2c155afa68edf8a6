//! Who the logs are to the outside: their origins, and the keys that sign their checkpoints.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use transparency::note::Signer;

use crate::error::LogError;
use crate::keys::KeyStore;
use crate::standing::{Anchors, Signed};
use crate::succession::Ending;

/// Signs for the logs under one prefix.
pub(crate) struct Authority {
    prefix: String,
    keys: Arc<dyn KeyStore>,
    signers: RwLock<HashMap<String, Arc<Signer>>>,
    pub signed: Signed,
    pub anchors: Arc<dyn Anchors>,
    /// How many witnesses make a checkpoint count as witnessed.
    pub quorum: usize,
}

impl Authority {
    pub fn new(prefix: &str, keys: Arc<dyn KeyStore>, anchors: Arc<dyn Anchors>, quorum: usize) -> Self {
        let signed = Signed::default();
        Self { prefix: prefix.to_owned(), keys, signers: RwLock::default(), signed, anchors, quorum }
    }

    /// The name of the log in checkpoints (C2SP tlog-checkpoint): a URL without scheme.
    pub fn origin(&self, log: &str) -> String {
        format!("{}/{log}", self.prefix)
    }

    /// Whether two persons accepted that the log ended so.
    pub async fn accepts(&self, ending: &Ending) -> Result<bool, LogError> {
        let signer = self.signer(&ending.successor()).await?;
        Ok(self.anchors.accepts(ending, signer.verifier()).await)
    }

    /// Signs checkpoints of `log`. The key is asked for once: it is no month's, and stays.
    pub async fn signer(&self, log: &str) -> Result<Arc<Signer>, LogError> {
        if let Some(signer) = self.signers.read().unwrap_or_else(PoisonError::into_inner).get(log) {
            return Ok(Arc::clone(signer));
        }
        let seed = self.keys.signing_seed(log).await?;
        let signer = Signer::new(&self.origin(log), &seed).map_err(|_| LogError::Malformed)?;
        let mut signers = self.signers.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(signers.entry(log.to_owned()).or_insert(Arc::new(signer))))
    }
}
