//! States of accounts in time.

use std::collections::HashMap;

use account_types::events::AccountSnapshot;
use chassis::{Result, Tx};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Jsonb, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use kernel::Instant;
use statement::statement;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Timestamptz)]
    since: Instant,
    #[diesel(sql_type = Jsonb)]
    doc: serde_json::Value,
}

/// Keeps the state that an account has `since`.
pub async fn note(tx: &mut Tx, account: &AccountSnapshot, since: Instant) -> Result<()> {
    statement(
        "INSERT INTO account_states (account_id, revision, since, regulation, doc) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT DO NOTHING",
    )
    .bind::<SqlUuid, _>(account.id.0)
    .bind::<BigInt, _>(account.revision)
    .bind::<Timestamptz, _>(since)
    .bind::<Text, _>(&account.regulation)
    .bind::<Jsonb, _>(serde_json::to_value(account)?)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The states in order of those accounts of a regulation that have one of `numbers` (in lower case), by number. A number
/// that passed from one account to another has the states of both.
pub async fn by_number(
    conn: &mut AsyncPgConnection,
    regulation: &str,
    numbers: &[String],
) -> Result<HashMap<String, Vec<(Instant, AccountSnapshot)>>> {
    let rows: Vec<Row> = statement(
        "SELECT since, doc FROM account_states WHERE regulation = $1 AND lower(doc->>'number') = ANY($2) \
         ORDER BY since, account_id, revision",
    )
    .bind::<Text, _>(regulation)
    .bind::<Array<Text>, _>(numbers)
    .load(conn)
    .await?;
    let mut states: HashMap<String, Vec<(Instant, AccountSnapshot)>> = HashMap::new();
    for row in rows {
        let account: AccountSnapshot = serde_json::from_value(row.doc)?;
        states.entry(account.number.to_lowercase()).or_default().push((row.since, account));
    }
    Ok(states)
}
