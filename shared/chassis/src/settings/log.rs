//! What the service that holds the query log is told of it.

use anyhow::Context as _;
use serde::Deserialize;
use transparency::note::{Algorithm, Verifier};

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// What checkpoints call the logs, with `/` and a log's name behind it: the URL of the logs without scheme (C2SP
    /// tlog-checkpoint). Never changed once witnesses and verifiers know it.
    pub origin: String,
    /// Days after which the last backup of the key store and of the database is gone: until then it gives what was
    /// erased early, and certificates say so.
    pub backup_days: u32,
    /// Who cosigns the logs' checkpoints: outside parties, each with a key of its own.
    pub witnesses: Vec<Witness>,
    /// How many of them must have seen a checkpoint for it to be served as witnessed; all unless told.
    pub quorum: Option<usize>,
}

/// `[[log.witnesses]]`: somebody outside who cosigns (C2SP tlog-witness).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Witness {
    /// Where it takes checkpoints: `/add-checkpoint` is put behind it.
    pub url: String,
    /// The key that verifies its cosignatures (C2SP signed-note, kind 4).
    pub key: String,
}

impl Witness {
    /// Its key.
    pub fn verifier(&self) -> anyhow::Result<Verifier> {
        let key = Verifier::parse(&self.key).with_context(|| format!("log.witnesses: {}", self.key))?;
        let cosigns = key.algorithm() == Algorithm::Cosignature;
        anyhow::ensure!(cosigns, "log.witnesses: {}: not the key of a witness", self.key);
        Ok(key)
    }
}

impl Log {
    /// How many witnesses make a checkpoint count as witnessed.
    pub fn quorum(&self) -> anyhow::Result<usize> {
        let quorum = self.quorum.unwrap_or(self.witnesses.len());
        anyhow::ensure!(quorum <= self.witnesses.len(), "log.quorum: there are fewer witnesses");
        Ok(quorum)
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            origin: "datawarden.example/logs".to_owned(),
            backup_days: 30,
            witnesses: vec![],
            quorum: None,
        }
    }
}
