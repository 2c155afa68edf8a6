//! From Kafka into the service: signature checked, each event once (inbox), in batches; what cannot be processed goes
//! to the dead letters with its reason and never blocks the partition for longer than its retries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use diesel::sql_types::{Array, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use futures::future::LocalBoxFuture;
use identity::{EventContent, EventSignature};
use kernel::{Event, Instant};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use statement::statement;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::context::Context;
use crate::db::Tx;
use crate::error::Result;
use crate::reader::Reader;
use crate::relay;

/// What is known of an event besides its payload.
#[derive(Debug, Clone)]
pub struct EventMeta {
    /// CloudEvents `id`.
    pub id: Uuid,
    /// CloudEvents `time`.
    pub occurred_at: Instant,
    /// The service that signed it.
    pub source: String,
}

type Handle =
    Arc<dyn for<'a> Fn(&'a mut Tx, &'a [&'a Received]) -> LocalBoxFuture<'a, Result<()>> + Send + Sync>;

/// Takes in the events of one type.
#[derive(Clone)]
pub struct Consumer {
    topic: &'static str,
    kind: &'static str,
    handle: Handle,
}

impl Consumer {
    /// Hands each event `E` to `handler`, inside a transaction that also remembers the event.
    pub fn on<E, H>(handler: H) -> Self
    where
        E: Event + 'static,
        H: AsyncFn(&mut Tx, E, EventMeta) -> Result<()> + Send + Sync + 'static,
    {
        let handler = Arc::new(handler);
        let handle: Handle = Arc::new(move |tx, events| {
            let handler = handler.clone();
            Box::pin(async move {
                for event in events {
                    let span = event.span(tx);
                    handler(tx, serde_json::from_str(&event.data)?, event.meta.clone())
                        .instrument(span)
                        .await?;
                }
                Ok(())
            })
        });
        Self { topic: E::TOPIC, kind: E::TYPE, handle }
    }

    /// As [`Self::on`], for what comes in numbers: events `E` that follow each other, in their order.
    pub fn on_all<E, H>(handler: H) -> Self
    where
        E: Event + 'static,
        H: AsyncFn(&mut Tx, Vec<(E, EventMeta)>) -> Result<()> + Send + Sync + 'static,
    {
        let handler = Arc::new(handler);
        let handle: Handle = Arc::new(move |tx, events| {
            let handler = handler.clone();
            Box::pin(async move {
                // Each event's trace shows its own processing, which lasts as long as that of all.
                let _spans: Vec<tracing::Span> = events.iter().map(|event| event.span(tx)).collect();
                let read = |event: &&Received| Ok((serde_json::from_str(&event.data)?, event.meta.clone()));
                let events = events.iter().map(read).collect::<Result<Vec<_>>>()?;
                handler(tx, events).await
            })
        });
        Self { topic: E::TOPIC, kind: E::TYPE, handle }
    }

    /// The topic it reads.
    pub fn topic(&self) -> &'static str {
        self.topic
    }
}

/// An event as it came.
pub(crate) struct Received {
    pub meta: EventMeta,
    pub topic: String,
    pub key: String,
    pub kind: String,
    pub data: String,
    pub traceparent: Option<String>,
}

impl Received {
    fn span(&self, tx: &Tx) -> tracing::Span {
        crate::telemetry::consumer_span(tx.context().name(), &self.topic, self.traceparent.as_deref())
    }
}

/// Messages that one transaction takes in at most.
const BATCH: usize = 200;
/// Tries of one event before it becomes a dead letter.
const TRIES: u32 = 3;

