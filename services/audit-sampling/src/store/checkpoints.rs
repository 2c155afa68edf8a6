//! Which copy of a log's checkpoints the next one is held to.

use chassis::{Result, document};
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel::{OptionalExtension as _, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use statement::statement;
use uuid::Uuid;

use crate::domain::checkpoint::CheckpointCopy;

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// The largest copy of `log` that contradicts nothing.
pub async fn last_good(conn: &mut AsyncPgConnection, log: &str) -> Result<Option<CheckpointCopy>> {
    let row: Option<IdRow> = statement(
        "SELECT id FROM checkpoint_copies WHERE log = $1 AND fault IS NULL ORDER BY size DESC LIMIT 1",
    )
    .bind::<Text, _>(log)
    .get_result(conn)
    .await
    .optional()?;
    let Some(row) = row else { return Ok(None) };
    Ok(document::find::<CheckpointCopy>(conn, row.id, false).await?.map(|stored| stored.doc))
}
