//! The end of this service's own records, ordered by two persons of the retention service (H6.6, I3.8).

use account_types::events::DestructionCarriedOut;
use chassis::{EventMeta, Result, Tx, endorsements};
use diesel::QueryableByName;
use diesel::sql_types::{Date, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use kernel::canonical;
use retention_types::events::DestructionApproved;
use statement::statement;
use uuid::Uuid;

#[derive(QueryableByName)]
struct Gone {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// What ends for a record kind: rows of the regulation whose matter closed (or that were made) in the month.
fn text(record_kind: &str) -> Option<&'static str> {
    match record_kind {
        "permission_application" => Some(
            "DELETE FROM permission_applications WHERE regulation = $1 AND closed_at IS NOT NULL \
             AND date_trunc('month', closed_at AT TIME ZONE 'Asia/Taipei')::date = $2 RETURNING id",
        ),
        "training" => Some(
            "DELETE FROM trainings WHERE $1 = 'household' AND date_trunc('month', held_on)::date = $2 RETURNING id",
        ),
        _ => None,
    }
}

/// Deletes what the order names and answers with the digest of what went.
pub async fn destruction_approved(tx: &mut Tx, event: DestructionApproved, _: EventMeta) -> Result<()> {
    if event.service != tx.context().name() {
        return Ok(());
    }
    let mut ids: Vec<Uuid> = vec![];
    if let Some(sql) = text(&event.record_kind.replace('-', "_")) {
        let gone: Vec<Gone> = statement(sql)
            .bind::<Text, _>(&event.regulation)
            .bind::<Date, _>(event.month)
            .load(tx.conn())
            .await?;
        ids = gone.into_iter().map(|g| g.id).collect();
    }
    endorsements::end(tx.conn(), &ids).await?;
    ids.sort_unstable();
    let root = canonical::sha256_hex(&canonical::bytes(&ids)?);
    let count = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    tx.emit(&DestructionCarriedOut { order: event.order, count, root, method: "rows deleted".to_owned() })
        .await
}
