//! Records of queries as the gate writes them: its one reading statement, the claim on a delivery, its settlement.

use std::collections::{BTreeMap, BTreeSet};

use chassis::Result;
use diesel::QueryableByName;
use diesel::sql_types::{
    Array, BigInt, Integer, Jsonb, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use kernel::Instant;
use kernel::ids::{AgencyId, PersonId, QueryApplicationId, QueryId, SystemId, UnitId};
use serde::Deserialize;
use statement::{Json, statement};

use crate::domain::application::QueryApplication;
use crate::domain::authorization::Delivered;
use crate::domain::case::Case;

/// What the gate reads for one query, in one statement.
#[derive(Debug)]
pub struct Facts {
    /// The directory's last change.
    pub change: i64,
    /// The application.
    pub application: Option<QueryApplication>,
    /// Its case.
    pub case: Option<Case>,
    /// Deliveries about the person under the application, oldest first.
    pub delivered: Vec<DeliveredRecord>,
    /// Earlier queries of the account about the person.
    pub repeated: i64,
    /// Earlier queries of the account in the last hour.
    pub hourly: i64,
    /// Which neighbouring subjects the account asked about.
    pub neighbours: BTreeSet<String>,
}

/// A delivery as recorded.
#[derive(Debug, Clone, Deserialize)]
pub struct DeliveredRecord {
    /// The query.
    pub id: QueryId,
    /// From 1.
    pub delivery: i16,
    /// `open`, `answered` or `not_found`.
    pub decision: String,
    /// Commitment to the content.
    pub digest: Option<String>,
    /// The log.
    pub log: String,
    /// Index of the outcome.
    pub log_index: Option<i64>,
    /// When it was asked.
    pub at: Instant,
}

impl From<&DeliveredRecord> for Delivered {
    fn from(record: &DeliveredRecord) -> Self {
        Self { query: record.id, delivery: record.delivery, settled: record.decision != "open" }
    }
}

#[derive(QueryableByName)]
struct FactsRow {
    #[diesel(sql_type = BigInt)]
    change: i64,
    #[diesel(sql_type = Nullable<Jsonb>)]
    application: Option<Json>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    case_doc: Option<Json>,
    #[diesel(sql_type = Jsonb)]
    delivered: Json,
    #[diesel(sql_type = BigInt)]
    repeated: i64,
    #[diesel(sql_type = BigInt)]
    hourly: i64,
    #[diesel(sql_type = Array<Text>)]
    neighbours: Vec<String>,
}

/// What is asked for [`facts`].
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The application.
    pub application: QueryApplicationId,
    /// Keyed hash of the person.
    pub subject: &'a str,
    /// Keyed hashes of neighbouring ids.
    pub neighbours: &'a [String],
    /// Begin of the window of repetition.
    pub since: Instant,
    /// An hour ago.
    pub hour: Instant,
}

/// Everything that a decision on a query needs from the database.
pub async fn facts(conn: &mut AsyncPgConnection, ask: &Ask<'_>) -> Result<Facts> {
    let row: FactsRow = statement(
        "SELECT (SELECT change FROM directory_clock) AS change, a.doc AS application, c.doc AS case_doc, \
         (SELECT coalesce(jsonb_agg(jsonb_build_object('id', q.id, 'delivery', q.delivery, 'decision', q.decision, \
            'digest', q.digest, 'log', q.log, 'log_index', q.log_index, 'at', q.at) ORDER BY q.delivery), '[]') \
          FROM query_records q WHERE q.application_id = $1 AND q.subject = $2 \
          AND q.decision IN ('open', 'answered', 'not_found')) AS delivered, \
         (SELECT count(*) FROM query_records q WHERE q.account_id = a.account_id AND q.subject = $2 AND q.at > $3) \
          AS repeated, \
         (SELECT count(*) FROM query_records q WHERE q.account_id = a.account_id AND q.at > $4) AS hourly, \
         ARRAY(SELECT DISTINCT q.subject FROM query_records q \
          WHERE q.account_id = a.account_id AND q.subject = ANY($5) AND q.at > $3) AS neighbours \
         FROM (SELECT 1) one LEFT JOIN query_applications a ON a.id = $1 LEFT JOIN cases c ON c.id = a.case_id",
    )
    .bind::<SqlUuid, _>(ask.application.0)
    .bind::<Text, _>(ask.subject)
    .bind::<Timestamptz, _>(ask.since)
    .bind::<Timestamptz, _>(ask.hour)
    .bind::<Array<Text>, _>(ask.neighbours)
    .get_result(conn)
    .await?;
    Ok(Facts {
        change: row.change,
        application: row.application.as_ref().map(Json::parse).transpose()?,
        case: row.case_doc.as_ref().map(Json::parse).transpose()?,
        delivered: row.delivered.parse()?,
        repeated: row.repeated,
        hourly: row.hourly,
        neighbours: row.neighbours.into_iter().collect(),
    })
}

