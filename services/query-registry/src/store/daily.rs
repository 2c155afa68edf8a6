//! The lines of a day, matched set by set: log ↔ register of queries ↔ query register ↔ the platform's file (H8.1.1).
//! Reads outside of any transaction: the day is over, and a serializable reader of a whole day would disturb the gate.

use std::collections::BTreeMap;

use chassis::answer::PageParams;
use chassis::{Page, Problem, Result};
use chrono::{Days, NaiveDate};
use diesel::QueryableByName;
use diesel::sql_types::{
    Array, BigInt, Bool, Date, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use kernel::ids::{AccountId, AgencyId, CaseId, PersonId, QueryApplicationId, QueryId};
use kernel::{Instant, days};
use query_registry_types::control::ReportLine;
use statement::statement;
use uuid::Uuid;

use crate::domain::report::LineFacts;

/// An agency's lines of a day, in figures.
#[derive(Debug, Clone, Default)]
pub struct AgencyDay {
    /// Lines.
    pub lines: u32,
    /// By user.
    pub by_user: BTreeMap<PersonId, u32>,
    /// Digest of the lines.
    pub digest: String,
}

/// A line that may lack something.
#[derive(Debug, Clone)]
pub struct Suspect {
    /// The query.
    pub query: QueryId,
    /// Agency, if log or register know it.
    pub agency: Option<AgencyId>,
    /// User.
    pub person: Option<PersonId>,
    /// Account.
    pub account: Option<AccountId>,
    /// Regulation.
    pub regulation: String,
    /// What is known of it.
    pub facts: LineFacts,
}

#[derive(QueryableByName)]
struct AgencyRow {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    agency_id: Option<Uuid>,
    #[diesel(sql_type = BigInt)]
    lines: i64,
    #[diesel(sql_type = Text)]
    digest: String,
}

#[derive(QueryableByName)]
struct UserRow {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    agency_id: Option<Uuid>,
    #[diesel(sql_type = SqlUuid)]
    person_id: Uuid,
    #[diesel(sql_type = BigInt)]
    lines: i64,
}

#[derive(QueryableByName)]
struct SuspectRow {
    #[diesel(sql_type = SqlUuid)]
    query_id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    agency_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    person_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    account_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    regulation: String,
    #[diesel(sql_type = Bool)]
    recorded: bool,
    #[diesel(sql_type = Bool)]
    logged: bool,
    #[diesel(sql_type = Bool)]
    given: bool,
    #[diesel(sql_type = Bool)]
    refused: bool,
    #[diesel(sql_type = Bool)]
    open_intent: bool,
    #[diesel(sql_type = Bool)]
    has_application: bool,
    #[diesel(sql_type = Bool)]
    same_user: bool,
    #[diesel(sql_type = Bool)]
    endorsed: bool,
    #[diesel(sql_type = Bool)]
    in_time: bool,
    #[diesel(sql_type = Bool)]
    person_covered: bool,
    #[diesel(sql_type = Bool)]
    items_covered: bool,
    #[diesel(sql_type = SmallInt)]
    delivery: i16,
    #[diesel(sql_type = Bool)]
    in_platform: bool,
}

/// One row for each query of the day that log or register know. `$1`, `$2`: the day's bounds; `$3`: the logs; `$4`: the
/// months of the logs that may hold it; `$5`: whether the endorsement must be there before; `$6`: the day.
const LINES: &str = "CREATE TEMP TABLE control_lines AS \
    WITH files AS (SELECT DISTINCT agency_id FROM platform_lines WHERE day = $6), \
    q AS (SELECT * FROM query_records WHERE at >= $1 AND at < $2 AND decision <> 'imported'), \
    e AS (SELECT log, query_id, entry_index, kind, agency_id FROM log_entries WHERE log = ANY($3) AND month = ANY($4) \
        AND recorded_at >= $1 AND occurred_at >= $1 AND occurred_at < $2 AND query_id IS NOT NULL \
        AND kind IN ('intent', 'refusal')) \
    SELECT coalesce(q.id, e.query_id) AS query_id, coalesce(q.agency_id, e.agency_id) AS agency_id, q.person_id, \
        q.account_id, coalesce(q.regulation, 'household') AS regulation, coalesce(q.decision, 'open') AS decision, \
        q.id IS NOT NULL AS recorded, \
        e.query_id IS NOT NULL AND (q.intent_index IS NULL OR q.log_index > q.intent_index) AS logged, \
        coalesce(q.decision IN ('answered', 'not_found'), false) AS given, \
        coalesce(q.decision = 'refused', false) AS refused, \
        CASE WHEN e.kind = 'intent' AND coalesce(q.decision, 'open') IN ('open', 'failed') THEN NOT EXISTS ( \
            SELECT FROM log_entries o WHERE o.log = e.log AND o.closes = e.entry_index AND o.month >= $4[1]) \
            ELSE false END AS open_intent, \
        a.id IS NOT NULL AS has_application, \
        coalesce(a.user_id = q.person_id AND a.account_id = q.account_id, false) AS same_user, \
        coalesce(a.endorsed_at <= q.at, NOT $5) AS endorsed, \
        coalesce(q.at < a.valid_until, false) AS in_time, \
        coalesce(a.subjects ? q.subject, false) AS person_covered, \
        coalesce(a.items ?& q.items, false) AS items_covered, \
        coalesce(q.delivery, 0::smallint) AS delivery, \
        p.query_id IS NOT NULL OR f.agency_id IS NULL OR q.delivery > 1 OR q.system_id IS NULL AS in_platform \
    FROM q FULL JOIN e ON e.query_id = q.id \
    LEFT JOIN query_applications a ON a.id = q.application_id \
    LEFT JOIN files f ON f.agency_id = q.agency_id \
    LEFT JOIN platform_lines p ON p.query_id = q.id";

const FITS: &str = "recorded AND NOT open_intent AND CASE WHEN given THEN logged AND has_application AND same_user \
    AND endorsed AND in_time AND person_covered AND items_covered AND delivery <= 1 AND in_platform \
    WHEN refused THEN logged ELSE true END";

/// The lines of `day` in `logs`: figures by agency, and every line that lacks something.
pub async fn collect(
    conn: &mut AsyncPgConnection,
    day: NaiveDate,
    logs: Vec<String>,
    endorsed_before: bool,
) -> Result<(BTreeMap<Option<AgencyId>, AgencyDay>, Vec<Suspect>)> {
    let months = [day, day.checked_add_days(Days::new(1)).unwrap_or(day)].map(days::first_of_month);
    statement("DROP TABLE IF EXISTS pg_temp.control_lines").execute(conn).await?;
    statement(LINES)
        .bind::<Timestamptz, _>(days::start_of(day))
        .bind::<Timestamptz, _>(days::end_of(day))
        .bind::<Array<Text>, _>(logs)
        .bind::<Array<Date>, _>(months.to_vec())
        .bind::<Bool, _>(endorsed_before)
        .bind::<Date, _>(day)
        .execute(conn)
        .await?;
    let agencies: Vec<AgencyRow> = statement(format!(
        "SELECT agency_id, count(*) AS lines, encode(sha256(convert_to(string_agg( \
         query_id::text || ' ' || decision || ' ' || ({FITS})::text, E'\\n' ORDER BY query_id), 'UTF8')), 'hex') AS digest \
         FROM control_lines GROUP BY agency_id"
    ))
    .load(conn)
    .await?;
    let users: Vec<UserRow> = statement(
        "SELECT agency_id, person_id, count(*) AS lines FROM control_lines WHERE person_id IS NOT NULL \
         GROUP BY agency_id, person_id",
    )
    .load(conn)
    .await?;
    let suspects: Vec<SuspectRow> =
        statement(format!("SELECT * FROM control_lines WHERE NOT ({FITS}) ORDER BY query_id"))
            .load(conn)
            .await?;
    statement("DROP TABLE pg_temp.control_lines").execute(conn).await?;
    let mut figures: BTreeMap<Option<AgencyId>, AgencyDay> = BTreeMap::new();
    for row in agencies {
        let day = AgencyDay { lines: number(row.lines), by_user: BTreeMap::new(), digest: row.digest };
        figures.insert(row.agency_id.map(AgencyId), day);
    }
    for row in users {
        if let Some(day) = figures.get_mut(&row.agency_id.map(AgencyId)) {
            day.by_user.insert(PersonId(row.person_id), number(row.lines));
        }
    }
    Ok((figures, suspects.into_iter().map(SuspectRow::parse).collect()))
}

fn number(n: i64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl SuspectRow {
    fn parse(self) -> Suspect {
        Suspect {
            query: QueryId(self.query_id),
            agency: self.agency_id.map(AgencyId),
            person: self.person_id.map(PersonId),
            account: self.account_id.map(AccountId),
            regulation: self.regulation,
            facts: LineFacts {
                recorded: self.recorded,
                logged: self.logged,
                given: self.given,
                refused: self.refused,
                open_intent: self.open_intent,
                has_application: self.has_application,
                same_user: self.same_user,
                endorsed: self.endorsed,
                in_time: self.in_time,
                person_covered: self.person_covered,
                items_covered: self.items_covered,
                delivery: self.delivery,
                in_platform: self.in_platform,
            },
        }
    }
}

#[derive(QueryableByName)]
struct LineRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    at: Instant,
    #[diesel(sql_type = SqlUuid)]
    person_id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    account_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    case_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    regulation: String,
    #[diesel(sql_type = Text)]
    decision: String,
    #[diesel(sql_type = SmallInt)]
    delivery: i16,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    application_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    register_number: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    item_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    fault: Option<String>,
}

/// One page of the lines of an agency's day, in order of their ids, each with the item that it became.
pub async fn lines(
    conn: &mut AsyncPgConnection,
    (report, agency, day): (Uuid, AgencyId, NaiveDate),
    params: &PageParams,
) -> Result<Page<ReportLine>> {
    let after: Option<Uuid> = match &params.after {
        None => None,
        Some(cursor) => Some(cursor.parse().map_err(|_| {
            Problem::invalid("after", "not a cursor of this list: use `next` of the page before")
        })?),
    };
    let limit = params.limit()?;
    let rows: Vec<LineRow> = statement(
        "SELECT q.id, q.at, q.person_id, q.account_id, q.case_id, q.regulation, q.decision, q.delivery, q.application_id, \
         a.register_number, i.id AS item_id, i.doc#>>'{detail,fault}' AS fault FROM query_records q \
         LEFT JOIN query_applications a ON a.id = q.application_id \
         LEFT JOIN control_items i ON i.first_query_id = q.id AND i.source_id = $1 \
         WHERE q.agency_id = $2 AND q.at >= $3 AND q.at < $4 AND q.decision <> 'imported' AND ($5 IS NULL OR q.id > $5) \
         ORDER BY q.id LIMIT $6",
    )
    .bind::<SqlUuid, _>(report)
    .bind::<SqlUuid, _>(agency.0)
    .bind::<Timestamptz, _>(days::start_of(day))
    .bind::<Timestamptz, _>(days::end_of(day))
    .bind::<Nullable<SqlUuid>, _>(after)
    .bind::<BigInt, _>(limit + 1)
    .load(conn)
    .await?;
    let more = i64::try_from(rows.len()).unwrap_or(i64::MAX) > limit;
    let line = |row: LineRow| ReportLine {
        query: QueryId(row.id),
        at: row.at,
        person: PersonId(row.person_id),
        account: row.account_id.map(AccountId),
        case: row.case_id.map(CaseId),
        regulation: row.regulation,
        decision: row.decision,
        delivery: row.delivery,
        application: row.application_id.map(QueryApplicationId),
        register_number: row.register_number,
        item: row.item_id,
        fault: row.fault,
    };
    let items: Vec<ReportLine> =
        rows.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX)).map(line).collect();
    let next = items.last().filter(|_| more).map(|last| last.query.to_string());
    Ok(Page { items, next })
}

