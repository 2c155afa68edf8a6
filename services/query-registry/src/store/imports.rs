//! Imported lines: records of the register of queries, and what is still to be written into the log.

use std::collections::BTreeSet;

use chassis::{Result, Tx};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use kernel::ids::QueryId;
use kernel::{Instant, Sealed};
use statement::statement;
use uuid::Uuid;

use crate::domain::import_check::CheckedLine;

#[derive(QueryableByName)]
struct KeyRow {
    #[diesel(sql_type = Text)]
    line_key: String,
}

/// Those of `keys` that were imported before.
pub async fn known(conn: &mut AsyncPgConnection, keys: &[String]) -> Result<BTreeSet<String>> {
    let rows: Vec<KeyRow> = statement("SELECT line_key FROM import_lines WHERE line_key = ANY($1)")
        .bind::<Array<Text>, _>(keys)
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.line_key).collect())
}

/// A line to be kept.
pub struct NewLine<'a> {
    /// The line as it was checked.
    pub checked: &'a CheckedLine,
    /// Line of the file.
    pub line: i32,
    /// Its key.
    pub key: &'a str,
    /// Its values, sealed until the log has them.
    pub sealed: Sealed,
}

/// Keeps a line: as a record of the register of queries, and sealed for the log. A user whom nobody knows is the nil id.
pub async fn insert(tx: &mut Tx, import: Uuid, log: &str, rule_pack: &str, line: &NewLine<'_>) -> Result<()> {
    let checked = line.checked;
    let account = checked.account.as_ref();
    statement(
        "WITH record AS (INSERT INTO query_records (id, account_id, person_id, agency_id, unit_id, regulation, subject, \
         decision, items, fields_returned, records, log, at, rule_pack) \
         VALUES ($1, $2, $3, $4, $5, 'immigration', $6, 'imported', $7, $8, 1, $9, $10, $11) RETURNING id) \
         INSERT INTO import_lines (query_id, import_id, line, line_key, sealed) \
         SELECT id, $12, $13, $14, $15 FROM record",
    )
    .bind::<SqlUuid, _>(checked.query.0)
    .bind::<Nullable<SqlUuid>, _>(account.map(|a| a.id.0))
    .bind::<SqlUuid, _>(account.map_or(Uuid::nil(), |a| a.person.0))
    .bind::<SqlUuid, _>(checked.agency.0)
    .bind::<Nullable<SqlUuid>, _>(account.map(|a| a.unit.0))
    .bind::<Text, _>(&checked.subject)
    .bind::<Array<Text>, _>(vec![checked.item.as_str()])
    .bind::<Array<Text>, _>(&checked.fields)
    .bind::<Text, _>(log)
    .bind::<Timestamptz, _>(checked.at)
    .bind::<Text, _>(rule_pack)
    .bind::<SqlUuid, _>(import)
    .bind::<Integer, _>(line.line)
    .bind::<Text, _>(line.key)
    .bind::<Jsonb, _>(serde_json::to_value(&line.sealed)?)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A line that the log does not have yet, or of which that is not known.
#[derive(Debug, Clone)]
pub struct OpenLine {
    /// The query.
    pub query: QueryId,
    /// Its values.
    pub sealed: Sealed,
    /// Its entry, if the log has it.
    pub entry: Option<Place>,
}

/// Where an entry stands.
#[derive(Debug, Clone)]
pub struct Place {
    /// The log.
    pub log: String,
    /// Its index there.
    pub index: i64,
}

#[derive(QueryableByName)]
struct OpenRow {
    #[diesel(sql_type = SqlUuid)]
    query_id: Uuid,
    #[diesel(sql_type = Jsonb)]
    sealed: serde_json::Value,
    #[diesel(sql_type = Nullable<Text>)]
    log: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    entry_index: Option<i64>,
}

/// The next lines of an import that are not settled, in the order of the file.
pub async fn open(
    conn: &mut AsyncPgConnection,
    import: Uuid,
    logs: Vec<String>,
    most: i64,
) -> Result<Vec<OpenLine>> {
    let rows: Vec<OpenRow> = statement(
        "SELECT l.query_id, l.sealed, e.log, e.entry_index FROM import_lines l \
         LEFT JOIN LATERAL (SELECT log, entry_index FROM log_entries WHERE query_id = l.query_id \
           AND log = ANY($2) AND kind = 'import' LIMIT 1) e ON true \
         WHERE l.import_id = $1 AND l.sealed IS NOT NULL ORDER BY l.line LIMIT $3",
    )
    .bind::<SqlUuid, _>(import)
    .bind::<Array<Text>, _>(logs)
    .bind::<BigInt, _>(most)
    .load(conn)
    .await?;
    let line = |row: OpenRow| {
        Ok(OpenLine {
            query: QueryId(row.query_id),
            sealed: serde_json::from_value(row.sealed)?,
            entry: row.log.zip(row.entry_index).map(|(log, index)| Place { log, index }),
        })
    };
    rows.into_iter().map(line).collect()
}

/// Notes where the log has a line; its sealed values are no longer kept here. False: it was noted before.
pub async fn settle(conn: &mut AsyncPgConnection, query: QueryId, entry: &Place) -> Result<bool> {
    let settled =
        statement("UPDATE import_lines SET sealed = NULL WHERE query_id = $1 AND sealed IS NOT NULL")
            .bind::<SqlUuid, _>(query.0)
            .execute(conn)
            .await?;
    statement("UPDATE query_records SET log = $2, log_index = $3 WHERE id = $1")
        .bind::<SqlUuid, _>(query.0)
        .bind::<Text, _>(&entry.log)
        .bind::<BigInt, _>(entry.index)
        .execute(conn)
        .await?;
    Ok(settled > 0)
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many lines single accounts of all offices had in single months since `since`, from earlier files.
pub async fn earlier(conn: &mut AsyncPgConnection, since: Instant) -> Result<Vec<u32>> {
    let rows: Vec<CountRow> = statement(
        "SELECT count(*) AS n FROM query_records WHERE decision = 'imported' AND at >= $1 \
         AND account_id IS NOT NULL GROUP BY account_id, date_trunc('month', at AT TIME ZONE 'Asia/Taipei')",
    )
    .bind::<Timestamptz, _>(since)
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(|row| u32::try_from(row.n).unwrap_or(u32::MAX)).collect())
}
