//! What the registry holds by month, and its end (H4.3, H6.6, H8.3, I3.8).

use chassis::{Result, endorsements};
use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Date, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use kernel::days;
use statement::statement;
use uuid::Uuid;

/// Records of a kind in a month.
#[derive(Debug, Clone, QueryableByName)]
pub struct MonthCount {
    /// `household`, `tax` or `immigration`.
    #[diesel(sql_type = Text)]
    pub regulation: String,
    /// First day.
    #[diesel(sql_type = Date)]
    pub month: NaiveDate,
    /// Records.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

#[derive(QueryableByName)]
struct LogMonth {
    #[diesel(sql_type = Text)]
    log: String,
    #[diesel(sql_type = Date)]
    month: NaiveDate,
}

/// The months of `logs` before `month` that are still there, oldest first.
pub async fn log_months(
    conn: &mut AsyncPgConnection,
    logs: Vec<String>,
    month: NaiveDate,
) -> Result<Vec<(String, NaiveDate)>> {
    let rows: Vec<LogMonth> = statement(
        "SELECT log, month FROM log_months WHERE log = ANY($1) AND month < $2 AND dropped_by_order IS NULL \
         ORDER BY log, month",
    )
    .bind::<diesel::sql_types::Array<Text>, _>(logs)
    .bind::<Date, _>(month)
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.log, row.month)).collect())
}

/// Rows of the query register (applications) and of the register of queries, by month, before `month`.
pub async fn register_months(conn: &mut AsyncPgConnection, month: NaiveDate) -> Result<Vec<MonthCount>> {
    let rows = statement(
        "SELECT regulation, month, count(*) AS count FROM ( \
         SELECT regulation, date_trunc('month', day)::date AS month FROM query_applications WHERE day < $1 UNION ALL \
         SELECT regulation, date_trunc('month', at AT TIME ZONE 'Asia/Taipei')::date FROM query_records \
         WHERE at < $2 AND decision <> 'imported') r \
         GROUP BY regulation, month ORDER BY month, regulation",
    )
    .bind::<Date, _>(month)
    .bind::<Timestamptz, _>(days::start_of(month))
    .load(conn)
    .await?;
    Ok(rows)
}

/// Reports and settled items by month, before `month`; reports are those of household data.
pub async fn control_months(conn: &mut AsyncPgConnection, month: NaiveDate) -> Result<Vec<MonthCount>> {
    let rows = statement(
        "SELECT regulation, month, count(*) AS count FROM ( \
         SELECT 'household' AS regulation, date_trunc('month', day)::date AS month FROM control_reports WHERE day < $1 \
         UNION ALL SELECT doc->>'regulation', date_trunc('month', day)::date FROM control_items WHERE day < $1) r \
         GROUP BY regulation, month ORDER BY month, regulation",
    )
    .bind::<Date, _>(month)
    .load(conn)
    .await?;
    Ok(rows)
}

