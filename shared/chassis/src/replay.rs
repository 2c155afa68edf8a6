//! Publishing the present state of aggregates again, so that a projection elsewhere can be rebuilt (invariant 6):
//! `SERVICE replay [AGGREGATE] [--id ID]`. The events are new ones and newly signed; they tell the state as of the
//! moment since which it stands, and go out through the outbox like any other.

use std::sync::Arc;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Jsonb, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension as _, QueryableByName};
use diesel_async::RunQueryDsl as _;
use futures::future::LocalBoxFuture;
use kernel::Event;
use statement::statement;
use uuid::Uuid;

use crate::context::Context;
use crate::db::Tx;
use crate::document::{Document, Stored};
use crate::error::Result;

/// Aggregates that one transaction publishes.
const BATCH: i64 = 200;

type One = Arc<dyn for<'a> Fn(&'a mut Tx, Uuid) -> LocalBoxFuture<'a, Result<()>> + Send + Sync>;

/// One kind of aggregate whose state can be published again. Its consumers must keep state alone: an event that adds
/// to a count would be counted again.
#[derive(Clone)]
pub struct Replay {
    name: &'static str,
    table: &'static str,
    one: One,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Jsonb)]
    doc: serde_json::Value,
    #[diesel(sql_type = Timestamptz)]
    updated_at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

impl Replay {
    /// Documents `D`, each told by the event that `tell` makes of it. `name` is what the command line calls them.
    pub fn of<D, E>(name: &'static str, tell: impl Fn(&Stored<D>) -> E + Send + Sync + 'static) -> Self
    where
        D: Document + 'static,
        E: Event + 'static,
    {
        let tell = Arc::new(tell);
        let one: One = Arc::new(move |tx, id| {
            let tell = tell.clone();
            Box::pin(async move {
                // The lock: a change of this moment is told before or after, never overtaken by what was.
                let sql =
                    format!("SELECT version, doc, updated_at FROM {} WHERE id = $1 FOR SHARE", D::TABLE);
                let row: Option<Row> =
                    statement(sql).bind::<SqlUuid, _>(id).get_result(tx.conn()).await.optional()?;
                let Some(row) = row else { return Ok(()) };
                let stored = Stored { version: row.version, doc: serde_json::from_value(row.doc)? };
                tx.emit_as_of(&tell(&stored), row.updated_at).await
            })
        });
        Self { name, table: D::TABLE, one }
    }

    /// What the command line calls it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    async fn run(&self, context: &Context, only: Option<Uuid>) -> Result<u64> {
        let (mut told, mut after) = (0, None);
        loop {
            let ids = match only {
                Some(id) => vec![id],
                None => self.ids(context, after).await?,
            };
            context
                .transaction(async |tx| {
                    for id in &ids {
                        (self.one)(tx, *id).await?;
                    }
                    Ok(())
                })
                .await?;
            told += ids.len() as u64;
            after = ids.last().copied();
            if after.is_none() || only.is_some() {
                return Ok(told);
            }
        }
    }

    async fn ids(&self, context: &Context, after: Option<Uuid>) -> Result<Vec<Uuid>> {
        let sql =
            format!("SELECT id FROM {} WHERE $1 IS NULL OR id > $1 ORDER BY id LIMIT {BATCH}", self.table);
        let mut conn = context.connection().await?;
        let rows: Vec<Id> = statement(sql).bind::<Nullable<SqlUuid>, _>(after).load(&mut conn).await?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }
}

/// Publishes again what `name` names (all kinds when it names none), one aggregate or all; gives their number.
pub async fn run(
    context: &Context,
    replays: &[Replay],
    name: Option<&str>,
    id: Option<Uuid>,
) -> anyhow::Result<u64> {
    let wanted: Vec<&Replay> = replays.iter().filter(|r| name.is_none_or(|n| n == r.name)).collect();
    if wanted.is_empty() {
        let known: Vec<&str> = replays.iter().map(Replay::name).collect();
        anyhow::bail!(
            "{} replays: {}",
            context.name(),
            if known.is_empty() { "nothing".to_owned() } else { known.join(", ") }
        );
    }
    let mut told = 0;
    for replay in wanted {
        told += replay.run(context, id).await.with_context(|| format!("replay of {}", replay.name))?;
    }
    Ok(told)
}
