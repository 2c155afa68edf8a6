//! Lines of the welfare platform's own report, matched with the records of the gate.

use chassis::{Result, Tx};
use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Date, Integer, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use kernel::ids::AgencyId;
use kernel::{Instant, days};
use statement::statement;
use uuid::Uuid;

/// A line to be kept.
#[derive(Debug, Clone)]
pub struct NewLine {
    /// Its key.
    pub key: String,
    /// Line of the file.
    pub line: i32,
    /// When.
    pub at: Instant,
    /// Account number.
    pub account: String,
    /// Keyed hash of whom it was about.
    pub subject: String,
    /// `household` or `tax`.
    pub regulation: String,
    /// Case number.
    pub case_number: String,
}

/// Keeps lines of `agency`; those that are there stay as they are. Gives how many are new.
pub async fn insert(tx: &mut Tx, import: Uuid, agency: AgencyId, lines: &[NewLine]) -> Result<usize> {
    let texts = |text: fn(&NewLine) -> &String| lines.iter().map(|l| text(l).clone()).collect::<Vec<_>>();
    let inserted = statement(
        "INSERT INTO platform_lines (line_key, import_id, line, agency_id, day, at, account_number, subject, regulation, \
         case_number) SELECT k, $1, n, $2, (at AT TIME ZONE 'Asia/Taipei')::date, at, account, subject, regulation, number \
         FROM unnest($3, $4, $5, $6, $7, $8, $9) AS l (k, n, at, account, subject, regulation, number) \
         ON CONFLICT (line_key) DO NOTHING",
    )
    .bind::<SqlUuid, _>(import)
    .bind::<SqlUuid, _>(agency.0)
    .bind::<Array<Text>, _>(texts(|l| &l.key))
    .bind::<Array<Integer>, _>(lines.iter().map(|l| l.line).collect::<Vec<_>>())
    .bind::<Array<Timestamptz>, _>(lines.iter().map(|l| l.at).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(texts(|l| &l.account))
    .bind::<Array<Text>, _>(texts(|l| &l.subject))
    .bind::<Array<Text>, _>(texts(|l| &l.regulation))
    .bind::<Array<Text>, _>(texts(|l| &l.case_number))
    .execute(tx.conn())
    .await?;
    Ok(inserted)
}

/// A line without a record of the gate.
#[derive(Debug, Clone, QueryableByName)]
pub struct Unmatched {
    /// Its key.
    #[diesel(sql_type = Text)]
    pub line_key: String,
    /// Regulation.
    #[diesel(sql_type = Text)]
    pub regulation: String,
    /// Account number as the platform has it.
    #[diesel(sql_type = Text)]
    pub account_number: String,
    /// The import.
    #[diesel(sql_type = SqlUuid)]
    pub import_id: Uuid,
    /// Line of the file.
    #[diesel(sql_type = Integer)]
    pub line: i32,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Pairs the nth line about a person with the nth record about that person: first where the case is the same, then,
/// for refusals that name no case, without it. A record stands for one line at most.
const MATCH: &str = "WITH l AS (SELECT line_key, subject, regulation, CASE WHEN $5 = 1 THEN case_number END AS number, \
      row_number() OVER (PARTITION BY subject, regulation, CASE WHEN $5 = 1 THEN case_number END ORDER BY at, line_key) AS n \
      FROM platform_lines WHERE agency_id = $1 AND day = $2 AND query_id IS NULL), \
    r AS (SELECT q.id, q.subject, q.regulation, CASE WHEN $5 = 1 THEN c.number END AS number, \
      row_number() OVER (PARTITION BY q.subject, q.regulation, CASE WHEN $5 = 1 THEN c.number END ORDER BY q.delivery, q.at, q.id) \
      AS n FROM query_records q LEFT JOIN cases c ON c.id = q.case_id \
      WHERE q.agency_id = $1 AND q.at >= $3 AND q.at < $4 AND q.decision <> 'imported' \
      AND ($5 = 1 OR q.case_id IS NULL) \
      AND NOT EXISTS (SELECT FROM platform_lines p WHERE p.query_id = q.id)) \
    UPDATE platform_lines p SET query_id = r.id FROM l JOIN r ON r.subject = l.subject AND r.regulation = l.regulation \
      AND r.number IS NOT DISTINCT FROM l.number AND r.n = l.n WHERE p.line_key = l.line_key";

/// Matches the lines of an agency's day; gives how many there are, and those that no record stands for.
pub async fn match_day(tx: &mut Tx, agency: AgencyId, day: NaiveDate) -> Result<(u32, Vec<Unmatched>)> {
    for pass in [1, 2] {
        statement(MATCH)
            .bind::<SqlUuid, _>(agency.0)
            .bind::<Date, _>(day)
            .bind::<Timestamptz, _>(days::start_of(day))
            .bind::<Timestamptz, _>(days::end_of(day))
            .bind::<Integer, _>(pass)
            .execute(tx.conn())
            .await?;
    }
    let all: Count = statement("SELECT count(*) AS n FROM platform_lines WHERE agency_id = $1 AND day = $2")
        .bind::<SqlUuid, _>(agency.0)
        .bind::<Date, _>(day)
        .get_result(tx.conn())
        .await?;
    let unmatched = statement(
        "SELECT line_key, regulation, account_number, import_id, line FROM platform_lines \
         WHERE agency_id = $1 AND day = $2 AND query_id IS NULL ORDER BY at, line_key",
    )
    .bind::<SqlUuid, _>(agency.0)
    .bind::<Date, _>(day)
    .load(tx.conn())
    .await?;
    Ok((u32::try_from(all.n).unwrap_or(u32::MAX), unmatched))
}

#[derive(QueryableByName)]
struct AgencyRow {
    #[diesel(sql_type = SqlUuid)]
    agency_id: Uuid,
}

/// The agencies with lines of `day`.
pub async fn agencies(tx: &mut Tx, day: NaiveDate) -> Result<Vec<AgencyId>> {
    let rows: Vec<AgencyRow> = statement("SELECT DISTINCT agency_id FROM platform_lines WHERE day = $1")
        .bind::<Date, _>(day)
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|row| AgencyId(row.agency_id)).collect())
}
