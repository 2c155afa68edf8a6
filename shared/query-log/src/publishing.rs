//! Checkpoints for the public: the heads that the log stands by, signed (C2SP tlog-checkpoint).

use chrono::TimeDelta;
use diesel::sql_types::{BigInt, Text, Timestamptz};
use diesel::{OptionalExtension as _, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use statement::statement;
use transparency::checkpoint::Checkpoint;
use transparency::note::Signer;

use crate::entry::Head;
use crate::error::LogError;
use crate::log::QueryLog;
use crate::reading::{signed, unsigned};
use crate::standing;

/// How long a checkpoint waits for its witnesses before it is shown without them: they may be away, the log goes on.
const WAITS: TimeDelta = TimeDelta::seconds(10);

/// A checkpoint as published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Number of entries under it.
    pub size: u64,
    /// The signed note.
    pub note: String,
}

#[derive(QueryableByName)]
struct PublishedRow {
    #[diesel(sql_type = BigInt)]
    size: i64,
    #[diesel(sql_type = Text)]
    note: String,
}

impl TryFrom<PublishedRow> for Published {
    type Error = LogError;

    fn try_from(row: PublishedRow) -> Result<Self, LogError> {
        Ok(Self { size: unsigned(row.size)?, note: row.note })
    }
}

impl QueryLog {
    /// The name of the log in its checkpoints.
    pub fn origin(&self, log: &str) -> String {
        self.inner.authority.origin(log)
    }

    /// The key that verifies the log's checkpoints, in the text form of C2SP signed-note.
    pub async fn verifier_key(&self, log: &str) -> Result<String, LogError> {
        self.handle(log)?;
        Ok(self.inner.authority.signer(log).await?.verifier().to_string())
    }

    /// Publishes a checkpoint of the log as it is now; `None` if the last one still says it. Any replica may: the same
    /// head has the same checkpoint.
    pub async fn publish(&self, log: &str) -> Result<Option<Published>, LogError> {
        // Asked before the head is read: what this process had signed by then must be there.
        let signed_before = self.inner.authority.signed.last(log);
        let head = self.head(log).await?;
        if let Some(known) = signed_before.filter(|known| known.size > head.size) {
            return Err(LogError::LostTail { known: known.size, size: head.size });
        }
        if head.size == 0 {
            return Ok(None);
        }
        let last = self.last_published(log).await?;
        if last.as_ref().is_some_and(|last| last.size >= head.size) {
            return Ok(None);
        }
        let signer = self.inner.authority.signer(log).await?;
        let last = last.map(|last| last.opened(log, &signer)).transpose()?;
        let note = self.sign(&head, last).await?;
        statement(
            "INSERT INTO log_checkpoints (log, size, note, published_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT DO NOTHING",
        )
        .bind::<Text, _>(log)
        .bind::<BigInt, _>(signed(head.size))
        .bind::<Text, _>(&note)
        .bind::<Timestamptz, _>(self.now())
        .execute(&mut self.connection().await?)
        .await?;
        Ok(Some(Published { size: head.size, note }))
    }

    /// The published checkpoint to show: the last that the quorum of witnesses has seen, or that waited `WAITS` for it. Of
    /// a log that published none yet, one of its head.
    pub async fn checkpoint(&self, log: &str) -> Result<Published, LogError> {
        self.handle(log)?;
        let quorum = i64::try_from(self.inner.authority.quorum).unwrap_or(i64::MAX);
        let row: Option<PublishedRow> = statement(
            "SELECT size, log_note(log, size) AS note FROM \
               (SELECT log, size, published_at FROM log_checkpoints WHERE log = $1 ORDER BY size DESC LIMIT 10) AS c \
             ORDER BY published_at <= $3 OR \
               (SELECT count(*) FROM log_cosignatures s WHERE s.log = c.log AND s.size = c.size) >= $2 DESC, \
               size DESC LIMIT 1",
        )
        .bind::<Text, _>(log)
        .bind::<BigInt, _>(quorum)
        .bind::<Timestamptz, _>(self.now() - WAITS)
        .get_result(&mut self.connection().await?)
        .await
        .optional()?;
        if let Some(row) = row {
            return row.try_into();
        }
        let head = self.head(log).await?;
        Ok(Published { size: head.size, note: self.sign(&head, None).await? })
    }

