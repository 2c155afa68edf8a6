//! Records of queries as they are read back: one, a page, those that a dead process left open.

use chassis::answer::PageParams;
use chassis::{Page, Problem, Result};
use diesel::sql_types::{
    Array, BigInt, Integer, Jsonb, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{OptionalExtension as _, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use kernel::Instant;
use kernel::ids::{AccountId, AgencyId, CaseId, PersonId, QueryApplicationId, QueryId, UnitId};
use query_registry_types::events::Decision;
use query_registry_types::queries::QueryRecord;
use statement::statement;
use uuid::Uuid;

/// Open records that were claimed more than five minutes of real time ago: their process died.
pub async fn abandoned(conn: &mut AsyncPgConnection) -> Result<Vec<QueryRecord>> {
    let rows: Vec<Row> = statement(format!(
        "SELECT {COLUMNS} FROM query_records WHERE decision = 'open' \
         AND claimed_at < clock_timestamp() - interval '5 minutes' ORDER BY id LIMIT 500"
    ))
    .load(conn)
    .await?;
    rows.into_iter().map(Row::parse).collect()
}

const COLUMNS: &str = "id, application_id, delivery, account_id, person_id, agency_id, unit_id, case_id, regulation, \
    programme, legal_basis, subject, decision, refusal, items, fields_asked, fields_returned, records, digest, log, \
    intent_index, log_index, at, marks, rule_pack";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    application_id: Option<Uuid>,
    #[diesel(sql_type = SmallInt)]
    delivery: i16,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    account_id: Option<Uuid>,
    #[diesel(sql_type = SqlUuid)]
    person_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    agency_id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    unit_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    case_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    regulation: String,
    #[diesel(sql_type = Nullable<Text>)]
    programme: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    legal_basis: Option<String>,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Text)]
    decision: String,
    #[diesel(sql_type = Nullable<Text>)]
    refusal: Option<String>,
    #[diesel(sql_type = Array<Text>)]
    items: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    fields_asked: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    fields_returned: Vec<String>,
    #[diesel(sql_type = Integer)]
    records: i32,
    #[diesel(sql_type = Nullable<Text>)]
    digest: Option<String>,
    #[diesel(sql_type = Text)]
    log: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    intent_index: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    log_index: Option<i64>,
    #[diesel(sql_type = Timestamptz)]
    at: Instant,
    #[diesel(sql_type = Jsonb)]
    marks: serde_json::Value,
    #[diesel(sql_type = Nullable<Text>)]
    rule_pack: Option<String>,
}

impl Row {
    fn parse(self) -> Result<QueryRecord> {
        let decision: Option<Decision> = match self.decision.as_str() {
            "open" => None,
            other => Some(serde_json::from_value(other.into())?),
        };
        Ok(QueryRecord {
            id: QueryId(self.id),
            application: self.application_id.map(QueryApplicationId),
            delivery: self.delivery,
            account: self.account_id.map(AccountId),
            person: PersonId(self.person_id),
            agency: AgencyId(self.agency_id),
            unit: self.unit_id.map(UnitId),
            case: self.case_id.map(CaseId),
            regulation: self.regulation,
            programme: self.programme,
            legal_basis: self.legal_basis,
            subject: self.subject,
            decision,
            refusal: self.refusal,
            items: self.items,
            fields_asked: self.fields_asked,
            fields_returned: self.fields_returned,
            records: self.records,
            digest: self.digest,
            log: self.log,
            intent_index: self.intent_index,
            log_index: self.log_index,
            at: self.at,
            marks: serde_json::from_value(self.marks)?,
            rule_pack: self.rule_pack,
        })
    }
}

/// The record `id`.
pub async fn find(conn: &mut AsyncPgConnection, id: QueryId) -> Result<Option<QueryRecord>> {
    let row: Option<Row> = statement(format!("SELECT {COLUMNS} FROM query_records WHERE id = $1"))
        .bind::<SqlUuid, _>(id.0)
        .get_result(conn)
        .await
        .optional()?;
    row.map(Row::parse).transpose()
}

/// Which records to list; what is `None` does not narrow.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only this agency's.
    pub agency: Option<AgencyId>,
    /// Only of these regulations.
    pub regulations: Option<Vec<String>>,
    /// Only this account's.
    pub account: Option<AccountId>,
    /// Only this person's.
    pub person: Option<PersonId>,
    /// Only of this case.
    pub case: Option<CaseId>,
    /// Only of this application.
    pub application: Option<QueryApplicationId>,
    /// Only about this subject (keyed hash).
    pub subject: Option<String>,
    /// Asked at or after.
    pub from: Option<Instant>,
    /// Asked before.
    pub until: Option<Instant>,
    /// Not these officials': nobody audits his own queries (invariant 9).
    pub but_person: Option<PersonId>,
}

/// One page of records, oldest first; the cursor is the last id.
pub async fn page(
    conn: &mut AsyncPgConnection,
    filter: &Filter,
    params: &PageParams,
) -> Result<Page<QueryRecord>> {
    let after: Option<Uuid> = match &params.after {
        None => None,
        Some(cursor) => Some(cursor.parse().map_err(|_| {
            Problem::invalid("after", "not a cursor of this list: use `next` of the page before")
        })?),
    };
    let limit = params.limit()?;
    let rows: Vec<Row> = statement(format!(
        "SELECT {COLUMNS} FROM query_records WHERE ($1 IS NULL OR id > $1) AND ($2 IS NULL OR agency_id = $2) \
         AND ($3 IS NULL OR account_id = $3) AND ($4 IS NULL OR person_id = $4) AND ($5 IS NULL OR case_id = $5) \
         AND ($6 IS NULL OR application_id = $6) AND ($7 IS NULL OR subject = $7) AND ($8 IS NULL OR at >= $8) \
         AND ($9 IS NULL OR at < $9) AND ($10 IS NULL OR person_id <> $10) AND ($11 IS NULL OR regulation = ANY($11)) \
         ORDER BY id LIMIT $12"
    ))
    .bind::<Nullable<SqlUuid>, _>(after)
    .bind::<Nullable<SqlUuid>, _>(filter.agency.map(|v| v.0))
    .bind::<Nullable<SqlUuid>, _>(filter.account.map(|v| v.0))
    .bind::<Nullable<SqlUuid>, _>(filter.person.map(|v| v.0))
    .bind::<Nullable<SqlUuid>, _>(filter.case.map(|v| v.0))
    .bind::<Nullable<SqlUuid>, _>(filter.application.map(|v| v.0))
    .bind::<Nullable<Text>, _>(filter.subject.as_deref())
    .bind::<Nullable<Timestamptz>, _>(filter.from)
    .bind::<Nullable<Timestamptz>, _>(filter.until)
    .bind::<Nullable<SqlUuid>, _>(filter.but_person.map(|v| v.0))
    .bind::<Nullable<Array<Text>>, _>(filter.regulations.as_deref())
    .bind::<BigInt, _>(limit + 1)
    .load(conn)
    .await?;
    let mut items = rows.into_iter().map(Row::parse).collect::<Result<Vec<_>>>()?;
    let more = i64::try_from(items.len()).unwrap_or(i64::MAX) > limit;
    items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = items.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Page { items, next })
}
