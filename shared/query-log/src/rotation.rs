//! A new key for a log's checkpoints: an entry of the log names the key, under its own, the log ends, and its successor signs
//! with the new one. So a key signs for one log alone, and each log has one key for ever.

use std::ops::ControlFlow;

use chrono::TimeDelta;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Text, Timestamptz};
use diesel_async::RunQueryDsl as _;
use kernel::canonical;
use statement::statement;
use transparency::Hash;
use transparency::note::Verifier;

use crate::KEY_ROTATION;
use crate::entry::NewEntry;
use crate::error::LogError;
use crate::expiry::refused;
use crate::header::{Header, Kind};
use crate::log::QueryLog;
use crate::reading::signed;
use crate::succession::successor;

/// Digest of a rotation's entry: SHA-256 of the successor's public key.
pub(crate) const NEXT_KEY: &str = "next-key";

/// SHA-256 of a log's public key: what names it in the entry, and what two persons accept.
pub fn key_digest(key: &Verifier) -> Hash {
    Hash(canonical::sha256(key.public_key()))
}

#[derive(QueryableByName)]
struct SeenRow {
    #[diesel(sql_type = Bool)]
    seen: bool,
}

impl QueryLog {
    /// The key that the successor of `log` signs with, or would; it is made when it is first asked for.
    pub async fn next_key(&self, log: &str) -> Result<Verifier, LogError> {
        self.handle(log)?;
        Ok(self.inner.authority.signer(&successor(log)).await?.verifier().clone())
    }

    /// Ends `log`, so that its successor signs with [`Self::next_key`]; two persons must have accepted that key. Before it signs,
    /// the quorum of witnesses has seen the entry that names it under the key before. False: not yet, to be called again.
    /// May be repeated after a failure midway.
    pub async fn rotate(&self, log: &str) -> Result<bool, LogError> {
        if self.ending(log).is_some() {
            return Ok(true);
        }
        let key = self.next_key(log).await?;
        let named = self.name_next_key(log, &key).await?;
        self.publish(log).await?;
        if !self.is_witnessed(log, named).await? {
            return Ok(false);
        }
        let retire = statement("SELECT log_retire($1, $2, $3)")
            .bind::<Text, _>(log)
            .bind::<Text, _>(successor(log))
            .bind::<Timestamptz, _>(self.now());
        let done = retire.execute(&mut self.connection().await?).await;
        done.map(drop).map_err(refused)?;
        self.succeed().await?;
        Ok(true)
    }

    /// The index of the entry that names the key, which is appended unless it is there.
    async fn name_next_key(&self, log: &str, key: &Verifier) -> Result<u64, LogError> {
        let digest = key_digest(key);
        let named = |header: Header| {
            let names = header.action.as_deref() == Some(KEY_ROTATION);
            let it = names && header.digests.get(NEXT_KEY) == Some(&digest);
            if it { ControlFlow::Break(header.index) } else { ControlFlow::Continue(()) }
        };
        // Named again when witnesses stayed away for a week: better than reading a log of years every few seconds.
        if let Some(index) = self.acts_since(log, self.now() - TimeDelta::days(7), named).await? {
            return Ok(index);
        }
        let entry = NewEntry {
            action: Some(KEY_ROTATION.to_owned()),
            digests: [(NEXT_KEY.to_owned(), digest)].into(),
            ..NewEntry::new(Kind::Governance, self.now())
        };
        Ok(self.append(log, entry).await?.index)
    }

    /// Whether the quorum has seen a published checkpoint over the entry at `index`.
    async fn is_witnessed(&self, log: &str, index: u64) -> Result<bool, LogError> {
        let row: SeenRow = statement(
            "SELECT EXISTS (SELECT FROM log_checkpoints c WHERE log = $1 AND size > $2 AND (SELECT count(*) \
             FROM log_cosignatures s WHERE s.log = c.log AND s.size = c.size) >= $3) AS seen",
        )
        .bind::<Text, _>(log)
        .bind::<BigInt, _>(signed(index))
        .bind::<BigInt, _>(i64::try_from(self.inner.authority.quorum).unwrap_or(i64::MAX))
        .get_result(&mut self.connection().await?)
        .await?;
        Ok(row.seen)
    }
}
