//! Aggregates as documents: a row holds the domain value as JSON; the columns that queries filter on are generated
//! from it by PostgreSQL, so they cannot drift (docs/decisions/0002-documents.md).
//!
//! A table has `id uuid PRIMARY KEY, version bigint, doc jsonb, created_at, updated_at` and generated columns.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::sql_types::{Array, BigInt, Bool, Date, Jsonb, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension as _, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use statement::{Json, Statement, statement};
use uuid::Uuid;

use crate::answer::{Page, PageParams};
use crate::error::{Error, Result};
use crate::problem::{self, Problem};

/// A domain value that is kept as a document.
pub trait Document: Serialize + DeserializeOwned {
    /// Its table.
    const TABLE: &'static str;
    /// Its id.
    fn id(&self) -> Uuid;
    /// The regulation whose data it is about, if it is about one's alone.
    fn regulation(&self) -> Option<&str> {
        None
    }
}

/// A document with its version, as loaded.
#[derive(Debug, Clone)]
pub struct Stored<T> {
    /// Counts changes; the ETag.
    pub version: i64,
    /// The value.
    pub doc: T,
}

impl<T> std::ops::Deref for Stored<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.doc
    }
}

impl<T> std::ops::DerefMut for Stored<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.doc
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Jsonb)]
    doc: Json,
}

impl Row {
    fn parse<T: Document>(self) -> Result<Stored<T>> {
        Ok(Stored { version: self.version, doc: self.doc.parse()? })
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// A value that a filter compares with.
#[derive(Debug, Clone)]
enum Bind {
    Uuid(Uuid),
    Text(String),
    Texts(Vec<String>),
    Date(NaiveDate),
    Time(DateTime<Utc>),
    Int(i64),
    Bool(bool),
}

macro_rules! into_bind {
    ($($from:ty => $variant:ident $(, $convert:ident)?;)+) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Value(Bind::$variant(value$(.$convert())?))
            }
        }
    )+};
}

/// A value for [`Filter`].
#[derive(Debug, Clone)]
pub struct Value(Bind);

into_bind! {
    Uuid => Uuid;
    String => Text;
    &str => Text, to_owned;
    NaiveDate => Date;
    DateTime<Utc> => Time;
    i64 => Int;
    bool => Bool;
}

macro_rules! id_bind {
    ($($id:ident),+) => {$(
        impl From<kernel::ids::$id> for Value {
            fn from(id: kernel::ids::$id) -> Self {
                Value(Bind::Uuid(id.0))
            }
        }
    )+};
}

id_bind!(
    AgencyId,
    UnitId,
    PersonId,
    PostId,
    AccountId,
    SystemId,
    PermissionApplicationId,
    QueryApplicationId,
    QueryId,
    CaseId,
    ObligationId,
    PlanId,
    FindingId,
    OrderId,
    SessionId
);

/// Conditions over the generated columns, joined by AND. Column names and operators are code, values are bound.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    conditions: Vec<(String, Bind)>,
    newest_first: bool,
}

impl Filter {
    /// No condition.
    pub fn all() -> Self {
        Self::default()
    }

    /// `column = value`
    #[must_use]
    pub fn eq(self, column: &'static str, value: impl Into<Value>) -> Self {
        self.op(column, "=", value)
    }

    /// `column = value` when there is a value.
    #[must_use]
    pub fn eq_opt(self, column: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.eq(column, value),
            None => self,
        }
    }

    /// `column <operator> value`, with an operator of SQL (`<`, `<=`, `>`, `>=`, `<>`).
    #[must_use]
    pub fn op(mut self, column: &'static str, operator: &'static str, value: impl Into<Value>) -> Self {
        self.conditions.push((format!("{column} {operator} $"), value.into().0));
        self
    }

    /// `column` is one of `values`.
    #[must_use]
    pub fn one_of(mut self, column: &'static str, values: &[&str]) -> Self {
        let values = values.iter().map(|v| (*v).to_owned()).collect();
        self.conditions.push((format!("{column} = ANY($)"), Bind::Texts(values)));
        self
    }

    /// `column` is one of `values` when there are some to choose from: of an empty set, nothing.
    #[must_use]
    pub fn one_of_opt(self, column: &'static str, values: Option<&BTreeSet<String>>) -> Self {
        match values {
            Some(values) => self.one_of(column, &values.iter().map(String::as_str).collect::<Vec<_>>()),
            None => self,
        }
    }

    /// Newest first instead of oldest first.
    #[must_use]
    pub fn newest_first(mut self) -> Self {
        self.newest_first = true;
        self
    }
}

fn with_filter<'a>(head: String, filter: Filter, tail: &str) -> Statement<'a> {
    let mut sql = head;
    for (i, (condition, _)) in filter.conditions.iter().enumerate() {
        sql.push_str(if i == 0 { " WHERE " } else { " AND " });
        sql.push_str(&condition.replace('$', &format!("${}", i + 1)));
    }
    sql.push_str(tail);
    filter.conditions.into_iter().fold(statement(sql), |query, (_, bind)| match bind {
        Bind::Uuid(v) => query.bind::<SqlUuid, _>(v),
        Bind::Text(v) => query.bind::<Text, _>(v),
        Bind::Texts(v) => query.bind::<Array<Text>, _>(v),
        Bind::Date(v) => query.bind::<Date, _>(v),
        Bind::Time(v) => query.bind::<Timestamptz, _>(v),
        Bind::Int(v) => query.bind::<BigInt, _>(v),
        Bind::Bool(v) => query.bind::<Bool, _>(v),
    })
}

