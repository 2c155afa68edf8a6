//! From the outbox to Kafka: in order, at least once, signed at publication. One replica relays at a time.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use futures::future::try_join_all;
use identity::EventContent;
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use statement::statement;
use uuid::Uuid;

use crate::bus::Bus;
use crate::context::Context;
use crate::error::{Error, Result};

/// Rows sent at once.
const BATCH: i64 = 500;
/// Between two sendings under load: what is committed meanwhile goes together, through here and through every consumer. One
/// event alone is no load.
const GATHERING: Duration = Duration::from_millis(5);

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = SqlUuid)]
    event_id: Uuid,
    #[diesel(sql_type = Text)]
    topic: String,
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = Text, column_name = "type")]
    kind: String,
    #[diesel(sql_type = Timestamptz)]
    occurred_at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    data: String,
    #[diesel(sql_type = Nullable<Text>)]
    traceparent: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    tracestate: Option<String>,
}

/// Header that carries the publisher's signature and certificate chain.
pub const SIGNATURE: &str = "dw-signature";

impl Row {
    /// The CloudEvents attributes in binary mode, sorted by name.
    fn attributes(&self, source: &str) -> BTreeMap<String, String> {
        [
            ("ce_id".into(), self.event_id.to_string()),
            ("ce_source".into(), format!("urn:datawarden:{source}")),
            ("ce_specversion".into(), "1.0".into()),
            ("ce_time".into(), self.occurred_at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)),
            ("ce_type".into(), self.kind.clone()),
            ("content-type".into(), "application/json".into()),
        ]
        .into()
    }
}

/// Relays until the task is dropped. Errors are logged, waited out and tried again: the outbox keeps everything.
pub async fn run(context: Context) {
    let mut producer = producer(&context).await;
    if context.bus().is_embedded()
        && let Err(error) = send_recent_again(&context).await
    {
        tracing::warn!(?error, "recent events could not be marked for sending again");
    }
    loop {
        match relay_batch(&context, &producer).await {
            Ok(count) if count == BATCH => {}
            Ok(count) => {
                if count > 1 {
                    tokio::time::sleep(GATHERING).await;
                }
                // Woken by each commit that tells something; the timer is for commits of other replicas.
                let _ =
                    tokio::time::timeout(Duration::from_millis(500), context.relay_wakeup().notified()).await;
            }
            Err(error) => {
                tracing::warn!(?error, "relay waits");
                tokio::time::sleep(Duration::from_millis(500)).await;
                // An idempotent producer that lost count of its messages sends nothing any more, and does not always say so:
                // what it could not send goes out by a new one, and inboxes drop what arrived after all.
                if matches!(&error, Error::Internal(error) if error.is::<KafkaError>()) {
                    let lost = std::mem::replace(&mut producer, self::producer(&context).await);
                    Bus::end(lost).await;
                }
            }
        }
    }
}

async fn producer(context: &Context) -> FutureProducer {
    loop {
        let created = context
            .bus()
            .client()
            .set("enable.idempotence", "true")
            // Under load messages gather behind those on their way and behind `GATHERING`; alone, one need not wait for another.
            .set("linger.ms", "0")
            .set("message.timeout.ms", "10000")
            .create();
        match created {
            Ok(producer) => return producer,
            Err(error) => {
                tracing::error!(%error, "Kafka producer");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// The in-process broker forgot what its consumers had not read when the process ended: what was published in the
/// last minutes goes out again, and inboxes drop what they know.
async fn send_recent_again(context: &Context) -> Result<()> {
    let mut conn = context.connection().await?;
    statement("UPDATE outbox SET published_at = NULL WHERE published_at > now() - interval '5 minutes'")
        .execute(&mut conn)
        .await?;
    Ok(())
}

async fn relay_batch(context: &Context, producer: &FutureProducer) -> Result<i64> {
    let mut conn = context.lookups().await?;
    let conn: &mut AsyncPgConnection = &mut conn;
    // Plain BEGIN: the batch waits for Kafka, and READ COMMITTED is what it needs.
    statement("BEGIN").execute(conn).await?;
    let outcome = relay_locked(context, producer, conn).await;
    let end = if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" };
    statement(end).execute(conn).await?;
    outcome
}

async fn relay_locked(
    context: &Context,
    producer: &FutureProducer,
    conn: &mut AsyncPgConnection,
) -> Result<i64> {
    // Nothing is read without the lock, which is held until the end of the transaction.
    let rows: Vec<Row> = statement(
        "SELECT id, event_id, topic, key, type, occurred_at, data, traceparent, tracestate FROM outbox \
         WHERE (SELECT pg_try_advisory_xact_lock(4712)) AND published_at IS NULL ORDER BY id LIMIT $1",
    )
    .bind::<BigInt, _>(BATCH)
    .load(conn)
    .await?;
    if rows.is_empty() {
        return Ok(0);
    }
    try_join_all(rows.iter().map(|row| send(context, producer, row))).await?;
    let ids: Vec<i64> = rows.iter().map(|r| r.id).collect();
    statement("UPDATE outbox SET published_at = now() WHERE id = ANY($1)")
        .bind::<Array<BigInt>, _>(ids)
        .execute(conn)
        .await?;
    Ok(i64::try_from(rows.len()).unwrap_or(BATCH))
}

async fn send(context: &Context, producer: &FutureProducer, row: &Row) -> Result<()> {
    let attributes = row.attributes(context.name());
    let signed = context
        .keys()
        .events
        .sign(&EventContent {
            topic: &row.topic,
            key: &row.key,
            attributes: &attributes,
            data: row.data.as_bytes(),
        })
        .map_err(anyhow::Error::from)?
        .to_string();
    let mut headers = OwnedHeaders::new();
    for (name, value) in &attributes {
        headers = headers.insert(Header { key: name, value: Some(value) });
    }
    headers = headers.insert(Header { key: SIGNATURE, value: Some(&signed) });
    for (name, value) in [("traceparent", &row.traceparent), ("tracestate", &row.tracestate)] {
        if let Some(value) = value {
            headers = headers.insert(Header { key: name, value: Some(value) });
        }
    }
    let topic = context.bus().topic(&row.topic);
    let record = FutureRecord::to(&topic).key(&row.key).payload(&row.data).headers(headers);
    producer.send(record, Duration::from_secs(10)).await.map_err(|(error, _)| anyhow::Error::from(error))?;
    context.bus().note_sent(&row.topic);
    Ok(())
}

/// Events that wait in the outbox.
pub async fn waiting(context: &Context) -> Result<i64> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let mut conn = context.connection().await?;
    let count: Count = statement("SELECT count(*) AS n FROM outbox WHERE published_at IS NULL")
        .get_result(&mut conn)
        .await?;
    Ok(count.n)
}
