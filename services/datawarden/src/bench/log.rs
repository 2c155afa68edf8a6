//! The query log beside plain PostgreSQL inserts of the same size, interleaved in one run.

use std::time::Instant;

use diesel::sql_types::{Binary, Uuid as SqlUuid};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use kernel::{Clock as _, Personal, SystemClock};
use query_log::{Kind, NewEntry, QueryLog};
use statement::statement;
use uuid::Uuid;

use super::{Figure, quantile};
use crate::stack::Stack;

const WRITERS: usize = 64;
const EACH: usize = 60;
const ROUNDS: usize = 3;
/// Bytes of the plain row: what one entry's header and body take together.
const ROW: usize = 1_000;

pub async fn measure(stack: &Stack) -> anyhow::Result<Vec<Figure>> {
    let url = stack.database_url("query-registry");
    let registry = stack.service("query-registry").context.state::<query_registry::state::Registry>();
    let log = registry.log.clone();
    let mut conn = AsyncPgConnection::establish(&url).await?;
    conn.batch_execute("CREATE TABLE IF NOT EXISTS bench_plain (id uuid PRIMARY KEY, body bytea NOT NULL)")
        .await?;
    let (mut plain, mut engine, mut ratios) = (vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let a = plain_inserts(&url).await?;
        let b = appends(&log).await?;
        plain.push(a);
        engine.push(b);
        ratios.push(b / a);
    }
    conn.batch_execute("DROP TABLE bench_plain").await?;
    Ok(vec![
        Figure::higher(
            "plain inserts, one row each, 64 writers (for comparison)",
            quantile(&mut plain, 0.5),
            "/s",
            0.0,
        ),
        Figure::higher("query log: entries, 64 writers", quantile(&mut engine, 0.5), "/s", 0.0),
        Figure::higher("query log ÷ plain inserts, 64 writers", quantile(&mut ratios, 0.5), "×", 2.5),
    ])
}

/// Plain single-row inserts a second, 64 writers.
pub async fn plain_rate(stack: &Stack) -> anyhow::Result<f64> {
    let url = stack.database_url("query-registry");
    let mut conn = AsyncPgConnection::establish(&url).await?;
    conn.batch_execute("CREATE TABLE IF NOT EXISTS bench_plain (id uuid PRIMARY KEY, body bytea NOT NULL)")
        .await?;
    let rate = plain_inserts(&url).await?;
    conn.batch_execute("DROP TABLE bench_plain").await?;
    Ok(rate)
}

#[expect(clippy::cast_precision_loss, reason = "few thousand")]
fn rate(begun: Instant) -> f64 {
    (WRITERS * EACH) as f64 / begun.elapsed().as_secs_f64()
}

async fn plain_inserts(url: &str) -> anyhow::Result<f64> {
    let mut connections = vec![];
    for _ in 0..WRITERS {
        connections.push(AsyncPgConnection::establish(url).await?);
    }
    let begun = Instant::now();
    let writers = connections.into_iter().map(|mut conn| {
        tokio::spawn(async move {
            for _ in 0..EACH {
                let mut id = [0; 16];
                kernel::Random::fill(&kernel::SystemRandom, &mut id);
                statement("INSERT INTO bench_plain VALUES ($1, $2)")
                    .bind::<SqlUuid, _>(Uuid::from_bytes(id))
                    .bind::<Binary, _>(vec![7_u8; ROW])
                    .execute(&mut conn)
                    .await?;
            }
            anyhow::Ok(())
        })
    });
    for done in futures::future::join_all(writers).await {
        done??;
    }
    Ok(rate(begun))
}

async fn appends(log: &QueryLog) -> anyhow::Result<f64> {
    let begun = Instant::now();
    let writers = (0..WRITERS).map(|n| {
        let log = log.clone();
        tokio::spawn(async move {
            for i in 0..EACH {
                let mut entry = NewEntry::new(Kind::Intent, SystemClock.now());
                entry.account = Some(Uuid::from_u128(n as u128).into());
                entry.query = Some(Uuid::from_u128((n * EACH + i) as u128 + 1).into());
                entry.personal.insert("subject".into(), Personal::new(format!("S{n:09}")));
                entry
                    .personal
                    .insert("reason".into(), Personal::new("benchmark of the query log".to_owned()));
                log.append("three-year", entry).await?;
            }
            anyhow::Ok(())
        })
    });
    for done in futures::future::join_all(writers).await {
        done??;
    }
    Ok(rate(begun))
}