/// Inserts `doc` as version 1.
pub async fn insert<T: Document>(
    conn: &mut AsyncPgConnection,
    doc: &T,
    now: DateTime<Utc>,
) -> Result<Stored<()>> {
    let sql = format!(
        "INSERT INTO {} (id, version, doc, created_at, updated_at) VALUES ($1, 1, $2, $3, $3)",
        T::TABLE
    );
    statement(sql)
        .bind::<SqlUuid, _>(doc.id())
        .bind::<Jsonb, _>(Json::of(doc)?)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?;
    Ok(Stored { version: 1, doc: () })
}

/// Writes `stored` back as its next version; somebody else's change in between gives 412.
pub async fn update<T: Document>(
    conn: &mut AsyncPgConnection,
    stored: &Stored<T>,
    now: DateTime<Utc>,
) -> Result<i64> {
    let sql = format!(
        "UPDATE {} SET version = version + 1, doc = $3, updated_at = $4 WHERE id = $1 AND version = $2",
        T::TABLE
    );
    let changed = statement(sql)
        .bind::<SqlUuid, _>(stored.doc.id())
        .bind::<BigInt, _>(stored.version)
        .bind::<Jsonb, _>(Json::of(&stored.doc)?)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?;
    if changed == 0 {
        return Err(
            Problem::new(&problem::PRECONDITION_FAILED, "Load it again and repeat the change.").into()
        );
    }
    Ok(stored.version + 1)
}

/// Inserts `doc`, or replaces what stands under its id: for projections of another service's state.
pub async fn put<T: Document>(conn: &mut AsyncPgConnection, doc: &T, now: DateTime<Utc>) -> Result<()> {
    let sql = format!(
        "INSERT INTO {table} (id, version, doc, created_at, updated_at) VALUES ($1, 1, $2, $3, $3) \
         ON CONFLICT (id) DO UPDATE SET version = {table}.version + 1, doc = $2, updated_at = $3",
        table = T::TABLE
    );
    statement(sql)
        .bind::<SqlUuid, _>(doc.id())
        .bind::<Jsonb, _>(Json::of(doc)?)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?;
    Ok(())
}

/// Loads a document; `lock` keeps the row until the transaction ends.
pub async fn find<T: Document>(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    lock: bool,
) -> Result<Option<Stored<T>>> {
    find_with(conn, id, if lock { " FOR UPDATE" } else { "" }).await
}

/// Loads a document and keeps it from being changed until the transaction ends.
pub async fn hold<T: Document>(conn: &mut AsyncPgConnection, id: Uuid) -> Result<Option<Stored<T>>> {
    find_with(conn, id, " FOR SHARE").await
}

async fn find_with<T: Document>(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    tail: &str,
) -> Result<Option<Stored<T>>> {
    let sql = format!("SELECT version, doc FROM {} WHERE id = $1{tail}", T::TABLE);
    let row: Option<Row> = statement(sql).bind::<SqlUuid, _>(id).get_result(conn).await.optional()?;
    row.map(Row::parse).transpose()
}

/// The documents of `ids` that are there, by id.
pub async fn find_all<T: Document>(
    conn: &mut AsyncPgConnection,
    ids: &BTreeSet<Uuid>,
) -> Result<BTreeMap<Uuid, Stored<T>>> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let sql = format!("SELECT version, doc FROM {} WHERE id = ANY($1)", T::TABLE);
    let ids: Vec<Uuid> = ids.iter().copied().collect();
    let rows: Vec<Row> = statement(sql).bind::<Array<SqlUuid>, _>(ids).load(conn).await?;
    let stored = rows.into_iter().map(Row::parse::<T>);
    stored.map(|stored| stored.map(|stored| (stored.doc.id(), stored))).collect()
}

/// Every document that fits, up to `limit`.
pub async fn select<T: Document>(
    conn: &mut AsyncPgConnection,
    filter: Filter,
    limit: i64,
) -> Result<Vec<Stored<T>>> {
    let order = if filter.newest_first { "DESC" } else { "ASC" };
    let mut tail = String::new();
    let _ = write!(tail, " ORDER BY id {order} LIMIT {limit}");
    let rows: Vec<Row> =
        with_filter(format!("SELECT version, doc FROM {}", T::TABLE), filter, &tail).load(conn).await?;
    rows.into_iter().map(Row::parse).collect()
}

/// One page of the documents that fit; the cursor is the last id.
pub async fn page<T: Document>(
    conn: &mut AsyncPgConnection,
    filter: Filter,
    params: &PageParams,
) -> Result<Page<Stored<T>>> {
    let operator = if filter.newest_first { "<" } else { ">" };
    let filter = match &params.after {
        None => filter,
        Some(cursor) => {
            let id: Uuid = cursor.parse().map_err(|_| {
                Problem::invalid("after", "not a cursor of this list: use `next` of the page before")
            })?;
            filter.op("id", operator, id)
        }
    };
    let limit = params.limit()?;
    let mut items: Vec<Stored<T>> = select(conn, filter, limit + 1).await?;
    let more = items.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = items.last().filter(|_| more).map(|last| last.doc.id().to_string());
    Ok(Page { items, next })
}

/// How many documents fit.
pub async fn count<T: Document>(conn: &mut AsyncPgConnection, filter: Filter) -> Result<i64> {
    let count: Count =
        with_filter(format!("SELECT count(*) AS n FROM {}", T::TABLE), filter, "").get_result(conn).await?;
    Ok(count.n)
}

/// The one document that fits, if any.
pub async fn first<T: Document>(conn: &mut AsyncPgConnection, filter: Filter) -> Result<Option<Stored<T>>> {
    Ok(select(conn, filter, 1).await?.into_iter().next())
}

/// 404 for what is not there.
pub fn missing(what: &str) -> Error {
    Problem::new(&problem::NOT_FOUND, format!("There is no such {what} for this caller. Check the id."))
        .into()
}