    /// Signs a head as the database has it, if it takes back nothing that was signed.
    async fn sign(&self, head: &Head, published: Option<Head>) -> Result<String, LogError> {
        let authority = &self.inner.authority;
        let signer = authority.signer(&head.log).await?;
        for known in published.into_iter().chain(authority.signed.last(&head.log)) {
            // Another replica, or another call, may have signed more since the head was read.
            if known.size <= head.size {
                standing::check(&mut *self.connection().await?, head, &known).await?;
            }
        }
        authority.signed.note(head);
        Ok(Checkpoint::new(signer.name(), head.size, head.root_hash).sign(&signer))
    }

    /// The published checkpoints of trees from `from` to `until` entries: the last, and of each minute before it the first.
    pub(crate) async fn published_between(
        &self,
        log: &str,
        from: u64,
        until: u64,
    ) -> Result<Vec<Published>, LogError> {
        let rows: Vec<PublishedRow> = statement(
            "SELECT size, log_note(log, size) AS note FROM (SELECT DISTINCT ON (date_trunc('minute', published_at)) log, size \
               FROM log_checkpoints WHERE log = $1 AND size BETWEEN $2 AND $3 \
               ORDER BY date_trunc('minute', published_at), size) AS first_of_minute \
             UNION (SELECT size, log_note(log, size) FROM log_checkpoints WHERE log = $1 AND size BETWEEN $2 AND $3 \
               ORDER BY size DESC LIMIT 1) ORDER BY size",
        )
        .bind::<Text, _>(log)
        .bind::<BigInt, _>(signed(from))
        .bind::<BigInt, _>(signed(until))
        .load(&mut self.connection().await?)
        .await?;
        rows.into_iter().map(Published::try_from).collect()
    }

    /// The published checkpoints of trees of more than `after` entries, in order, at most `most`; as the log signed them.
    pub async fn published_after(
        &self,
        log: &str,
        after: u64,
        most: i64,
    ) -> Result<Vec<Published>, LogError> {
        let rows: Vec<PublishedRow> = statement(
            "SELECT size, note FROM log_checkpoints WHERE log = $1 AND size > $2 ORDER BY size LIMIT $3",
        )
        .bind::<Text, _>(log)
        .bind::<BigInt, _>(signed(after))
        .bind::<BigInt, _>(most)
        .load(&mut self.connection().await?)
        .await?;
        rows.into_iter().map(Published::try_from).collect()
    }

    pub(crate) async fn last_published(&self, log: &str) -> Result<Option<Published>, LogError> {
        self.handle(log)?;
        last_published(&mut *self.connection().await?, log).await
    }
}

/// The last checkpoint that any replica published.
pub(crate) async fn last_published(
    connection: &mut AsyncPgConnection,
    log: &str,
) -> Result<Option<Published>, LogError> {
    let row: Option<PublishedRow> =
        statement(
            "SELECT size, log_note(log, size) AS note FROM log_checkpoints WHERE log = $1 ORDER BY size DESC LIMIT 1",
        )
            .bind::<Text, _>(log)
            .get_result(connection)
            .await
            .optional()?;
    row.map(Published::try_from).transpose()
}

impl Published {
    /// The head under it, if `signer`'s key signed it.
    pub(crate) fn opened(&self, log: &str, signer: &Signer) -> Result<Head, LogError> {
        let read = Checkpoint::open(&self.note, std::slice::from_ref(signer.verifier()))
            .map_err(|_| LogError::OtherKey)?;
        Ok(Head { log: log.to_owned(), size: read.size, root_hash: read.root })
    }
}
