//! What witnesses have seen of the log, and what is to be shown to them (C2SP tlog-witness).

use chrono::DateTime;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};
use diesel::{OptionalExtension as _, QueryableByName};
use diesel_async::RunQueryDsl as _;
use statement::statement;
use transparency::cosignature;
use transparency::note::{Note, Signature, Verifier};
use transparency::witness::Request;

use crate::error::LogError;
use crate::log::QueryLog;
use crate::publishing::Published;
use crate::reading::{signed, unsigned};

#[derive(QueryableByName)]
struct NoteRow {
    #[diesel(sql_type = Text)]
    note: String,
}

#[derive(QueryableByName)]
struct SeenRow {
    #[diesel(sql_type = Nullable<BigInt>)]
    size: Option<i64>,
}

impl QueryLog {
    /// The last published checkpoint, if `witness` has not cosigned it, and the largest size that it did cosign.
    pub async fn unseen(&self, log: &str, witness: &Verifier) -> Result<Option<(Published, u64)>, LogError> {
        let Some(last) = self.last_published(log).await? else { return Ok(None) };
        let seen = self.seen_by(log, witness).await?;
        Ok((seen < last.size).then_some((last, seen)))
    }

    /// The largest size that `witness` cosigned.
    pub async fn seen_by(&self, log: &str, witness: &Verifier) -> Result<u64, LogError> {
        let row: SeenRow =
            statement("SELECT max(size) AS size FROM log_cosignatures WHERE log = $1 AND witness = $2")
                .bind::<Text, _>(log)
                .bind::<Text, _>(witness.name())
                .get_result(&mut self.connection().await?)
                .await?;
        row.size.map_or(Ok(0), unsigned)
    }

    /// What is sent to a witness that has seen `old` entries, so that it cosigns `checkpoint`.
    pub async fn for_witness(
        &self,
        log: &str,
        old: u64,
        checkpoint: &Published,
    ) -> Result<Request, LogError> {
        let proof = self.consistency(log, old, checkpoint.size).await?;
        Ok(Request { old, proof, note: checkpoint.note.clone() })
    }

    /// Keeps the line by which `witness` cosigned the published checkpoint of `size`; [`LogError::Cosignature`] if it does
    /// not hold. The same again changes nothing.
    pub async fn keep_cosignature(
        &self,
        log: &str,
        size: u64,
        witness: &Verifier,
        line: &str,
    ) -> Result<(), LogError> {
        let row: Option<NoteRow> = statement("SELECT note FROM log_checkpoints WHERE log = $1 AND size = $2")
            .bind::<Text, _>(log)
            .bind::<BigInt, _>(signed(size))
            .get_result(&mut self.connection().await?)
            .await
            .optional()?;
        let note = Note::parse(&row.ok_or(LogError::NotFound)?.note).map_err(|_| LogError::Malformed)?;
        let line = line.trim_end_matches('\n');
        let checked = Signature::parse(line).and_then(|signature| {
            if witness.made(&signature) {
                cosignature::check(witness, &signature, &note.text)
            } else {
                Err(transparency::note::NoteError::Unsigned)
            }
        });
        let cosigned = checked.map_err(LogError::Cosignature)?;
        let at = i64::try_from(cosigned.at).ok().and_then(|at| DateTime::from_timestamp(at, 0));
        statement(
            "INSERT INTO log_cosignatures (log, size, witness, line, cosigned_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT DO NOTHING",
        )
        .bind::<Text, _>(log)
        .bind::<BigInt, _>(signed(size))
        .bind::<Text, _>(witness.name())
        .bind::<Text, _>(format!("{line}\n"))
        .bind::<Timestamptz, _>(at.ok_or(LogError::Malformed)?)
        .execute(&mut self.connection().await?)
        .await?;
        Ok(())
    }
}
