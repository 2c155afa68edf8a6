//! Uses of accounts, counted from the registry's events.

use std::collections::BTreeMap;

use chassis::{Result, Tx};
use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use kernel::ids::AccountId;
use statement::statement;
use uuid::Uuid;

/// When and how often an account was used.
#[derive(Debug, Clone, Copy, QueryableByName)]
pub struct Use {
    /// The account.
    #[diesel(sql_type = SqlUuid)]
    pub account_id: Uuid,
    /// Last time.
    #[diesel(sql_type = Timestamptz)]
    pub last_used_at: DateTime<Utc>,
    /// Times.
    #[diesel(sql_type = BigInt)]
    pub uses: i64,
}

/// Counts uses: how many of each account, and when the last was.
pub async fn count(tx: &mut Tx, uses: &BTreeMap<AccountId, (i64, DateTime<Utc>)>) -> Result<()> {
    if uses.is_empty() {
        return Ok(());
    }
    statement(
        "INSERT INTO account_uses (account_id, uses, last_used_at) SELECT * FROM unnest($1, $2, $3) \
         ON CONFLICT (account_id) DO UPDATE SET uses = account_uses.uses + EXCLUDED.uses, \
         last_used_at = greatest(account_uses.last_used_at, EXCLUDED.last_used_at)",
    )
    .bind::<Array<SqlUuid>, _>(uses.keys().map(|account| account.0).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(uses.values().map(|(times, _)| *times).collect::<Vec<_>>())
    .bind::<Array<Timestamptz>, _>(uses.values().map(|(_, last)| *last).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Every use.
pub async fn all(tx: &mut Tx) -> Result<BTreeMap<AccountId, Use>> {
    let rows: Vec<Use> =
        statement("SELECT account_id, last_used_at, uses FROM account_uses").load(tx.conn()).await?;
    Ok(rows.into_iter().map(|u| (AccountId(u.account_id), u)).collect())
}
