//! The population of queries as audits read it: frozen for a plan, at drawn positions, by account.

use std::collections::BTreeMap;

use audit_sampling_types::{DrawnQuery, FrozenAccount};
use chassis::Result;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Binary, Date, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use kernel::ids::{AccountId, AgencyId, PersonId, PlanId, QueryId, UnitId};
use statement::statement;
use uuid::Uuid;

/// An account of a frozen population, with its holder.
#[derive(Debug, Clone)]
pub struct Member {
    /// What is committed to.
    pub frozen: FrozenAccount,
    /// The holder.
    pub person: PersonId,
    /// The holder's agency.
    pub agency: AgencyId,
    /// The holder's unit.
    pub unit: Option<UnitId>,
}

#[derive(QueryableByName)]
struct MemberRow {
    #[diesel(sql_type = SqlUuid)]
    account_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    person_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    agency_id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    unit_id: Option<Uuid>,
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = Binary)]
    root: Vec<u8>,
}

impl From<MemberRow> for Member {
    fn from(row: MemberRow) -> Self {
        Self {
            frozen: FrozenAccount {
                account: row.account_id.into(),
                count: row.count.unsigned_abs(),
                root: hex::encode(row.root),
            },
            person: row.person_id.into(),
            agency: row.agency_id.into(),
            unit: row.unit_id.map(Into::into),
        }
    }
}

/// Copies the used accounts of a period as the population of `plan`.
pub async fn freeze(
    conn: &mut AsyncPgConnection,
    plan: PlanId,
    regulation: &str,
    period: NaiveDate,
) -> Result<()> {
    statement(
        "INSERT INTO plan_population (plan_id, account_id, person_id, agency_id, unit_id, count, root) \
         SELECT $1, account_id, person_id, agency_id, unit_id, count, root FROM population_usage \
         WHERE regulation = $2 AND period = $3",
    )
    .bind::<SqlUuid, _>(plan.0)
    .bind::<Text, _>(regulation)
    .bind::<Date, _>(period)
    .execute(conn)
    .await?;
    Ok(())
}

/// The population of `plan`, ordered by account id.
pub async fn members(conn: &mut AsyncPgConnection, plan: PlanId) -> Result<Vec<Member>> {
    let rows: Vec<MemberRow> = statement(
        "SELECT account_id, person_id, agency_id, unit_id, count, root FROM plan_population WHERE plan_id = $1 \
         ORDER BY account_id",
    )
    .bind::<SqlUuid, _>(plan.0)
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(Member::from).collect())
}

#[derive(QueryableByName)]
struct QueryRow {
    #[diesel(sql_type = SqlUuid)]
    account_id: Uuid,
    #[diesel(sql_type = BigInt)]
    position: i64,
    #[diesel(sql_type = SqlUuid)]
    query_id: Uuid,
    #[diesel(sql_type = Text)]
    log: String,
    #[diesel(sql_type = BigInt)]
    log_index: i64,
}

/// The queries at the drawn positions of many accounts, by account and position.
pub async fn at_positions(
    conn: &mut AsyncPgConnection,
    regulation: &str,
    period: NaiveDate,
    drawn: &[(AccountId, Vec<u64>)],
) -> Result<BTreeMap<AccountId, Vec<DrawnQuery>>> {
    let (mut accounts, mut positions) = (vec![], vec![]);
    for (account, wanted) in drawn {
        for position in wanted {
            accounts.push(account.0);
            positions.push(i64::try_from(*position).unwrap_or(i64::MAX));
        }
    }
    let rows: Vec<QueryRow> = statement(
        "SELECT q.account_id, q.position, q.query_id, q.log, q.log_index \
         FROM unnest($3::uuid[], $4::bigint[]) AS d (account_id, position) \
         JOIN population_queries q ON q.account_id = d.account_id AND q.regulation = $1 AND q.period = $2 \
         AND q.position = d.position ORDER BY q.account_id, q.position",
    )
    .bind::<Text, _>(regulation)
    .bind::<Date, _>(period)
    .bind::<Array<SqlUuid>, _>(accounts)
    .bind::<Array<BigInt>, _>(positions)
    .load(conn)
    .await?;
    let mut found: BTreeMap<AccountId, Vec<DrawnQuery>> = BTreeMap::new();
    for row in rows {
        found.entry(row.account_id.into()).or_default().push(DrawnQuery {
            position: row.position.unsigned_abs(),
            query: row.query_id.into(),
            log: row.log,
            log_index: row.log_index,
        });
    }
    Ok(found)
}

