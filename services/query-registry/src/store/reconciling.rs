//! What the register holds against a provider's count.

use std::collections::BTreeSet;

use chassis::Result;
use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_types::{Array, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use kernel::days;
use kernel::ids::{AccountId, AgencyId, PersonId, QueryId};
use statement::statement;
use uuid::Uuid;

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Queries of a regulation in a month that were answered: the provider must have counted them.
pub async fn answered(
    conn: &mut AsyncPgConnection,
    regulation: &str,
    month: NaiveDate,
) -> Result<BTreeSet<QueryId>> {
    let rows: Vec<IdRow> = statement(
        "SELECT id FROM query_records WHERE regulation = $1 AND at >= $2 AND at < $3 \
         AND decision IN ('answered', 'not_found')",
    )
    .bind::<Text, _>(regulation)
    .bind::<Timestamptz, _>(days::start_of(month))
    .bind::<Timestamptz, _>(days::start_of(days::add_months(month, 1)))
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(|row| QueryId(row.id)).collect())
}

/// Those of `calls` that are queries of the regulation which passed the gate, whatever became of them. A refused query
/// never reached the provider: a call under its number went past the gate.
pub async fn known(
    conn: &mut AsyncPgConnection,
    regulation: &str,
    calls: &[Uuid],
) -> Result<BTreeSet<QueryId>> {
    let rows: Vec<IdRow> = statement(
        "SELECT id FROM query_records WHERE id = ANY($1) AND regulation = $2 AND decision <> 'refused'",
    )
    .bind::<Array<SqlUuid>, _>(calls)
    .bind::<Text, _>(regulation)
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(|row| QueryId(row.id)).collect())
}

/// Who stands behind a query.
#[derive(Debug, Clone, QueryableByName)]
struct OwnerRow {
    #[diesel(sql_type = SqlUuid)]
    agency_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    person_id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    account_id: Option<Uuid>,
    #[diesel(sql_type = Timestamptz)]
    at: kernel::Instant,
}

/// Agency, user, account and day of a query.
pub async fn owner(
    conn: &mut AsyncPgConnection,
    query: QueryId,
) -> Result<Option<(AgencyId, PersonId, Option<AccountId>, NaiveDate)>> {
    use diesel::OptionalExtension as _;
    let row: Option<OwnerRow> =
        statement("SELECT agency_id, person_id, account_id, at FROM query_records WHERE id = $1")
            .bind::<SqlUuid, _>(query.0)
            .get_result(conn)
            .await
            .optional()?;
    Ok(row.map(|r| {
        let day = days::taipei_date(r.at);
        (AgencyId(r.agency_id), PersonId(r.person_id), r.account_id.map(AccountId), day)
    }))
}
