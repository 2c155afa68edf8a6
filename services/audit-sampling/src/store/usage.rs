//! Into the population of queries: one row for each, and one for each account and period that counts and chains them.

use std::collections::{BTreeMap, BTreeSet};

use chassis::{Error, Result};
use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Binary, Date, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use kernel::ids::AccountId;
use query_registry_types::events::QueryRecorded;
use statement::{Json, statement};
use uuid::Uuid;

use crate::domain::draw;

/// A query that counts for an account in a period.
#[derive(Debug, Clone, Copy)]
pub struct Counted<'q> {
    /// The account.
    pub account: AccountId,
    /// First day of the period.
    pub period: NaiveDate,
    /// The query.
    pub query: &'q QueryRecorded,
}

/// Regulation, period, account.
type Place = (String, NaiveDate, Uuid);

impl Counted<'_> {
    fn place(&self) -> Place {
        (self.query.regulation.clone(), self.period, self.account.0)
    }
}

/// An account's queries of a period: how many, and the chain over their ids.
#[derive(Debug, Clone, Copy)]
struct Usage {
    count: i64,
    root: [u8; 32],
}

/// Adds queries to their accounts' records, in their order; those that are there already change nothing. The counters'
/// row locks keep positions dense.
pub async fn add(conn: &mut AsyncPgConnection, queries: &[Counted<'_>]) -> Result<()> {
    let mut known = known(conn, queries).await?;
    let new: Vec<Counted<'_>> = queries.iter().filter(|c| known.insert(c.query.query.0)).copied().collect();
    if new.is_empty() {
        return Ok(());
    }
    let mut usage = locked(conn, &new).await?;
    let mut positions = vec![];
    let mut last: BTreeMap<Place, Counted<'_>> = BTreeMap::new();
    for counted in &new {
        let usage = usage.entry(counted.place()).or_insert(Usage { count: 0, root: [0; 32] });
        positions.push(usage.count);
        *usage = Usage { count: usage.count + 1, root: draw::link(&usage.root, counted.query.query) };
        last.insert(counted.place(), *counted);
    }
    write(conn, &usage, &last).await?;
    insert(conn, &new, &positions).await
}

#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = SqlUuid)]
    query_id: Uuid,
}

async fn known(conn: &mut AsyncPgConnection, queries: &[Counted<'_>]) -> Result<BTreeSet<Uuid>> {
    let ids: Vec<Uuid> = queries.iter().map(|c| c.query.query.0).collect();
    let known: Vec<Known> = statement("SELECT query_id FROM population_queries WHERE query_id = ANY($1)")
        .bind::<Array<SqlUuid>, _>(ids)
        .load(conn)
        .await?;
    Ok(known.into_iter().map(|known| known.query_id).collect())
}

#[derive(QueryableByName)]
struct UsageRow {
    #[diesel(sql_type = Text)]
    regulation: String,
    #[diesel(sql_type = Date)]
    period: NaiveDate,
    #[diesel(sql_type = SqlUuid)]
    account_id: Uuid,
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = Binary)]
    root: Vec<u8>,
}

/// What the accounts have so far, kept from others until the transaction ends.
async fn locked(conn: &mut AsyncPgConnection, new: &[Counted<'_>]) -> Result<BTreeMap<Place, Usage>> {
    let places: BTreeSet<Place> = new.iter().map(Counted::place).collect();
    let rows: Vec<UsageRow> = statement(
        "SELECT u.regulation, u.period, u.account_id, u.count, u.root \
         FROM unnest($1::text[], $2::date[], $3::uuid[]) AS p (regulation, period, account_id) \
         JOIN population_usage u USING (regulation, period, account_id) \
         ORDER BY u.regulation, u.period, u.account_id FOR UPDATE OF u",
    )
    .bind::<Array<Text>, _>(places.iter().map(|(regulation, _, _)| regulation.as_str()).collect::<Vec<_>>())
    .bind::<Array<Date>, _>(places.iter().map(|(_, period, _)| *period).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(places.iter().map(|(_, _, account)| *account).collect::<Vec<_>>())
    .load(conn)
    .await?;
    let usage = rows.into_iter().map(|row| {
        let root =
            row.root.try_into().map_err(|_| Error::Internal(anyhow::anyhow!("a root of another length")))?;
        Ok(((row.regulation, row.period, row.account_id), Usage { count: row.count, root }))
    });
    usage.collect()
}

async fn write(
    conn: &mut AsyncPgConnection,
    usage: &BTreeMap<Place, Usage>,
    last: &BTreeMap<Place, Counted<'_>>,
) -> Result<()> {
    let rows: Vec<(&Place, &Usage, &QueryRecorded)> =
        usage.iter().filter_map(|(place, usage)| Some((place, usage, last.get(place)?.query))).collect();
    statement(
        "INSERT INTO population_usage (regulation, period, account_id, count, root, person_id, agency_id, unit_id) \
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (regulation, period, account_id) DO UPDATE SET count = EXCLUDED.count, root = EXCLUDED.root, \
         person_id = EXCLUDED.person_id, agency_id = EXCLUDED.agency_id, unit_id = EXCLUDED.unit_id",
    )
    .bind::<Array<Text>, _>(rows.iter().map(|((regulation, _, _), _, _)| regulation.as_str()).collect::<Vec<_>>())
    .bind::<Array<Date>, _>(rows.iter().map(|((_, period, _), _, _)| *period).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(rows.iter().map(|((_, _, account), _, _)| *account).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(rows.iter().map(|(_, usage, _)| usage.count).collect::<Vec<_>>())
    .bind::<Array<Binary>, _>(rows.iter().map(|(_, usage, _)| usage.root.as_slice()).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(rows.iter().map(|(_, _, query)| query.person.0).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(rows.iter().map(|(_, _, query)| query.agency.0).collect::<Vec<_>>())
    .bind::<Array<Nullable<SqlUuid>>, _>(rows.iter().map(|(_, _, query)| query.unit.map(|u| u.0)).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert(conn: &mut AsyncPgConnection, new: &[Counted<'_>], positions: &[i64]) -> Result<()> {
    let marks = new.iter().map(|c| Json::of(&c.query.marks)).collect::<serde_json::Result<Vec<_>>>()?;
    statement(
        "INSERT INTO population_queries (account_id, regulation, period, position, query_id, person_id, agency_id, at, \
         log, log_index, marks) SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind::<Array<SqlUuid>, _>(new.iter().map(|c| c.account.0).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(new.iter().map(|c| c.query.regulation.as_str()).collect::<Vec<_>>())
    .bind::<Array<Date>, _>(new.iter().map(|c| c.period).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(positions)
    .bind::<Array<SqlUuid>, _>(new.iter().map(|c| c.query.query.0).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(new.iter().map(|c| c.query.person.0).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(new.iter().map(|c| c.query.agency.0).collect::<Vec<_>>())
    .bind::<Array<Timestamptz>, _>(new.iter().map(|c| c.query.at).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(new.iter().map(|c| c.query.log.as_str()).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(new.iter().map(|c| c.query.log_index).collect::<Vec<_>>())
    .bind::<Array<Jsonb>, _>(marks)
    .execute(conn)
    .await?;
    Ok(())
}
