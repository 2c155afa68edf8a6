//! What was revoked, numbered in the order of commits: the source of the stream (invariant 7).
//!
//! Lines are numbered under the same lock as those of the feed ([`super::changes`]), held until the commit, so that whoever
//! has seen a number has seen all before it. One lock and not two: a transaction that writes both can never wait for one
//! while it holds the other. A counter in a row would do too, but under REPEATABLE READ every second writer would fail on
//! it and begin anew.

use account_types::events::SystemChanged;
use chassis::revocations::{Entry, Kind, Told};
use chassis::{Result, Tx};
use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Jsonb, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Serialize;
use statement::statement;

use super::changes;

/// Entries read at once.
const PAGE: i64 = 50;
/// How long an entry is kept: longer than any access token lives, and longer than Kafka may be away before its loss is an
/// emergency of its own. A replica that starts meanwhile learns from it what no event has told yet.
const KEPT_DAYS: i64 = 30;

#[derive(QueryableByName)]
struct Newest {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Bool)]
    standby: bool,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Bool)]
    ends_tokens: bool,
    #[diesel(sql_type = Nullable<Jsonb>)]
    state: Option<serde_json::Value>,
}

/// Notes an act that takes something from `subject` or gives it back: `state` is what stands since. With `ends_tokens`,
/// access tokens that were issued before are no good any more.
pub async fn note<T: Serialize>(
    tx: &mut Tx,
    (kind, subject): (Kind, &str),
    ends_tokens: bool,
    state: Option<&T>,
) -> Result<()> {
    let (now, state) = (tx.now(), state.map(serde_json::to_value).transpose()?);
    changes::lock(tx).await?;
    statement("INSERT INTO revocations (at, kind, subject, ends_tokens, state) VALUES ($1, $2, $3, $4, $5)")
        .bind::<Timestamptz, _>(now)
        .bind::<Text, _>(kind.code())
        .bind::<Text, _>(subject)
        .bind::<Bool, _>(ends_tokens)
        .bind::<Nullable<Jsonb>, _>(state)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Notes that an agency system was changed: it signs in anew, if it still may.
pub async fn note_system(tx: &mut Tx, system: &SystemChanged) -> Result<()> {
    note(tx, (Kind::System, &system.system.to_string()), true, Some(system)).await
}

/// The last number. What is read after it is at least as new.
pub async fn last(conn: &mut AsyncPgConnection) -> Result<i64> {
    Ok(newest(conn).await?.seq)
}

async fn newest(conn: &mut AsyncPgConnection) -> Result<Newest> {
    let sql = "SELECT coalesce(max(seq), 0) AS seq, pg_is_in_recovery() AS standby FROM revocations";
    Ok(statement(sql).get_result(conn).await?)
}

/// What came after `after`, a page at most, from the primary alone.
pub async fn told(conn: &mut AsyncPgConnection, after: i64) -> Result<Told> {
    let newest = newest(conn).await?;
    if newest.standby {
        return Err(anyhow::anyhow!("this database is a standby").into());
    }
    if newest.seq <= after {
        // Fewer than before: the listener finds that out by the number.
        return Ok(Told { after, seq: newest.seq, entries: vec![], more: false });
    }
    let rows: Vec<Row> = statement(
        "SELECT seq, at, kind, subject, ends_tokens, state FROM revocations WHERE seq > $1 ORDER BY seq LIMIT $2",
    )
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(PAGE)
    .load(conn)
    .await?;
    let entries = rows.into_iter().map(entry).collect::<Result<Vec<_>>>()?;
    let more = i64::try_from(entries.len()).is_ok_and(|n| n == PAGE);
    let read = entries.last().map_or(after, |last| last.seq);
    Ok(Told { after, seq: if more { read } else { read.max(newest.seq) }, entries, more })
}

fn entry(row: Row) -> Result<Entry> {
    Ok(Entry {
        seq: row.seq,
        at: row.at,
        kind: serde_json::from_value(row.kind.into())?,
        subject: row.subject,
        ends_tokens: row.ends_tokens,
        state: row.state,
    })
}

/// [`told`], for the chassis' reader.
pub fn reader(conn: &mut AsyncPgConnection, after: i64) -> BoxFuture<'_, Result<Told>> {
    told(conn, after).boxed()
}

/// Drops what served its time. The newest line stays: it holds the number.
pub async fn sweep(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> Result<()> {
    statement("DELETE FROM revocations WHERE at < $1 AND seq < (SELECT max(seq) FROM revocations)")
        .bind::<Timestamptz, _>(now - chrono::Duration::days(KEPT_DAYS))
        .execute(conn)
        .await?;
    Ok(())
}
