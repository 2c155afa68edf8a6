//! Acts under a break-glass grant: each changing request of a token that stands on one is kept with the grant's id, in
//! the transaction of its effect. The review reads them.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use kernel::ids::EmergencyGrantId;
use serde::{Deserialize, Serialize};
use statement::statement;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Result;

/// One act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, QueryableByName)]
pub struct EmergencyAct {
    /// Method and route, e.g. `POST /v1/governed-changes`.
    #[diesel(sql_type = Text)]
    pub operation: String,
    /// The path as it was asked; it holds ids alone.
    #[diesel(sql_type = Text)]
    pub path: String,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
}

/// Keeps an act.
pub(crate) async fn note(tx: &mut Tx, grant: EmergencyGrantId, operation: &str, path: &str) -> Result<()> {
    let (id, at): (Uuid, _) = (tx.new_id(), tx.now());
    statement("INSERT INTO emergency_acts (id, grant_id, operation, path, at) VALUES ($1, $2, $3, $4, $5)")
        .bind::<SqlUuid, _>(id)
        .bind::<SqlUuid, _>(grant.0)
        .bind::<Text, _>(operation)
        .bind::<Text, _>(path)
        .bind::<Timestamptz, _>(at)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// What was done under a grant, oldest first.
pub async fn acts(conn: &mut AsyncPgConnection, grant: EmergencyGrantId) -> Result<Vec<EmergencyAct>> {
    let rows = statement("SELECT operation, path, at FROM emergency_acts WHERE grant_id = $1 ORDER BY id")
        .bind::<SqlUuid, _>(grant.0)
        .load(conn)
        .await?;
    Ok(rows)
}
