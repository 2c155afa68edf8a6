//! Up to which checkpoint the audit service was told.

use chassis::Result;
use diesel::sql_types::{BigInt, Text};
use diesel::{OptionalExtension as _, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use statement::statement;

#[derive(QueryableByName)]
struct SizeRow {
    #[diesel(sql_type = BigInt)]
    size: i64,
}

/// Entries under the last checkpoint that was told; 0 before the first.
pub async fn last(conn: &mut AsyncPgConnection, log: &str) -> Result<u64> {
    let row: Option<SizeRow> = statement("SELECT size FROM told_checkpoints WHERE log = $1")
        .bind::<Text, _>(log)
        .get_result(conn)
        .await
        .optional()?;
    Ok(row.and_then(|row| u64::try_from(row.size).ok()).unwrap_or_default())
}

/// Moves on from `from` to `to`; false if somebody else did.
pub async fn advance(conn: &mut AsyncPgConnection, log: &str, from: u64, to: u64) -> Result<bool> {
    let size = |size: u64| i64::try_from(size).unwrap_or(i64::MAX);
    let moved = statement(
        "INSERT INTO told_checkpoints (log, size) VALUES ($1, $3) ON CONFLICT (log) DO UPDATE SET size = $3 \
         WHERE told_checkpoints.size = $2",
    )
    .bind::<Text, _>(log)
    .bind::<BigInt, _>(size(from))
    .bind::<BigInt, _>(size(to))
    .execute(conn)
    .await?;
    Ok(moved == 1)
}