/// Consumes until the task is dropped.
pub async fn run(context: Context) {
    if context.consumers().is_empty() {
        return;
    }
    loop {
        if let Err(error) = consume(&context).await {
            tracing::warn!(?error, "consumer starts again");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

async fn consume(context: &Context) -> anyhow::Result<()> {
    let mut topics: Vec<&str> = context.consumers().iter().map(|c| c.topic).collect();
    topics.sort_unstable();
    topics.dedup();
    context.bus().create_topics(&topics).await?;
    let group = context.bus().group(context.name());
    let names: Vec<String> = topics.iter().map(|t| context.bus().topic(t)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let reader = Reader::join(context.bus(), &group, &names)?;
    let outcome = take_in_what_comes(context, &reader, &group).await;
    reader.leave().await;
    outcome
}

async fn take_in_what_comes(context: &Context, reader: &Reader, group: &str) -> anyhow::Result<()> {
    loop {
        let first = reader.receive().await?;
        let mut read_from: BTreeMap<String, u64> = BTreeMap::new();
        let mut batch = vec![read(context, &first)];
        *read_from.entry(first.topic().to_owned()).or_default() += 1;
        let mut offsets = rdkafka::TopicPartitionList::new();
        note_offset(&mut offsets, &first)?;
        while batch.len() < BATCH {
            let Ok(next) = tokio::time::timeout(Duration::from_millis(1), reader.receive()).await else {
                break;
            };
            let next = next?;
            batch.push(read(context, &next));
            *read_from.entry(next.topic().to_owned()).or_default() += 1;
            note_offset(&mut offsets, &next)?;
        }
        let events: Vec<Received> = batch.into_iter().filter_map(std::result::Result::ok).collect();
        take_in(context, &events).await?;
        for (topic, count) in &read_from {
            context.bus().note_done(context.bus().topic_name(topic), group, *count);
        }
        reader.commit(&offsets)?;
    }
}

fn note_offset(list: &mut rdkafka::TopicPartitionList, message: &BorrowedMessage<'_>) -> anyhow::Result<()> {
    use rdkafka::Offset;
    let next = Offset::Offset(message.offset() + 1);
    match list.find_partition(message.topic(), message.partition()) {
        Some(mut element) => element.set_offset(next)?,
        None => list.add_partition_offset(message.topic(), message.partition(), next)?,
    }
    Ok(())
}

/// Reads and authenticates a message; one that is not from the suite is counted, logged and passed over: it has no
/// place in anyone's inbox.
fn read(context: &Context, message: &BorrowedMessage<'_>) -> std::result::Result<Received, ()> {
    read_checked(context, message).map_err(|error| {
        tracing::error!(topic = message.topic(), offset = message.offset(), ?error, "event refused");
    })
}

fn read_checked(context: &Context, message: &BorrowedMessage<'_>) -> anyhow::Result<Received> {
    let mut attributes = BTreeMap::new();
    let (mut signature, mut traceparent) = (None, None);
    for header in message.headers().context("no headers")?.iter() {
        let value = String::from_utf8(header.value.unwrap_or_default().to_vec()).context("header")?;
        match header.key {
            relay::SIGNATURE => signature = Some(value),
            "traceparent" => traceparent = Some(value),
            "tracestate" => {}
            name => {
                attributes.insert(name.to_owned(), value);
            }
        }
    }
    let data = message.payload_view::<str>().context("no payload")?.context("payload is not text")?;
    let key = message.key_view::<str>().context("no key")?.context("key is not text")?;
    let signature: EventSignature = signature.context("not signed")?.parse()?;
    let topic = context.bus().topic_name(message.topic());
    let signed = EventContent { topic, key, attributes: &attributes, data: data.as_bytes() };
    let source = context.0.event_verifier.verify(&signed, &signature, context.now())?;
    let field = |name: &str| attributes.get(name).with_context(|| format!("no {name}"));
    anyhow::ensure!(
        *field("ce_source")? == format!("urn:datawarden:{source}"),
        "the source is not the signer"
    );
    anyhow::ensure!(may_publish(&source, topic), "{source} does not publish on this topic");
    Ok(Received {
        meta: EventMeta { id: field("ce_id")?.parse()?, occurred_at: field("ce_time")?.parse()?, source },
        topic: topic.to_owned(),
        key: key.to_owned(),
        kind: field("ce_type")?.clone(),
        data: data.to_owned(),
        traceparent,
    })
}

/// A topic's first word is a word of its service's name: `registry.queries.v1` is the query-registry's alone.
fn may_publish(service: &str, topic: &str) -> bool {
    let family = topic.split('.').next().unwrap_or_default();
    service.split('-').any(|word| word == family)
}

/// The whole batch in one transaction; if one event fails, each on its own.
async fn take_in(context: &Context, events: &[Received]) -> Result<()> {
    let all: Vec<&Received> = events.iter().collect();
    let together = context.transaction_of_lookups(async |tx| take_in_all(tx, &all).await).await;
    if together.is_ok() {
        return Ok(());
    }
    for event in events {
        let mut tries = 0;
        while let Err(error) = context.transaction(async |tx| take_in_all(tx, &[event]).await).await {
            tries += 1;
            // A database that went away says nothing about the event: the batch is taken again later.
            if error.is_outage() {
                return Err(error);
            }
            if tries >= TRIES {
                set_aside(context, event, &error).await?;
                break;
            }
            tokio::time::sleep(Duration::from_millis(100 * u64::from(tries))).await;
        }
    }
    Ok(())
}

/// Takes in a dead letter; an error when nobody takes in its type any more.
pub(crate) async fn take_in_again(tx: &mut Tx, event: &Received) -> Result<()> {
    if consumer(&tx.context(), event).is_none() {
        return Err(anyhow::anyhow!("nobody here takes in {}", event.kind).into());
    }
    take_in_all(tx, &[event]).await
}

fn consumer<'c>(context: &'c Context, event: &Received) -> Option<&'c Consumer> {
    context.consumers().iter().find(|c| c.kind == event.kind)
}

#[derive(diesel::QueryableByName)]
struct New {
    #[diesel(sql_type = SqlUuid)]
    event_id: Uuid,
}

/// Takes in those that are new and have a consumer, in their order.
async fn take_in_all(tx: &mut Tx, events: &[&Received]) -> Result<()> {
    let context = tx.context();
    let wanted: Vec<&Received> =
        events.iter().copied().filter(|event| consumer(&context, event).is_some()).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let new: Vec<New> = statement(
        "INSERT INTO inbox (event_id, topic) SELECT * FROM unnest($1, $2) ON CONFLICT DO NOTHING RETURNING event_id",
    )
    .bind::<Array<SqlUuid>, _>(wanted.iter().map(|event| event.meta.id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(wanted.iter().map(|event| event.topic.as_str()).collect::<Vec<_>>())
    .load(tx.conn())
    .await?;
    let mut new: BTreeSet<Uuid> = new.into_iter().map(|new| new.event_id).collect();
    // One that came twice in the batch is taken in once.
    let wanted: Vec<&Received> = wanted.into_iter().filter(|event| new.remove(&event.meta.id)).collect();
    for alike in wanted.chunk_by(|one, next| one.kind == next.kind) {
        if let Some(consumer) = alike.first().and_then(|event| consumer(&context, event)) {
            (consumer.handle)(tx, alike).await?;
        }
    }
    Ok(())
}

/// Keeps an event as a dead letter, with the reason.
pub(crate) async fn set_aside(context: &Context, event: &Received, error: &crate::Error) -> Result<()> {
    tracing::error!(topic = event.topic, event_id = %event.meta.id, ?error, "event becomes a dead letter");
    let mut conn = context.connection().await?;
    statement(
        "INSERT INTO dead_letters (event_id, topic, key, type, data, reason, source, occurred_at, traceparent) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (event_id) DO UPDATE SET reason = EXCLUDED.reason, failed_at = now()",
    )
    .bind::<SqlUuid, _>(event.meta.id)
    .bind::<Text, _>(&event.topic)
    .bind::<Text, _>(&event.key)
    .bind::<Text, _>(&event.kind)
    .bind::<Text, _>(&event.data)
    .bind::<Text, _>(format!("{error}: {error:?}"))
    .bind::<Text, _>(&event.meta.source)
    .bind::<Timestamptz, _>(event.meta.occurred_at)
    .bind::<Nullable<Text>, _>(&event.traceparent)
    .execute(&mut conn)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::may_publish;

    #[test]
    fn a_service_publishes_on_its_own_topics_alone() {
        assert!(may_publish("query-registry", "registry.queries.v1"));
        assert!(may_publish("audit-sampling", "audit.findings.v1"));
        assert!(!may_publish("retention", "account.accounts.v1"));
        assert!(!may_publish("query-registry", "audit.findings.v1"));
    }
}
