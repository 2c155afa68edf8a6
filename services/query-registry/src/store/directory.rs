//! Rows of the account service's state. Each change takes the next number of a counter whose row lock orders commits,
//! so that an index that has taken in number n has missed nothing up to n.

use chassis::{Result, Tx};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Jsonb, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use serde::Serialize;
use statement::statement;
use uuid::Uuid;

use crate::domain::directory::Record;

/// The kinds of rows.
pub mod kind {
    /// [`super::Record::Account`]
    pub const ACCOUNT: &str = "account";
    /// [`super::Record::Person`]
    pub const PERSON: &str = "person";
    /// [`super::Record::Agency`]
    pub const AGENCY: &str = "agency";
    /// [`super::Record::System`]
    pub const SYSTEM: &str = "system";
    /// [`super::Record::Configuration`]
    pub const CONFIGURATION: &str = "configuration";
}

#[derive(QueryableByName)]
struct Change {
    #[diesel(sql_type = BigInt)]
    change: i64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    change: i64,
    #[diesel(sql_type = Jsonb)]
    doc: serde_json::Value,
}

/// Puts a row; an older revision than the stored one changes nothing (false).
pub async fn put<T: Serialize>(tx: &mut Tx, kind: &str, id: Uuid, revision: i64, doc: &T) -> Result<bool> {
    let put = statement(
        "WITH tick AS (UPDATE directory_clock SET change = change + 1 RETURNING change) \
         INSERT INTO directory (kind, id, revision, change, doc) SELECT $1, $2, $3, tick.change, $4 FROM tick \
         ON CONFLICT (kind, id) DO UPDATE SET revision = EXCLUDED.revision, change = EXCLUDED.change, \
         doc = EXCLUDED.doc WHERE directory.revision < EXCLUDED.revision",
    )
    .bind::<Text, _>(kind)
    .bind::<SqlUuid, _>(id)
    .bind::<BigInt, _>(revision)
    .bind::<Jsonb, _>(serde_json::to_value(doc)?)
    .execute(tx.conn())
    .await?;
    Ok(put > 0)
}

/// The number of the last change.
pub async fn change(conn: &mut AsyncPgConnection) -> Result<i64> {
    let row: Change = statement("SELECT change FROM directory_clock").get_result(conn).await?;
    Ok(row.change)
}

/// The rows that changed after number `known`, in order.
pub async fn changed_since(conn: &mut AsyncPgConnection, known: i64) -> Result<Vec<(i64, Record)>> {
    let rows: Vec<Row> =
        statement("SELECT kind, change, doc FROM directory WHERE change > $1 ORDER BY change")
            .bind::<BigInt, _>(known)
            .load(conn)
            .await?;
    rows.into_iter().map(|row| Ok((row.change, parse(&row.kind, row.doc)?))).collect()
}

/// A row of `kind` as the index takes it.
pub fn parse(kind: &str, doc: serde_json::Value) -> Result<Record> {
    Ok(match kind {
        kind::ACCOUNT => Record::Account(serde_json::from_value(doc)?),
        kind::PERSON => Record::Person(serde_json::from_value(doc)?),
        kind::AGENCY => Record::Agency(serde_json::from_value(doc)?),
        kind::CONFIGURATION => Record::Configuration(serde_json::from_value(doc)?),
        _ => Record::System(serde_json::from_value(doc)?),
    })
}
