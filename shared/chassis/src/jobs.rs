//! Jobs: work to do later, at least once, shared by replicas; tried again with growing pauses, then given up loudly.

use std::sync::Arc;

use diesel::sql_types::{Array, Integer, Jsonb, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension as _, QueryableByName};
use diesel_async::RunQueryDsl as _;
use futures::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use statement::statement;
use uuid::Uuid;

use crate::context::Context;
use crate::error::Result;

type Run =
    Arc<dyn for<'a> Fn(&'a Context, serde_json::Value) -> LocalBoxFuture<'a, Result<()>> + Send + Sync>;

/// A kind of job.
#[derive(Clone)]
pub struct JobKind {
    name: &'static str,
    run: Run,
}

impl JobKind {
    /// Jobs called `name`, whose payload is a `P`.
    pub fn new<P, H>(name: &'static str, handler: H) -> Self
    where
        P: DeserializeOwned + 'static,
        H: AsyncFn(&Context, P) -> Result<()> + Send + Sync + 'static,
    {
        let handler = Arc::new(handler);
        let run: Run = Arc::new(move |context, payload| {
            let handler = handler.clone();
            Box::pin(async move { handler(context, serde_json::from_value(payload)?).await })
        });
        Self { name, run }
    }
}

/// Tries before a job is given up.
const TRIES: i32 = 8;

#[derive(QueryableByName)]
struct Claimed {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Jsonb)]
    payload: serde_json::Value,
    #[diesel(sql_type = Integer)]
    attempts: i32,
}

/// Runs the jobs that are due, one after the other. Gives their number.
pub async fn run_due(context: &Context, kinds: &[JobKind]) -> Result<usize> {
    if kinds.is_empty() {
        return Ok(0);
    }
    let mut runs = 0;
    while let Some(job) = claim(context, kinds).await? {
        runs += 1;
        let Some(kind) = kinds.iter().find(|k| k.name == job.kind) else { continue };
        let outcome = (kind.run)(context, job.payload).await;
        settle(context, job.id, job.attempts, outcome).await?;
    }
    Ok(runs)
}

async fn claim(context: &Context, kinds: &[JobKind]) -> Result<Option<Claimed>> {
    let names: Vec<&str> = kinds.iter().map(|k| k.name).collect();
    let mut conn = context.connection().await?;
    let job = statement(
        "UPDATE jobs SET claimed_until = clock_timestamp() + interval '5 minutes', attempts = attempts + 1 \
         WHERE id = (SELECT id FROM jobs WHERE done_at IS NULL AND gave_up_at IS NULL AND run_at <= $1 AND kind = ANY($2) \
         AND (claimed_until IS NULL OR claimed_until < clock_timestamp()) ORDER BY run_at LIMIT 1 FOR UPDATE SKIP LOCKED) \
         RETURNING id, kind, payload, attempts",
    )
    .bind::<Timestamptz, _>(context.now())
    .bind::<Array<Text>, _>(names)
    .get_result(&mut conn)
    .await
    .optional()?;
    Ok(job)
}

async fn settle(context: &Context, id: Uuid, attempts: i32, outcome: Result<()>) -> Result<()> {
    let mut conn = context.connection().await?;
    let Err(error) = outcome else {
        statement("UPDATE jobs SET done_at = now(), claimed_until = NULL WHERE id = $1")
            .bind::<SqlUuid, _>(id)
            .execute(&mut conn)
            .await?;
        return Ok(());
    };
    let give_up = attempts >= TRIES;
    tracing::warn!(job = %id, attempts, give_up, ?error, "job failed");
    statement(
        "UPDATE jobs SET last_error = $2, gave_up_at = CASE WHEN $3 THEN now() END, \
         claimed_until = clock_timestamp() + interval '1 second' * power(2, attempts) WHERE id = $1",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Text, _>(error.code())
    .bind::<diesel::sql_types::Bool, _>(give_up)
    .execute(&mut conn)
    .await?;
    Ok(())
}
