//! Events wait in the outbox from the commit that they belong to until the relay has published them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use kernel::Event;
use statement::{Json, statement};
use uuid::Uuid;

use crate::context::Context;
use crate::error::Result;

/// An event on its way into the outbox, with the trace that it belongs to.
#[derive(Debug)]
pub struct Outgoing {
    topic: &'static str,
    key: String,
    kind: &'static str,
    at: DateTime<Utc>,
    data: String,
    trace: (Option<String>, Option<String>),
}

impl Outgoing {
    /// Of `event`, which happened at `at`, in the current trace.
    pub fn of<E: Event>(event: &E, at: DateTime<Utc>) -> Result<Self> {
        Ok(Self {
            topic: E::TOPIC,
            key: event.key(),
            kind: E::TYPE,
            at,
            data: serde_json::to_string(event)?,
            trace: crate::telemetry::current_trace(),
        })
    }
}

/// Puts an event in, within the caller's transaction.
pub(crate) async fn put(conn: &mut AsyncPgConnection, id: Uuid, event: &Outgoing) -> Result<()> {
    statement(
        "INSERT INTO outbox (event_id, topic, key, type, occurred_at, data, traceparent, tracestate) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Text, _>(event.topic)
    .bind::<Text, _>(&event.key)
    .bind::<Text, _>(event.kind)
    .bind::<Timestamptz, _>(event.at)
    .bind::<Text, _>(&event.data)
    .bind::<Nullable<Text>, _>(event.trace.0.as_deref())
    .bind::<Nullable<Text>, _>(event.trace.1.as_deref())
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Changed {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

impl Context {
    /// Changes rows and tells of them, in one statement that is its own transaction. `change` takes `rows` as `$1` and
    /// returns the `id` of each row that it changed; of `events`, each with the id of its row, those are told whose row was. Gives
    /// the ids.
    pub async fn change_and_tell(
        &self,
        change: &str,
        rows: Json,
        events: &[(Uuid, &Outgoing)],
    ) -> Result<BTreeSet<Uuid>> {
        let now = self.now();
        let ids: Vec<Uuid> = events.iter().map(|_| self.random().id(now)).collect();
        let texts = |of: fn(&Outgoing) -> &str| events.iter().map(|(_, e)| of(e)).collect::<Vec<_>>();
        let maybe = |of: fn(&Outgoing) -> Option<&str>| events.iter().map(|(_, e)| of(e)).collect::<Vec<_>>();
        let mut conn = self.lookups().await?;
        let changed: Vec<Changed> = statement(format!(
            "WITH changed AS ({change}), told AS (INSERT INTO outbox (event_id, topic, key, type, occurred_at, data, \
             traceparent, tracestate) SELECT event_id, topic, key, type, occurred_at, data, traceparent, tracestate \
             FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10) WITH ORDINALITY \
                AS e (id, event_id, topic, key, type, occurred_at, data, traceparent, tracestate, place) \
             JOIN changed USING (id) ORDER BY place) \
             SELECT id FROM changed"
        ))
        .bind::<Jsonb, _>(rows)
        .bind::<Array<SqlUuid>, _>(events.iter().map(|(row, _)| *row).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Array<Text>, _>(texts(|e| e.topic))
        .bind::<Array<Text>, _>(texts(|e| &e.key))
        .bind::<Array<Text>, _>(texts(|e| e.kind))
        .bind::<Array<Timestamptz>, _>(events.iter().map(|(_, e)| e.at).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(texts(|e| &e.data))
        .bind::<Array<Nullable<Text>>, _>(maybe(|e| e.trace.0.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(maybe(|e| e.trace.1.as_deref()))
        .load(&mut conn)
        .await?;
        self.relay_wakeup().notify_one();
        Ok(changed.into_iter().map(|changed| changed.id).collect())
    }
}