#[derive(QueryableByName)]
struct ChainRow {
    #[diesel(sql_type = SqlUuid)]
    account_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    query_id: Uuid,
}

/// The first `count` queries of each account of a period, in their order.
pub async fn chains(
    conn: &mut AsyncPgConnection,
    regulation: &str,
    period: NaiveDate,
    accounts: &[(AccountId, u64)],
) -> Result<BTreeMap<AccountId, Vec<QueryId>>> {
    let ids: Vec<Uuid> = accounts.iter().map(|(a, _)| a.0).collect();
    let counts: Vec<i64> = accounts.iter().map(|(_, n)| i64::try_from(*n).unwrap_or(i64::MAX)).collect();
    let rows: Vec<ChainRow> = statement(
        "SELECT q.account_id, q.query_id FROM unnest($3::uuid[], $4::bigint[]) AS d (account_id, n) \
         JOIN population_queries q ON q.account_id = d.account_id AND q.regulation = $1 AND q.period = $2 \
         AND q.position < d.n ORDER BY q.account_id, q.position",
    )
    .bind::<Text, _>(regulation)
    .bind::<Date, _>(period)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<BigInt>, _>(counts)
    .load(conn)
    .await?;
    let mut found: BTreeMap<AccountId, Vec<QueryId>> = BTreeMap::new();
    for row in rows {
        found.entry(row.account_id.into()).or_default().push(row.query_id.into());
    }
    Ok(found)
}

/// A query of an account, for findings after the fact and for packages.
#[derive(QueryableByName)]
pub struct LoggedQuery {
    /// Id.
    #[diesel(sql_type = SqlUuid)]
    pub query_id: Uuid,
    /// Account.
    #[diesel(sql_type = SqlUuid)]
    pub account_id: Uuid,
    /// Agency.
    #[diesel(sql_type = SqlUuid)]
    pub agency_id: Uuid,
    /// Regulation.
    #[diesel(sql_type = Text)]
    pub regulation: String,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
}

/// The queries of `account` from `from` on.
pub async fn since(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    from: DateTime<Utc>,
) -> Result<Vec<LoggedQuery>> {
    let rows = statement(
        "SELECT query_id, account_id, agency_id, regulation, at FROM population_queries \
         WHERE account_id = $1 AND at >= $2 ORDER BY at LIMIT 1000",
    )
    .bind::<SqlUuid, _>(account.0)
    .bind::<Timestamptz, _>(from)
    .load(conn)
    .await?;
    Ok(rows)
}

/// A stretch of a log: what an account's queries of a period are in it.
#[derive(QueryableByName)]
pub struct LogExtract {
    /// Account.
    #[diesel(sql_type = SqlUuid)]
    pub account_id: Uuid,
    /// Log.
    #[diesel(sql_type = Text)]
    pub log: String,
    /// Queries.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// First index.
    #[diesel(sql_type = BigInt)]
    pub first_index: i64,
    /// Last index.
    #[diesel(sql_type = BigInt)]
    pub last_index: i64,
}

/// References into the logs for each account of a scope.
pub async fn extracts(
    conn: &mut AsyncPgConnection,
    regulation: &str,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    agencies: &[AgencyId],
) -> Result<Vec<LogExtract>> {
    let agencies: Vec<Uuid> = agencies.iter().map(|a| a.0).collect();
    let rows = statement(
        "SELECT account_id, log, count(*) AS count, min(log_index) AS first_index, max(log_index) AS last_index \
         FROM population_queries WHERE regulation = $1 AND at >= $2 AND at < $3 \
         AND (cardinality($4) = 0 OR agency_id = ANY($4)) GROUP BY account_id, log ORDER BY account_id, log",
    )
    .bind::<Text, _>(regulation)
    .bind::<Timestamptz, _>(from)
    .bind::<Timestamptz, _>(until)
    .bind::<Array<SqlUuid>, _>(agencies)
    .load(conn)
    .await?;
    Ok(rows)
}
