//! The feed for agencies' systems.

use chassis::{Result, Tx};
use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use kernel::ids::AgencyId;
use serde::{Deserialize, Serialize};
use statement::statement;
use utoipa::ToSchema;
use uuid::Uuid;

/// Key of the advisory lock under which lines are numbered.
const LOCK: &str = "SELECT pg_advisory_xact_lock(4712)";

/// One line of the feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, QueryableByName)]
pub struct Change {
    /// Number; the cursor.
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    /// Agency concerned.
    #[diesel(sql_type = SqlUuid)]
    pub agency_id: Uuid,
    /// `account` or `permission_application`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Path of the operation that shows it.
    #[diesel(sql_type = Text)]
    pub subject: String,
    /// What happened: `opened`, `suspended`, `endorsed` …
    #[diesel(sql_type = Text)]
    pub cause: String,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
}

/// Takes the lock under which lines are numbered, here and in [`super::revocations`]. It holds until the commit: a reader
/// who saw a number has seen all before it.
pub async fn lock(tx: &mut Tx) -> Result<()> {
    statement(LOCK).execute(tx.conn()).await?;
    Ok(())
}

/// Adds a line.
pub async fn note(tx: &mut Tx, agency: AgencyId, kind: &str, subject: &str, cause: &str) -> Result<()> {
    let now = tx.now();
    lock(tx).await?;
    statement("INSERT INTO changes (agency_id, kind, subject, cause, at) VALUES ($1, $2, $3, $4, $5)")
        .bind::<SqlUuid, _>(agency.0)
        .bind::<Text, _>(kind)
        .bind::<Text, _>(subject)
        .bind::<Text, _>(cause)
        .bind::<Timestamptz, _>(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The lines after `after`, of `agency` or of all.
pub async fn after(
    conn: &mut AsyncPgConnection,
    agency: Option<AgencyId>,
    after: i64,
    limit: i64,
) -> Result<Vec<Change>> {
    let rows = statement(
        "SELECT seq, agency_id, kind, subject, cause, at FROM changes \
         WHERE seq > $1 AND ($2 IS NULL OR agency_id = $2) ORDER BY seq LIMIT $3",
    )
    .bind::<BigInt, _>(after)
    .bind::<Nullable<SqlUuid>, _>(agency.map(|a| a.0))
    .bind::<BigInt, _>(limit)
    .load(conn)
    .await?;
    Ok(rows)
}