#[derive(QueryableByName)]
struct Gone {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Statements that end a month of the register; each gives the ids that went. `$1` regulation, `$2`–`$3` the month's
/// bounds. An application that a query of the next month still needs goes with that one, if its own month has ended.
const REGISTER: [&str; 5] = [
    "DELETE FROM copy_requests c USING query_records q WHERE q.id = c.query_id AND q.regulation = $1 AND q.at >= $2 \
     AND q.at < $3 RETURNING c.id",
    "DELETE FROM outputs o USING query_records q WHERE q.id = o.query_id AND q.regulation = $1 AND q.at >= $2 \
     AND q.at < $3 RETURNING o.id",
    "DELETE FROM import_lines l USING query_records q WHERE q.id = l.query_id AND q.regulation = $1 AND q.at >= $2 \
     AND q.at < $3 RETURNING l.query_id AS id",
    "WITH gone AS (DELETE FROM platform_lines p USING query_records q WHERE p.query_id = q.id AND q.regulation = $1 \
     AND q.at >= $2 AND q.at < $3 RETURNING q.id), strays AS (DELETE FROM platform_lines p WHERE p.query_id IS NULL \
     AND p.regulation = $1 AND p.at >= $2 AND p.at < $3) SELECT id FROM gone",
    "WITH gone AS (DELETE FROM query_records q WHERE q.regulation = $1 AND q.at >= $2 AND q.at < $3 \
     RETURNING q.id, q.application_id), \
     covering AS (DELETE FROM query_applications a WHERE a.regulation = $1 AND a.day < ($3 AT TIME ZONE 'Asia/Taipei')::date \
     AND (a.day >= ($2 AT TIME ZONE 'Asia/Taipei')::date OR a.id IN (SELECT application_id FROM gone) \
       AND EXISTS (SELECT FROM destructions d WHERE d.doc#>>'{order,record_kind}' IN ('query-register', 'query_register') \
         AND d.doc#>>'{order,regulation}' = $1 AND d.doc->>'state' = 'done' \
         AND (d.doc#>>'{order,month}')::date = date_trunc('month', a.day)::date)) \
     AND NOT EXISTS (SELECT FROM query_records q WHERE q.application_id = a.id AND NOT (q.at >= $2 AND q.at < $3)) \
     RETURNING a.id) SELECT id FROM gone UNION ALL SELECT id FROM covering",
];

/// Statements that end a month of control results.
const CONTROL: [&str; 2] = [
    "DELETE FROM control_items i WHERE i.doc->>'regulation' = $1 AND i.day >= ($2 AT TIME ZONE 'Asia/Taipei')::date \
     AND i.day < ($3 AT TIME ZONE 'Asia/Taipei')::date RETURNING i.id",
    "DELETE FROM control_reports r WHERE $1 = 'household' AND r.day >= ($2 AT TIME ZONE 'Asia/Taipei')::date \
     AND r.day < ($3 AT TIME ZONE 'Asia/Taipei')::date RETURNING r.id",
];

/// Ends the register rows of a month, and what is kept of endorsements of them; gives the ids that went.
pub async fn end_register(
    conn: &mut AsyncPgConnection,
    regulation: &str,
    month: NaiveDate,
) -> Result<Vec<Uuid>> {
    let gone = end(conn, &REGISTER, regulation, month).await?;
    // A stamp ends with the last application under it. Not a record of its own: it is not counted.
    statement(
        "DELETE FROM endorsement_batches b WHERE b.created_at < $1 \
         AND NOT EXISTS (SELECT FROM query_applications a WHERE a.doc#>>'{supervisor,batch}' = b.id::text)",
    )
    .bind::<Timestamptz, _>(days::start_of(days::add_months(month, 1)))
    .execute(conn)
    .await?;
    Ok(gone)
}

#[derive(QueryableByName)]
struct There {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    there: bool,
}

/// Whether applications of the month that begins on `month` are left.
pub async fn has_applications(
    conn: &mut AsyncPgConnection,
    regulation: &str,
    month: NaiveDate,
) -> Result<bool> {
    let row: There = statement(
        "SELECT EXISTS (SELECT FROM query_applications WHERE regulation = $1 AND day >= $2 AND day < $3) AS there",
    )
    .bind::<Text, _>(regulation)
    .bind::<Date, _>(month)
    .bind::<Date, _>(days::add_months(month, 1))
    .get_result(conn)
    .await?;
    Ok(row.there)
}

/// Ends the reports and items of a month, and what is kept of endorsements of them; gives the ids that went.
pub async fn end_control(
    conn: &mut AsyncPgConnection,
    regulation: &str,
    month: NaiveDate,
) -> Result<Vec<Uuid>> {
    end(conn, &CONTROL, regulation, month).await
}

async fn end(
    conn: &mut AsyncPgConnection,
    statements: &[&str],
    regulation: &str,
    month: NaiveDate,
) -> Result<Vec<Uuid>> {
    let mut gone = vec![];
    for text in statements {
        let rows: Vec<Gone> = statement(*text)
            .bind::<Text, _>(regulation)
            .bind::<Timestamptz, _>(days::start_of(month))
            .bind::<Timestamptz, _>(days::start_of(days::add_months(month, 1)))
            .load(conn)
            .await?;
        gone.extend(rows.into_iter().map(|row| row.id));
    }
    endorsements::end(conn, &gone).await?;
    Ok(gone)
}
