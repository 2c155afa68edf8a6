//! Reads the rows of a live database, in one read-only snapshot.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::sql_types::{
    Array, BigInt, Binary, Date, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{OptionalExtension as _, QueryableByName};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use kernel::Instant;
use statement::statement;
use transparency::tile::HEIGHT;
use transparency::{Frontier, Hash};
use uuid::Uuid;

use super::examining::Examined;
use super::{BreakKind, Row, Verifier, VerifyError, VerifyReport};
use crate::entry::Head;
use crate::header::Header;
use crate::month::Month;
use crate::sequencer::edge;

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
    #[diesel(sql_type = Nullable<Binary>)]
    body: Option<Vec<u8>>,
}

#[derive(QueryableByName)]
struct HeadRow {
    #[diesel(sql_type = BigInt)]
    size: i64,
    #[diesel(sql_type = Binary)]
    root_hash: Vec<u8>,
    #[diesel(sql_type = Binary)]
    edge: Vec<u8>,
}

#[derive(QueryableByName)]
struct NameRow {
    #[diesel(sql_type = Text)]
    log: String,
}

/// Where a month begins.
#[derive(QueryableByName)]
struct StartRow {
    #[diesel(sql_type = BigInt)]
    first_index: i64,
    #[diesel(sql_type = Binary)]
    start_root: Vec<u8>,
    #[diesel(sql_type = Binary)]
    start_edge: Vec<u8>,
    #[diesel(sql_type = diesel::sql_types::Bool)]
    dropped: bool,
}

#[derive(QueryableByName)]
struct NoteRow {
    #[diesel(sql_type = BigInt)]
    size: i64,
    #[diesel(sql_type = Text)]
    note: String,
}

#[derive(QueryableByName)]
struct NodeRow {
    #[diesel(sql_type = SmallInt)]
    level: i16,
    #[diesel(sql_type = BigInt)]
    node_index: i64,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
}

/// Verifies `logs` (all, if none is named) in the database at `database_url` without writing, against `trusted` heads. Name the
/// governance log too where months were destroyed. Beyond a bundle it compares the indexed columns with the headers, and the
/// tree with every hash of it that the database holds.
pub async fn verify_database(
    database_url: &str,
    logs: &[&str],
    trusted: impl IntoIterator<Item = Head>,
) -> Result<VerifyReport, VerifyError> {
    verify_logs(database_url, logs, Verifier::new(trusted)).await
}