/// A record to insert.
#[derive(Debug, Clone)]
pub struct NewRecord<'a> {
    /// Id.
    pub id: QueryId,
    /// Application; none when it is not there.
    pub application: Option<&'a QueryApplication>,
    /// 0 for refusals.
    pub delivery: i16,
    /// The official.
    pub person: PersonId,
    /// Agency.
    pub agency: AgencyId,
    /// Unit.
    pub unit: Option<UnitId>,
    /// System.
    pub system: Option<SystemId>,
    /// `household` or `tax`.
    pub regulation: &'a str,
    /// Keyed hash of the person.
    pub subject: &'a str,
    /// `open` or `refused`.
    pub decision: &'static str,
    /// Problem code.
    pub refusal: Option<&'a str>,
    /// Items asked.
    pub items: &'a BTreeSet<String>,
    /// Fields asked.
    pub fields: &'a [String],
    /// The log.
    pub log: &'a str,
    /// Index of the refusal.
    pub log_index: Option<i64>,
    /// When.
    pub at: Instant,
    /// Marks.
    pub marks: &'a BTreeMap<String, i64>,
    /// Rule pack.
    pub rule_pack: Option<&'a str>,
}

/// Inserts a record; an open one is the claim on its delivery. False: another query holds the claim.
pub async fn insert(conn: &mut AsyncPgConnection, record: &NewRecord<'_>) -> Result<bool> {
    let application = record.application;
    let items: Vec<&str> = record.items.iter().map(String::as_str).collect();
    let inserted = statement(
        "INSERT INTO query_records (id, application_id, delivery, account_id, person_id, agency_id, unit_id, \
         system_id, case_id, regulation, programme, legal_basis, subject, decision, refusal, items, fields_asked, log, \
         log_index, at, marks, rule_pack) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22) \
         ON CONFLICT (application_id, subject, delivery) WHERE decision IN ('open', 'answered', 'not_found') DO NOTHING",
    )
    .bind::<SqlUuid, _>(record.id.0)
    .bind::<Nullable<SqlUuid>, _>(application.map(|a| a.id.0))
    .bind::<SmallInt, _>(record.delivery)
    .bind::<Nullable<SqlUuid>, _>(application.map(|a| a.account_id.0))
    .bind::<SqlUuid, _>(record.person.0)
    .bind::<SqlUuid, _>(record.agency.0)
    .bind::<Nullable<SqlUuid>, _>(record.unit.map(|u| u.0))
    .bind::<Nullable<SqlUuid>, _>(record.system.map(|s| s.0))
    .bind::<Nullable<SqlUuid>, _>(application.map(|a| a.case_id.0))
    .bind::<Text, _>(record.regulation)
    .bind::<Nullable<Text>, _>(application.map(|a| a.programme.as_str()))
    .bind::<Nullable<Text>, _>(application.map(|a| a.legal_basis.as_str()))
    .bind::<Text, _>(record.subject)
    .bind::<Text, _>(record.decision)
    .bind::<Nullable<Text>, _>(record.refusal)
    .bind::<Array<Text>, _>(items)
    .bind::<Array<Text>, _>(record.fields)
    .bind::<Text, _>(record.log)
    .bind::<Nullable<BigInt>, _>(record.log_index)
    .bind::<Timestamptz, _>(record.at)
    .bind::<Jsonb, _>(Json::of(record.marks)?)
    .bind::<Nullable<Text>, _>(record.rule_pack)
    .execute(conn)
    .await?;
    Ok(inserted > 0)
}

/// How an open record ended.
#[derive(Debug, Clone)]
pub struct Settlement<'a> {
    /// `answered`, `not_found` or `failed`.
    pub decision: &'static str,
    /// Fields handed over.
    pub fields_returned: &'a [String],
    /// Records that the provider returned.
    pub records: i32,
    /// Commitment to the content.
    pub digest: Option<&'a str>,
    /// Index of the intent.
    pub intent_index: Option<i64>,
    /// Index of the outcome, or of the intent that stays open.
    pub log_index: Option<i64>,
}

/// Settles an open record; false when it is no longer open.
pub async fn settle(conn: &mut AsyncPgConnection, id: QueryId, settlement: &Settlement<'_>) -> Result<bool> {
    let changed = statement(
        "UPDATE query_records SET decision = $2, fields_returned = $3, records = $4, digest = $5, intent_index = $6, \
         log_index = $7 WHERE id = $1 AND decision = 'open'",
    )
    .bind::<SqlUuid, _>(id.0)
    .bind::<Text, _>(settlement.decision)
    .bind::<Array<Text>, _>(settlement.fields_returned)
    .bind::<Integer, _>(settlement.records)
    .bind::<Nullable<Text>, _>(settlement.digest)
    .bind::<Nullable<BigInt>, _>(settlement.intent_index)
    .bind::<Nullable<BigInt>, _>(settlement.log_index)
    .execute(conn)
    .await?;
    Ok(changed > 0)
}
