//! The register: its numbers, and what of it belongs to a case.

use chassis::{Result, Tx};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use kernel::ids::{CaseId, QueryApplicationId};
use statement::statement;
use uuid::Uuid;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// The query applications of a case.
pub async fn of_case(conn: &mut AsyncPgConnection, case: CaseId) -> Result<Vec<QueryApplicationId>> {
    let rows: Vec<Id> = statement("SELECT id FROM query_applications WHERE case_id = $1 ORDER BY id")
        .bind::<SqlUuid, _>(case.0)
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|row| QueryApplicationId(row.id)).collect())
}

#[derive(QueryableByName)]
struct Leaf {
    #[diesel(sql_type = BigInt)]
    leaf: i64,
}

/// A leaf of the registers' key trees that no other value has.
pub async fn next_leaf(tx: &mut Tx) -> Result<u32> {
    let row: Leaf = statement("SELECT nextval('register_leaves') AS leaf").get_result(tx.conn()).await?;
    u32::try_from(row.leaf).map_err(|_| anyhow::anyhow!("a leaf out of range").into())
}

/// The next number of the register. Gaps are possible: a number that was drawn is never given twice.
pub async fn next_number(tx: &mut Tx) -> Result<i64> {
    let row: Number = statement("SELECT nextval('register_numbers') AS number").get_result(tx.conn()).await?;
    Ok(row.number)
}
