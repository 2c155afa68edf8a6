//! Jobs: work to do later, at least once, shared by replicas; tried again with growing pauses, then given up loudly.

use std::sync::Arc;

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Jsonb, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use futures::future::{LocalBoxFuture, join_all};
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
    at_once: i64,
}

impl JobKind {
    /// Jobs called `name`, whose payload is a `P`; one at a time in the order of their moments.
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
        Self { name, run, at_once: 1 }
    }

    /// Up to `most` run side by side, in any order: for many small ones that do not mind each other.
    #[must_use]
    pub fn side_by_side(mut self, most: u32) -> Self {
        self.at_once = most.into();
        self
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

/// Runs the jobs that are due. Gives their number.
pub async fn run_due(context: &Context, kinds: &[JobKind]) -> Result<usize> {
    if kinds.is_empty() {
        return Ok(0);
    }
    let names: Vec<&str> = kinds.iter().map(|k| k.name).collect();
    let mut runs = 0;
    while let Some(first) = claim(context, &names, 1).await?.pop() {
        let Some(kind) = kinds.iter().find(|k| k.name == first.kind) else { continue };
        let mut jobs = vec![first];
        if kind.at_once > 1 {
            jobs.extend(claim(context, &[kind.name], kind.at_once - 1).await?);
        }
        runs += jobs.len();
        let outcomes = join_all(jobs.iter().map(|job| (kind.run)(context, job.payload.clone()))).await;
        settle(context, &jobs, outcomes).await?;
    }
    Ok(runs)
}

/// Claims up to `most` jobs of these kinds for a while (real time, so that a dead replica's claim ends), the earliest first.
async fn claim(context: &Context, kinds: &[&str], most: i64) -> Result<Vec<Claimed>> {
    let mut conn = context.connection().await?;
    let jobs = statement(
        "UPDATE jobs SET claimed_until = clock_timestamp() + interval '5 minutes', attempts = attempts + 1 \
         WHERE id = ANY(ARRAY(SELECT id FROM jobs WHERE done_at IS NULL AND gave_up_at IS NULL AND run_at <= $1 AND kind = ANY($2) \
         AND (claimed_until IS NULL OR claimed_until < clock_timestamp()) ORDER BY run_at LIMIT $3 FOR UPDATE SKIP LOCKED)) \
         RETURNING id, kind, payload, attempts",
    )
    .bind::<Timestamptz, _>(context.now())
    .bind::<Array<Text>, _>(kinds.to_vec())
    .bind::<BigInt, _>(most)
    .load(&mut conn)
    .await?;
    Ok(jobs)
}

async fn settle(context: &Context, jobs: &[Claimed], outcomes: Vec<Result<()>>) -> Result<()> {
    let mut conn = context.connection().await?;
    let (mut done, mut failed) = (vec![], vec![]);
    for (job, outcome) in jobs.iter().zip(outcomes) {
        match outcome {
            Ok(()) => done.push(job.id),
            Err(error) => failed.push((job, error)),
        }
    }
    statement("UPDATE jobs SET done_at = now(), claimed_until = NULL WHERE id = ANY($1)")
        .bind::<Array<SqlUuid>, _>(done)
        .execute(&mut conn)
        .await?;
    for (job, error) in failed {
        let give_up = job.attempts >= TRIES;
        tracing::warn!(job = %job.id, job.attempts, give_up, ?error, "job failed");
        statement(
            "UPDATE jobs SET last_error = $2, gave_up_at = CASE WHEN $3 THEN now() END, \
             claimed_until = clock_timestamp() + interval '1 second' * power(2, attempts) WHERE id = $1",
        )
        .bind::<SqlUuid, _>(job.id)
        .bind::<Text, _>(error.code())
        .bind::<Bool, _>(give_up)
        .execute(&mut conn)
        .await?;
    }
    Ok(())
}
