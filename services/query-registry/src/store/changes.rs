//! The feed of changes for agencies' systems.

use chassis::{Problem, Result, Tx};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use kernel::Instant;
use kernel::ids::AgencyId;
use query_registry_types::logs::Change;
use statement::statement;
use uuid::Uuid;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    txid: i64,
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = SqlUuid)]
    agency_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    subject: Uuid,
    #[diesel(sql_type = Timestamptz)]
    at: Instant,
}

/// The cursor before the first change.
pub const BEGINNING: &str = "0-0";

/// Adds a change.
pub async fn add(tx: &mut Tx, kind: &str, agency: AgencyId, subject: Uuid) -> Result<()> {
    let now = tx.now();
    statement("INSERT INTO changes (kind, agency_id, subject, at) VALUES ($1, $2, $3, $4)")
        .bind::<Text, _>(kind)
        .bind::<SqlUuid, _>(agency.0)
        .bind::<SqlUuid, _>(subject)
        .bind::<Timestamptz, _>(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Adds a change for each of at most `most` applications that expired by `due` and were not told of; gives their number. One
/// that was returned cannot be used anyway, and its agency knows.
pub async fn add_expired(tx: &mut Tx, due: Instant, most: i64) -> Result<usize> {
    let now = tx.now();
    let told = statement(
        "WITH expired AS (SELECT id, agency_id, state FROM query_applications \
         WHERE NOT expiry_told AND valid_until <= $1 ORDER BY valid_until LIMIT $2), \
         added AS (INSERT INTO changes (kind, agency_id, subject, at) \
         SELECT 'application-expired', agency_id, id, $3 FROM expired WHERE state <> 'returned') \
         UPDATE query_applications SET doc = jsonb_set(doc, '{expiry_told}', 'true'), version = version + 1, updated_at = $3 \
         WHERE id IN (SELECT id FROM expired)",
    )
    .bind::<Timestamptz, _>(due)
    .bind::<BigInt, _>(most)
    .bind::<Timestamptz, _>(now)
    .execute(tx.conn())
    .await?;
    Ok(told)
}

/// Changes after `cursor`, oldest first. Only those whose transactions, and all before them, have ended: a reader
/// that goes on from a cursor misses nothing.
pub async fn after(
    conn: &mut AsyncPgConnection,
    agency: Option<AgencyId>,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Vec<Change>> {
    let (txid, id) = match cursor {
        None => (0, 0),
        Some(cursor) => parse(cursor)
            .ok_or_else(|| Problem::invalid("after", "not a cursor of this feed: use `next` of an answer"))?,
    };
    let rows: Vec<Row> = statement(
        "SELECT txid::text::bigint AS txid, id, kind, agency_id, subject, at FROM changes \
         WHERE (txid::text::bigint, id) > ($1, $2) AND ($3 IS NULL OR agency_id = $3) \
         AND txid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY txid, id LIMIT $4",
    )
    .bind::<BigInt, _>(txid)
    .bind::<BigInt, _>(id)
    .bind::<Nullable<SqlUuid>, _>(agency.map(|a| a.0))
    .bind::<BigInt, _>(limit)
    .load(conn)
    .await?;
    let change = |row: Row| Change {
        cursor: format!("{}-{}", row.txid, row.id),
        kind: row.kind,
        agency: AgencyId(row.agency_id),
        subject: row.subject,
        at: row.at,
    };
    Ok(rows.into_iter().map(change).collect())
}

fn parse(cursor: &str) -> Option<(i64, i64)> {
    let (txid, id) = cursor.split_once('-')?;
    Some((txid.parse().ok()?, id.parse().ok()?))
}
