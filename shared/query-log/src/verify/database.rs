//! Reads the rows of a live database, in one read-only snapshot.

use chrono::NaiveDate;
use diesel::sql_types::{BigInt, Binary, Date, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension as _, QueryableByName};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use kernel::Instant;
use statement::statement;
use uuid::Uuid;

use super::{BreakKind, Row, Verifier, VerifyError, VerifyReport};
use crate::entry::Head;
use crate::hash::Hash;
use crate::header::Header;
use crate::month::Month;

/// Rows of one fetch.
const PAGE: i64 = 5_000;

#[derive(QueryableByName)]
struct StoredRow {
    #[diesel(sql_type = Date)]
    month: NaiveDate,
    #[diesel(sql_type = BigInt)]
    entry_index: i64,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Timestamptz)]
    recorded_at: Instant,
    #[diesel(sql_type = Timestamptz)]
    occurred_at: Instant,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    agency_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<BigInt>)]
    agency_seq: Option<i64>,
    #[diesel(sql_type = Nullable<Binary>)]
    account: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<BigInt>)]
    account_seq: Option<i64>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    application_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    query_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<BigInt>)]
    closes: Option<i64>,
    #[diesel(sql_type = Binary)]
    header: Vec<u8>,
    #[diesel(sql_type = Binary)]
    leaf_hash: Vec<u8>,
    #[diesel(sql_type = Binary)]
    chain_hash: Vec<u8>,
    #[diesel(sql_type = Nullable<Binary>)]
    body: Option<Vec<u8>>,
}

#[derive(QueryableByName)]
struct HeadRow {
    #[diesel(sql_type = BigInt)]
    size: i64,
    #[diesel(sql_type = Binary)]
    chain_hash: Vec<u8>,
}

/// Verifies `logs` in the database at `database_url` without writing, against `trusted` heads. Name the governance
/// log too where months were destroyed. Beyond a bundle it compares the indexed columns with the headers, and the end
/// of each log with its stored head.
pub async fn verify_database(
    database_url: &str,
    logs: &[&str],
    trusted: impl IntoIterator<Item = Head>,
) -> Result<VerifyReport, VerifyError> {
    let mut connection =
        AsyncPgConnection::establish(database_url).await.map_err(|_| VerifyError::Unavailable)?;
    connection.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let mut verifier = Verifier::new(trusted);
    for log in logs {
        read_log(&mut connection, &mut verifier, log).await?;
    }
    connection.batch_execute("COMMIT").await?;
    Ok(verifier.finish())
}

async fn read_log(
    connection: &mut AsyncPgConnection,
    verifier: &mut Verifier,
    log: &str,
) -> Result<(), VerifyError> {
    let head: Option<HeadRow> = statement("SELECT size, chain_hash FROM log_heads WHERE log = $1")
        .bind::<Text, _>(log)
        .get_result(connection)
        .await
        .optional()?;
    let size = head.as_ref().and_then(|row| u64::try_from(row.size).ok()).unwrap_or_default();
    verifier.begin(log, 0, Hash::genesis(log));
    let mut after: Option<(NaiveDate, i64)> = None;
    let mut last_chain = Hash::genesis(log);
    loop {
        let rows = page(connection, log, after).await?;
        let Some(last) = rows.last() else { break };
        after = Some((last.month, last.entry_index));
        for stored in rows {
            let Ok(index) = u64::try_from(stored.entry_index) else { continue };
            if index >= size {
                verifier.report(log, index, BreakKind::Inserted, "the entry stands past the head");
            }
            if differs(&stored) {
                verifier.report(log, index, BreakKind::AlteredHeader, "columns differ from the header");
            }
            match row(index, stored) {
                Some(row) => {
                    last_chain = row.chain_hash;
                    verifier.row(log, row);
                }
                None => verifier.report(log, index, BreakKind::Malformed, "a stored hash has not 32 bytes"),
            }
        }
    }
    verifier.end(log, size);
    let stored_head = head.and_then(|row| Hash::try_from(row.chain_hash.as_slice()).ok());
    if verifier.expected(log) == size && stored_head.is_some_and(|chain| chain != last_chain) {
        let index = size.saturating_sub(1);
        verifier.report(log, index, BreakKind::Chain, "the stored head has another chain hash");
    }
    Ok(())
}

async fn page(
    connection: &mut AsyncPgConnection,
    log: &str,
    after: Option<(NaiveDate, i64)>,
) -> Result<Vec<StoredRow>, VerifyError> {
    let (month, index) = after.unwrap_or((EARLIEST, -1));
    let rows = statement(
        "SELECT e.*, b.body FROM log_entries e LEFT JOIN log_bodies b USING (log, month, entry_index) \
         WHERE e.log = $1 AND (e.month, e.entry_index) > ($2, $3) ORDER BY e.log, e.month, e.entry_index LIMIT $4",
    )
    .bind::<Text, _>(log)
    .bind::<Date, _>(month)
    .bind::<BigInt, _>(index)
    .bind::<BigInt, _>(PAGE)
    .load(connection)
    .await?;
    Ok(rows)
}

/// A day before every month of a log that the database can hold.
const EARLIEST: NaiveDate = match NaiveDate::from_ymd_opt(1, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

fn row(index: u64, stored: StoredRow) -> Option<Row> {
    Some(Row {
        index,
        month: Month::containing(stored.month),
        leaf_hash: Hash::try_from(stored.leaf_hash.as_slice()).ok()?,
        chain_hash: Hash::try_from(stored.chain_hash.as_slice()).ok()?,
        header: stored.header,
        body: stored.body,
    })
}

/// Whether the columns that entries are found by say something else than the header.
fn differs(stored: &StoredRow) -> bool {
    let Ok(header) = Header::from_bytes(&stored.header) else { return false };
    let number = |n: Option<i64>| n.map(|n| u64::try_from(n).unwrap_or(u64::MAX));
    stored.kind != header.kind.as_str()
        || stored.recorded_at != header.recorded_at
        || stored.occurred_at != header.at
        || stored.agency_id != header.agency.map(|id| id.0)
        || number(stored.agency_seq) != header.agency_seq
        || stored.account.as_deref() != header.account.as_ref().map(|mark| mark.pseudonym.0.as_slice())
        || number(stored.account_seq) != header.account.map(|mark| mark.seq)
        || stored.application_id != header.application.map(|id| id.0)
        || stored.query_id != header.query.map(|id| id.0)
        || number(stored.closes) != header.closes
}
