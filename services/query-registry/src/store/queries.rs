//! Records of queries as the gate writes them: its one reading statement, claims on deliveries, their settlement. Each is
//! one statement for all who ask at the same moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chassis::outbox::Outgoing;
use chassis::{Context, Result};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use kernel::Instant;
use kernel::ids::{AccountId, AgencyId, CaseId, PersonId, QueryApplicationId, QueryId, SystemId, UnitId};
use serde::{Deserialize, Serialize};
use statement::{Json, statement};
use uuid::Uuid;

use crate::domain::application::QueryApplication;
use crate::domain::authorization::Delivered;
use crate::domain::case::Case;

/// What the gate reads for one query.
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

/// What the database says of one [`Ask`], as it came.
#[derive(Debug, QueryableByName)]
pub struct Found {
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

impl Found {
    /// The facts in it.
    pub fn facts(self) -> Result<Facts> {
        Ok(Facts {
            change: self.change,
            application: self.application.as_ref().map(Json::parse).transpose()?,
            case: self.case_doc.as_ref().map(Json::parse).transpose()?,
            delivered: self.delivered.parse()?,
            repeated: self.repeated,
            hourly: self.hourly,
            neighbours: self.neighbours.into_iter().collect(),
        })
    }
}

/// What a query wants to know.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The application.
    pub application: QueryApplicationId,
    /// Keyed hash of the person.
    pub subject: String,
    /// Keyed hashes of neighbouring ids.
    pub neighbours: Vec<String>,
    /// Begin of the window of repetition.
    pub since: Instant,
    /// An hour ago.
    pub hour: Instant,
}

/// Everything that decisions on queries need from the database, for each of `asks` in their order.
pub async fn facts(conn: &mut AsyncPgConnection, asks: &[Arc<Ask>]) -> Result<Vec<Found>> {
    let found = statement(
        "SELECT (SELECT change FROM directory_clock) AS change, a.doc AS application, c.doc AS case_doc, \
         (SELECT coalesce(jsonb_agg(jsonb_build_object('id', q.id, 'delivery', q.delivery, 'decision', q.decision, \
            'digest', q.digest, 'log', q.log, 'log_index', q.log_index, 'at', q.at) ORDER BY q.delivery), '[]') \
          FROM query_records q WHERE q.application_id = ask.application AND q.subject = ask.subject \
          AND q.decision IN ('open', 'answered', 'not_found')) AS delivered, \
         (SELECT count(*) FROM query_records q \
          WHERE q.account_id = a.account_id AND q.subject = ask.subject AND q.at > ask.since) AS repeated, \
         (SELECT count(*) FROM query_records q WHERE q.account_id = a.account_id AND q.at > ask.hour) AS hourly, \
         ARRAY(SELECT DISTINCT q.subject FROM query_records q WHERE q.account_id = a.account_id \
          AND q.subject = ANY(string_to_array(ask.neighbours, ' ')) AND q.at > ask.since) AS neighbours \
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[]) \
            WITH ORDINALITY AS ask (application, subject, neighbours, since, hour, place) \
         LEFT JOIN LATERAL (SELECT doc, account_id, case_id FROM query_applications WHERE id = ask.application LIMIT 1) a ON true \
         LEFT JOIN LATERAL (SELECT doc FROM cases WHERE id = a.case_id LIMIT 1) c ON true ORDER BY ask.place",
    )
    .bind::<Array<SqlUuid>, _>(asks.iter().map(|ask| ask.application.0).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(asks.iter().map(|ask| ask.subject.as_str()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(asks.iter().map(|ask| ask.neighbours.join(" ")).collect::<Vec<_>>())
    .bind::<Array<Timestamptz>, _>(asks.iter().map(|ask| ask.since).collect::<Vec<_>>())
    .bind::<Array<Timestamptz>, _>(asks.iter().map(|ask| ask.hour).collect::<Vec<_>>())
    .load(conn)
    .await?;
    Ok(found)
}

/// A record to insert; its members are named as the columns.
#[derive(Debug, Clone, Serialize)]
pub struct NewRecord<'a> {
    /// Id.
    pub id: QueryId,
    /// Application; none when it is not there.
    pub application_id: Option<QueryApplicationId>,
    /// 0 for refusals.
    pub delivery: i16,
    /// The application's account.
    pub account_id: Option<AccountId>,
    /// The official.
    pub person_id: PersonId,
    /// Agency.
    pub agency_id: AgencyId,
    /// Unit.
    pub unit_id: Option<UnitId>,
    /// System.
    pub system_id: Option<SystemId>,
    /// The application's case.
    pub case_id: Option<CaseId>,
    /// `household` or `tax`.
    pub regulation: &'a str,
    /// The application's programme.
    pub programme: Option<&'a str>,
    /// The application's legal basis.
    pub legal_basis: Option<&'a str>,
    /// Keyed hash of the person.
    pub subject: &'a str,
    /// `open` or `refused`.
    pub decision: &'static str,
    /// Problem code.
    pub refusal: Option<&'a str>,
    /// Items asked.
    pub items: &'a BTreeSet<String>,
    /// Fields asked.
    pub fields_asked: &'a [String],
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

#[derive(QueryableByName)]
struct Written {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Inserts records, each a [`NewRecord`]; an open one is the claim on its delivery. Gives those inserted: of the others another query
/// holds the claim. In one order, whoever inserts: two that meet must not wait for each other.
pub async fn insert(conn: &mut AsyncPgConnection, records: &[&Json]) -> Result<BTreeSet<QueryId>> {
    const COLUMNS: &str = "id, application_id, delivery, account_id, person_id, agency_id, unit_id, system_id, case_id, \
        regulation, programme, legal_basis, subject, decision, refusal, items, fields_asked, log, log_index, at, marks, \
        rule_pack";
    let inserted: Vec<Written> = statement(format!(
        "INSERT INTO query_records ({COLUMNS}) SELECT {COLUMNS} \
         FROM jsonb_populate_recordset(NULL::query_records, $1) ORDER BY application_id, subject, delivery \
         ON CONFLICT (application_id, subject, delivery) WHERE decision IN ('open', 'answered', 'not_found') DO NOTHING \
         RETURNING id"
    ))
    .bind::<Jsonb, _>(Json::list(records))
    .load(conn)
    .await?;
    Ok(inserted.into_iter().map(|written| QueryId(written.id)).collect())
}

/// How an open record ended; its members are named as the columns.
#[derive(Debug, Clone, Serialize)]
pub struct Settlement<'a> {
    /// The query.
    pub id: QueryId,
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

/// Settles open records, each as a [`Settlement`] says, and tells the event of each that was open until now; gives those.
pub async fn settle(
    context: &Context,
    settlements: &[&Json],
    events: &[(Uuid, &Outgoing)],
) -> Result<BTreeSet<Uuid>> {
    const CHANGE: &str = "UPDATE query_records q SET decision = s.decision, fields_returned = s.fields_returned, \
        records = s.records, digest = s.digest, intent_index = s.intent_index, log_index = s.log_index \
        FROM jsonb_populate_recordset(NULL::query_records, $1) s WHERE q.id = s.id AND q.decision = 'open' \
        RETURNING q.id";
    context.change_and_tell(CHANGE, Json::list(settlements), events).await
}
