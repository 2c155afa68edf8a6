//! Plain PostgreSQL: one row and one transaction for each entry, with the bytes, the columns and the indexes that the
//! engine's three tables have, in one table. Bytes come ready made: no sealing, no hashing, no counting is in its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Binary, Date, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use statement::statement;
use uuid::Uuid;

use super::lap::{Lap, Part};

/// What entries of the engine hold: the bytes that plain rows hold too.
#[derive(QueryableByName)]
pub struct Row {
    #[diesel(sql_type = Text)]
    log: String,
    #[diesel(sql_type = Date)]
    month: chrono::NaiveDate,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Timestamptz)]
    recorded_at: kernel::Instant,
    #[diesel(sql_type = Binary)]
    account: Vec<u8>,
    #[diesel(sql_type = Binary)]
    pub header: Vec<u8>,
    #[diesel(sql_type = Binary)]
    leaf_hash: Vec<u8>,
    #[diesel(sql_type = Binary)]
    pub body: Vec<u8>,
    #[diesel(sql_type = Binary)]
    subject_hash: Vec<u8>,
}

const TABLE: &str = "\
CREATE TABLE IF NOT EXISTS bench_plain (log text NOT NULL, month date NOT NULL, entry_index bigint NOT NULL, kind text NOT NULL,
    recorded_at timestamptz NOT NULL, occurred_at timestamptz NOT NULL, agency_id uuid, agency_seq bigint, account bytea,
    account_seq bigint, application_id uuid, query_id uuid, closes bigint, header bytea NOT NULL, leaf_hash bytea NOT NULL,
    body bytea NOT NULL, subject_hash bytea NOT NULL, PRIMARY KEY (log, month, entry_index));
CREATE INDEX IF NOT EXISTS bench_plain_account ON bench_plain (account, (entry_index + 0)) WHERE account IS NOT NULL;
CREATE INDEX IF NOT EXISTS bench_plain_agency ON bench_plain (agency_id, (entry_index + 0)) WHERE agency_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS bench_plain_application ON bench_plain (application_id) WHERE application_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS bench_plain_query ON bench_plain (query_id) WHERE query_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS bench_plain_closes ON bench_plain (closes) WHERE closes IS NOT NULL;
CREATE INDEX IF NOT EXISTS bench_plain_time ON bench_plain USING brin (recorded_at);
CREATE INDEX IF NOT EXISTS bench_plain_subject ON bench_plain (subject_hash)";

/// Makes the table, and reads bytes of entries that the engine wrote into `log`.
pub async fn prepare(conn: &mut AsyncPgConnection) -> anyhow::Result<Arc<Vec<Row>>> {
    conn.batch_execute(TABLE).await?;
    let rows: Vec<Row> = statement(
        "SELECT e.log, e.month, e.kind, e.recorded_at, e.account, e.header, e.leaf_hash, b.body, s.subject_hash \
         FROM log_entries e JOIN log_bodies b USING (log, month, entry_index) \
         JOIN log_subjects s USING (log, month, entry_index) \
         WHERE e.account IS NOT NULL ORDER BY e.entry_index LIMIT 1000",
    )
    .load(conn)
    .await?;
    anyhow::ensure!(!rows.is_empty(), "the engine has written nothing yet");
    Ok(Arc::new(rows))
}

/// Inserts by `writers` at once, each on its own connection, until the `time` is over.
pub async fn inserts(
    url: &str,
    rows: &Arc<Vec<Row>>,
    next: &Arc<AtomicI64>,
    writers: usize,
    time: Duration,
) -> anyhow::Result<Part> {
    let mut connections = vec![];
    for _ in 0..writers {
        let mut conn = AsyncPgConnection::establish(url).await?;
        // The statement is prepared before the time runs; its row is one that nobody counts.
        insert(&mut conn, rows.as_slice().first(), next.fetch_add(1, Ordering::Relaxed)).await?;
        connections.push(conn);
    }
    let begun = Instant::now();
    let writers = connections.into_iter().map(|mut conn| {
        let (rows, next) = (Arc::clone(rows), Arc::clone(next));
        tokio::spawn(async move {
            let mut lap = Lap::of(time);
            while !lap.is_over() {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let place = usize::try_from(index)? % rows.len();
                let begun = Instant::now();
                insert(&mut conn, rows.get(place), index).await?;
                lap.note(begun);
            }
            anyhow::Ok(lap)
        })
    });
    Part::of(writers, begun).await
}

async fn insert(conn: &mut AsyncPgConnection, row: Option<&Row>, index: i64) -> anyhow::Result<()> {
    let Some(row) = row else { return Ok(()) };
    let id = |kind: u128, of: i64| Uuid::from_u128(kind << 64 | u128::from(of.unsigned_abs()));
    // The index serves as the counters too: unique as theirs are.
    statement(
        "INSERT INTO bench_plain (log, month, entry_index, kind, recorded_at, occurred_at, agency_id, agency_seq, account, \
         account_seq, application_id, query_id, closes, header, leaf_hash, body, subject_hash) \
         VALUES ($1, $2, $3, $4, $5, $5, $6, $3, $7, $3, $8, $9, NULL, $10, $11, $12, $13)",
    )
    .bind::<Text, _>(&row.log)
    .bind::<Date, _>(row.month)
    .bind::<BigInt, _>(index)
    .bind::<Text, _>(&row.kind)
    .bind::<Timestamptz, _>(row.recorded_at)
    .bind::<SqlUuid, _>(id(1, index % 16))
    .bind::<Binary, _>(&row.account)
    .bind::<SqlUuid, _>(id(3, index / 4))
    .bind::<SqlUuid, _>(id(4, index))
    .bind::<Binary, _>(&row.header)
    .bind::<Binary, _>(&row.leaf_hash)
    .bind::<Binary, _>(&row.body)
    .bind::<Binary, _>(&row.subject_hash)
    .execute(conn)
    .await?;
    Ok(())
}
