//! Events that could not be taken in: what there is, and taking one in after the fault is mended. Each service with
//! consumers offers both operations; `operations.toml` names them.

use std::cell::RefCell;

use actix_web::{get, post, web};
use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension as _, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use serde::{Deserialize, Serialize};
use statement::statement;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answer, Page, PageParams};
use crate::consume::{self, EventMeta, Received};
use crate::document;
use crate::error::Result;
use crate::http::{Caller, Command};
use crate::problem::{self, Problem};

/// Adds the operations `list_dead_letters` and `replay_dead_letter`.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_dead_letters).service(replay_dead_letter);
}

/// An event that this service could not take in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, QueryableByName)]
pub struct DeadLetter {
    /// CloudEvents `id`.
    #[diesel(sql_type = SqlUuid, column_name = "event_id")]
    pub id: Uuid,
    /// The topic it came on.
    #[diesel(sql_type = Text)]
    pub topic: String,
    /// Its key: the aggregate.
    #[diesel(sql_type = Text)]
    pub key: String,
    /// CloudEvents `type`.
    #[diesel(sql_type = Text)]
    pub r#type: String,
    /// The service that published it.
    #[diesel(sql_type = Text)]
    pub source: String,
    /// CloudEvents `time`.
    #[diesel(sql_type = Timestamptz)]
    pub occurred_at: DateTime<Utc>,
    /// Its payload as it was published: JSON with ids and codes alone.
    #[diesel(sql_type = Text)]
    pub data: String,
    /// Why it could not be taken in, when it was last tried.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// When it was last tried.
    #[diesel(sql_type = Timestamptz)]
    pub failed_at: DateTime<Utc>,
    /// When it was taken in after all.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub replayed_at: Option<DateTime<Utc>>,
}

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListDeadLetters {
    /// Those that were taken in after all, instead of those that wait.
    #[serde(default)]
    pub replayed: bool,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// A replay needs no particulars.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayDeadLetter {}

const COLUMNS: &str =
    "event_id, topic, key, type, source, occurred_at, data, reason, failed_at, replayed_at, traceparent";

#[derive(QueryableByName)]
struct Row {
    #[diesel(embed)]
    letter: DeadLetter,
    #[diesel(sql_type = Nullable<Text>)]
    traceparent: Option<String>,
}

/// Lists events that this service could not take in, each with its reason.
#[utoipa::path(get, path = "/v1/dead-letters", params(ListDeadLetters), responses((status = 200, body = Page<DeadLetter>)))]
#[get("/v1/dead-letters")]
pub async fn list_dead_letters(
    caller: Caller,
    query: web::Query<ListDeadLetters>,
) -> Result<Answer<Page<DeadLetter>>> {
    let after: Option<Uuid> =
        query.after.as_deref().map(str::parse).transpose().map_err(|_| {
            Problem::invalid("after", "not a cursor of this list: use `next` of the page before")
        })?;
    let limit = PageParams { after: None, limit: query.limit }.limit()?;
    let mut conn = caller.context.connection().await?;
    let rows: Vec<Row> = statement(format!(
        "SELECT {COLUMNS} FROM dead_letters WHERE (replayed_at IS NOT NULL) = $1 AND ($2 IS NULL OR event_id > $2) \
         ORDER BY event_id LIMIT $3"
    ))
    .bind::<Bool, _>(query.replayed)
    .bind::<Nullable<SqlUuid>, _>(after)
    .bind::<BigInt, _>(limit + 1)
    .load(&mut conn)
    .await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    let items: Vec<DeadLetter> = rows.into_iter().take(limit).map(|row| row.letter).collect();
    let next = items.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Answer::ok(Page { items, next }))
}

/// Takes an event in that could not be taken in before. It has its effect once, however often it is replayed or comes
/// again from the broker.
#[utoipa::path(post, path = "/v1/dead-letters/{id}/replays", params(("id" = Uuid, Path)), request_body = ReplayDeadLetter,
    responses((status = 200, body = DeadLetter)))]
#[post("/v1/dead-letters/{id}/replays")]
pub async fn replay_dead_letter(
    command: Command<ReplayDeadLetter>,
    id: web::Path<Uuid>,
) -> Result<Answer<DeadLetter>> {
    let stays: RefCell<Option<(Received, crate::Error)>> = RefCell::new(None);
    let outcome = command
        .run(async |tx| {
            let Row { letter, traceparent } =
                find(tx.conn(), *id).await?.ok_or_else(|| document::missing("dead letter"))?;
            if letter.replayed_at.is_some() {
                return Ok(Answer::ok(letter));
            }
            let event = received(&letter, traceparent);
            if let Err(error) = consume::take_in_again(tx, &event).await {
                if error.is_outage() || error.is_retryable() {
                    return Err(error);
                }
                // Told after this transaction is undone.
                *stays.borrow_mut() = Some((event, error));
                return Err(Problem::new(
                    &problem::DEAD_LETTER_STAYS,
                    "Its `reason` in the list says why: mend that, then replay it again.",
                )
                .into());
            }
            Ok(Answer::ok(settle(tx.conn(), *id).await?.letter))
        })
        .await;
    if let Some((event, error)) = stays.into_inner() {
        consume::set_aside(&command.context, &event, &error).await?;
    }
    if outcome.is_ok() {
        tracing::info!(event_id = %*id, "dead letter taken in");
    }
    outcome
}

async fn find(conn: &mut AsyncPgConnection, id: Uuid) -> Result<Option<Row>> {
    let sql = format!("SELECT {COLUMNS} FROM dead_letters WHERE event_id = $1 FOR UPDATE");
    Ok(statement(sql).bind::<SqlUuid, _>(id).get_result(conn).await.optional()?)
}

async fn settle(conn: &mut AsyncPgConnection, id: Uuid) -> Result<Row> {
    let sql = format!("UPDATE dead_letters SET replayed_at = now() WHERE event_id = $1 RETURNING {COLUMNS}");
    Ok(statement(sql).bind::<SqlUuid, _>(id).get_result(conn).await?)
}

fn received(letter: &DeadLetter, traceparent: Option<String>) -> Received {
    let meta = EventMeta { id: letter.id, occurred_at: letter.occurred_at, source: letter.source.clone() };
    Received {
        meta,
        topic: letter.topic.clone(),
        key: letter.key.clone(),
        kind: letter.r#type.clone(),
        data: letter.data.clone(),
        traceparent,
    }
}