/// A user who made no tax query in time for a case (H8.1.2).
#[derive(Debug, Clone)]
pub struct Unfollowed {
    /// User.
    pub person: PersonId,
    /// Agency.
    pub agency: AgencyId,
    /// Account.
    pub account: Option<AccountId>,
    /// Case.
    pub case: Option<CaseId>,
    /// The household queries.
    pub queries: Vec<QueryId>,
}

#[derive(QueryableByName)]
struct UnfollowedRow {
    #[diesel(sql_type = SqlUuid)]
    person_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    agency_id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    account_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    case_id: Option<Uuid>,
    #[diesel(sql_type = Array<SqlUuid>)]
    queries: Vec<Uuid>,
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = Integer)]
    n: i32,
}

/// The household queries of `day`: how many, and those after which their user made no tax query until the end of
/// `until`, for the same case where `per_case` says so.
pub async fn unfollowed(
    conn: &mut AsyncPgConnection,
    day: NaiveDate,
    until: NaiveDate,
    per_case: bool,
) -> Result<(u32, Vec<Unfollowed>)> {
    let rows: Vec<UnfollowedRow> = statement(
        "SELECT h.person_id, h.agency_id, (array_agg(h.account_id ORDER BY h.id))[1] AS account_id, \
         CASE WHEN $4 THEN h.case_id END AS case_id, array_agg(h.id ORDER BY h.id) AS queries FROM query_records h \
         WHERE h.regulation = 'household' AND h.decision IN ('answered', 'not_found') AND h.at >= $1 AND h.at < $2 \
         AND NOT EXISTS (SELECT FROM query_records t WHERE t.regulation = 'tax' \
           AND t.decision IN ('answered', 'not_found') AND t.person_id = h.person_id AND t.at >= h.at AND t.at < $3 \
           AND (NOT $4 OR t.case_id = h.case_id)) \
         GROUP BY h.person_id, h.agency_id, 4 ORDER BY h.agency_id, h.person_id, 4",
    )
    .bind::<Timestamptz, _>(days::start_of(day))
    .bind::<Timestamptz, _>(days::end_of(day))
    .bind::<Timestamptz, _>(days::end_of(until))
    .bind::<Bool, _>(per_case)
    .load(conn)
    .await?;
    let all: CountRow = statement(
        "SELECT count(*)::integer AS n FROM query_records WHERE regulation = 'household' \
         AND decision IN ('answered', 'not_found') AND at >= $1 AND at < $2",
    )
    .bind::<Timestamptz, _>(days::start_of(day))
    .bind::<Timestamptz, _>(days::end_of(day))
    .get_result(conn)
    .await?;
    let line = |row: UnfollowedRow| Unfollowed {
        person: PersonId(row.person_id),
        agency: AgencyId(row.agency_id),
        account: row.account_id.map(AccountId),
        case: row.case_id.map(CaseId),
        queries: row.queries.into_iter().map(QueryId).collect(),
    };
    Ok((u32::try_from(all.n).unwrap_or_default(), rows.into_iter().map(line).collect()))
}
