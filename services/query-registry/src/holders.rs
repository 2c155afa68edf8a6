//! Who holds copies of the logs' heads: the outside witnesses and the audit service. They are asked before a log goes on from
//! a head that this process did not write.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chassis::keys::KeyRing;
use chassis::{Context, configuration};
use kernel::configuration::{ConfigurationItem, ConfigurationKind};
use kernel::{Clock, days};
use query_log::{AnchorError, Anchors, Ending, Head, key_digest};
use serde::Deserialize;
use transparency::checkpoint::Checkpoint;
use transparency::note::Verifier;

use crate::witnesses::Witness;

/// Longest time that the audit service may take: the sequencer waits no longer for all of them.
const PATIENCE: Duration = Duration::from_secs(4);

/// All of them.
pub struct Holders {
    pub witnesses: Vec<Arc<Witness>>,
    /// The audit service, where the settings say where it is.
    pub audit: Option<AuditService>,
    /// Where it is known what two administrators approved.
    pub context: Context,
}

/// Why somebody's copy cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum NoCopy {
    #[error("it does not answer")]
    Away(#[source] reqwest::Error),
    #[error("it answers {0}")]
    Refused(u16),
    #[error("it shows a checkpoint that the log did not sign")]
    Foreign,
    #[error("no token for it")]
    Token(#[from] identity::TokenError),
}

#[async_trait]
impl Anchors for Holders {
    async fn known(&self, log: &str, key: &Verifier) -> Result<Vec<Head>, AnchorError> {
        let witnesses = self.witnesses.iter().map(async |witness| (witness.name(), witness.last(key).await));
        let audit = self.audit.iter().map(async |audit| ("audit-sampling", audit.last(log, key).await));
        let (mut answers, of_audit) =
            tokio::join!(futures::future::join_all(witnesses), futures::future::join_all(audit));
        answers.extend(of_audit);
        let mut heads = vec![];
        let mut silent = 0;
        for (name, answer) in &answers {
            match answer {
                Ok(Some(read)) => {
                    heads.push(Head { log: log.to_owned(), size: read.size, root_hash: read.root });
                }
                Ok(None) => {}
                Err(error) => {
                    silent += 1;
                    tracing::warn!(log, holder = name, ?error, "a copy of the log's head cannot be had");
                }
            }
        }
        // The audit service alone is no witness: a suite that starts from nothing starts in any order.
        if !self.witnesses.is_empty() && silent == answers.len() {
            return Err(AnchorError("neither witness nor audit service".to_owned()));
        }
        Ok(heads)
    }

    async fn accepts(&self, ending: &Ending, key: &Verifier) -> bool {
        let (kind, name, digest) = if ending.lost() > 0 {
            (ConfigurationKind::LogLoss, ending.log.clone(), ending.digest())
        } else {
            (ConfigurationKind::LogKey, ending.successor(), key_digest(key).to_string())
        };
        let effective_on = days::taipei_date(self.context.now());
        let item = ConfigurationItem { kind, name, digest, effective_on };
        configuration::is_approved(&self.context, &item).await.unwrap_or_else(|error| {
            tracing::warn!(log = ending.log, ?error, "whether the ending of a log was accepted is not known");
            false
        })
    }
}

/// The audit service, which keeps its own copy of every checkpoint.
pub struct AuditService {
    url: String,
    audience: String,
    keys: Arc<KeyRing>,
    clock: Arc<dyn Clock>,
}

#[derive(Deserialize)]
struct KeptCheckpoint {
    note: String,
}

impl AuditService {
    /// The one that the settings name.
    pub fn of(context: &Context) -> Option<Self> {
        let settings = context.settings();
        Some(Self {
            url: settings.services.get("audit-sampling")?.trim_end_matches('/').to_owned(),
            audience: settings.identity.audience.clone(),
            keys: context.key_ring(),
            clock: context.clock(),
        })
    }

    /// The largest checkpoint that it keeps.
    async fn last(&self, log: &str, key: &Verifier) -> Result<Option<Checkpoint>, NoCopy> {
        let path = format!("/v1/checkpoints/{log}/latest");
        let keys = self.keys.present();
        let token = keys.signer.token(&self.audience, self.clock.now(), "GET", &path)?;
        let request = keys.http.get(format!("{}{path}", self.url)).bearer_auth(token).timeout(PATIENCE);
        let response = request.send().await.map_err(away)?;
        match response.status().as_u16() {
            200 => opened(&response.json::<KeptCheckpoint>().await.map_err(away)?.note, key).map(Some),
            404 => Ok(None),
            other => Err(NoCopy::Refused(other)),
        }
    }
}

/// The head that a note says, if the log signed it.
pub fn opened(note: &str, key: &Verifier) -> Result<Checkpoint, NoCopy> {
    let opened = Checkpoint::open(note, std::slice::from_ref(key)).map_err(|_| NoCopy::Foreign)?;
    if opened.origin == key.name() { Ok(opened) } else { Err(NoCopy::Foreign) }
}

pub fn away(error: reqwest::Error) -> NoCopy {
    NoCopy::Away(error.without_url())
}