/// As [`verify_database`], with all that `verifier` trusts.
pub async fn verify_logs(
    database_url: &str,
    logs: &[&str],
    mut verifier: Verifier,
) -> Result<VerifyReport, VerifyError> {
    let mut connection =
        AsyncPgConnection::establish(database_url).await.map_err(|_| VerifyError::Unavailable)?;
    connection.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let mut logs: Vec<String> = logs.iter().map(|&log| log.to_owned()).collect();
    if logs.is_empty() {
        let all: Vec<NameRow> =
            statement("SELECT log FROM log_heads ORDER BY log").load(&mut connection).await?;
        logs.extend(all.into_iter().map(|row| row.log));
    }
    for log in &logs {
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
    let head: Option<HeadRow> = statement("SELECT size, root_hash, edge FROM log_heads WHERE log = $1")
        .bind::<Text, _>(log)
        .get_result(connection)
        .await
        .optional()?;
    let size = head.as_ref().and_then(|row| u64::try_from(row.size).ok()).unwrap_or_default();
    let starts = starts(connection, log).await?;
    verifier.begin(log, first_kept(&starts, head.as_ref()));
    claims(connection, verifier, log, &starts, head.as_ref()).await?;
    let mut after: Option<(NaiveDate, i64)> = None;
    loop {
        let rows = page(connection, log, after).await?;
        let Some(last) = rows.last() else { break };
        after = Some((last.month, last.entry_index));
        for mut stored in rows {
            let Ok(index) = u64::try_from(stored.entry_index) else { continue };
            if index >= size {
                verifier.report(log, index, BreakKind::Inserted, "the entry stands past the head");
            }
            let Some(row) = row(index, &mut stored) else {
                verifier.report(log, index, BreakKind::Malformed, "a stored hash has not 32 bytes");
                continue;
            };
            let found = Examined::from(row);
            if found.header.as_ref().is_ok_and(|header| differs(&stored, header)) {
                verifier.report(log, index, BreakKind::AlteredHeader, "columns differ from the header");
            }
            verifier.examined(log, &found);
        }
        compare_nodes(connection, verifier, log).await?;
    }
    verifier.end(log, size);
    Ok(())
}

async fn starts(connection: &mut AsyncPgConnection, log: &str) -> Result<Vec<StartRow>, VerifyError> {
    let rows = statement(
        "SELECT first_index, start_root, start_edge, dropped_by_order IS NOT NULL AS dropped FROM log_months \
         WHERE log = $1 ORDER BY month",
    )
    .bind::<Text, _>(log)
    .load(connection)
    .await?;
    Ok(rows)
}

/// The tree before the first month that was not dropped; all of it, where every month was. Whether they were is judged by the
/// governance log.
fn first_kept(starts: &[StartRow], head: Option<&HeadRow>) -> Frontier {
    let kept = starts.iter().find(|start| !start.dropped).map(|start| (start.first_index, &start.start_edge));
    let begins = kept.or(head.filter(|_| !starts.is_empty()).map(|head| (head.size, &head.edge)));
    begins.and_then(|(size, nodes)| edge(u64::try_from(size).ok()?, nodes).ok()).unwrap_or_default()
}

/// What the database says of the tree elsewhere: where months begin, its head, its published checkpoints.
async fn claims(
    connection: &mut AsyncPgConnection,
    verifier: &mut Verifier,
    log: &str,
    starts: &[StartRow],
    head: Option<&HeadRow>,
) -> Result<(), VerifyError> {
    let stored = |bytes: &[u8]| Hash::try_from(bytes).ok();
    let edged = |size: u64, bytes: &[u8]| edge(size, bytes).ok().map(|edge| edge.root());
    for start in starts {
        let size = u64::try_from(start.first_index).unwrap_or_default();
        verifier.claim(log, size, stored(&start.start_root), "the start of a month");
        verifier.claim(log, size, edged(size, &start.start_edge), "the right edge at the start of a month");
    }
    if let Some(head) = head {
        let size = u64::try_from(head.size).unwrap_or_default();
        verifier.claim(log, size, stored(&head.root_hash), "the stored head");
        verifier.claim(log, size, edged(size, &head.edge), "the right edge of the stored head");
    }
    let notes: Vec<NoteRow> =
        statement("SELECT size, note FROM log_checkpoints WHERE log = $1 ORDER BY size")
            .bind::<Text, _>(log)
            .load(connection)
            .await?;
    for row in notes {
        let size = u64::try_from(row.size).unwrap_or_default();
        verifier.checkpoint(log, size, &row.note);
    }
    Ok(())
}

/// Compares the subtrees that were completed with those that are stored.
async fn compare_nodes(
    connection: &mut AsyncPgConnection,
    verifier: &mut Verifier,
    log: &str,
) -> Result<(), VerifyError> {
    let completed = verifier.completed(log);
    let (levels, indices): (Vec<i16>, Vec<i64>) = completed
        .iter()
        .map(|(node, _)| {
            (
                i16::try_from(node.level / HEIGHT).unwrap_or(i16::MAX),
                i64::try_from(node.index).unwrap_or(i64::MAX),
            )
        })
        .unzip();
    let rows: Vec<NodeRow> = statement(
        "SELECT n.level, n.node_index, n.hash FROM log_nodes n JOIN unnest($2, $3) AS c (level, node_index) \
         USING (level, node_index) WHERE n.log = $1",
    )
    .bind::<Text, _>(log)
    .bind::<Array<SmallInt>, _>(&levels)
    .bind::<Array<BigInt>, _>(&indices)
    .load(connection)
    .await?;
    let stored: HashMap<(i16, i64), Vec<u8>> =
        rows.into_iter().map(|row| ((row.level, row.node_index), row.hash)).collect();
    for ((node, hash), place) in completed.into_iter().zip(levels.into_iter().zip(indices)) {
        if stored.get(&place).map(Vec::as_slice) != Some(hash.0.as_slice()) {
            let first = node.index << node.level;
            let detail = format!("the stored hash over {} entries from here is another", 1_u64 << node.level);
            verifier.report(log, first, BreakKind::Tree, detail);
        }
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

/// The row with the bytes of `stored`, which keeps its columns.
fn row(index: u64, stored: &mut StoredRow) -> Option<Row> {
    Some(Row {
        index,
        month: Month::containing(stored.month),
        leaf_hash: Hash::try_from(stored.leaf_hash.as_slice()).ok()?,
        header: std::mem::take(&mut stored.header),
        body: stored.body.take(),
    })
}

/// Whether the columns that entries are found by say something else than the header.
fn differs(stored: &StoredRow, header: &Header) -> bool {
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
