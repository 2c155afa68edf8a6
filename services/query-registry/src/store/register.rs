//! Numbers in the register.

use chassis::{Result, Tx};
use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl as _;
use statement::statement;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// The next number of the register. Gaps are possible: a number that was drawn is never given twice.
pub async fn next_number(tx: &mut Tx) -> Result<i64> {
    let row: Number = statement("SELECT nextval('register_numbers') AS number").get_result(tx.conn()).await?;
    Ok(row.number)
}
