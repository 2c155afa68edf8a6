//! Goal 9: from the outbox to Kafka (the in-process broker), signed one by one. An event counts as there once the relay
//! has noted it, which is after the broker's acknowledgement: a little later than the truth.

use std::time::{Duration, Instant};

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use statement::statement;

use super::super::{Figure, gate, quantile};
use crate::stack::Stack;

/// Events that wait at once.
const MANY: i64 = 10_000;
/// Events sent one after the other.
const SINGLE: i64 = 200;

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = BigInt)]
    waiting: i64,
}

pub async fn measure(stack: &Stack) -> anyhow::Result<Vec<Figure>> {
    let mut conn = AsyncPgConnection::establish(&stack.database_url("account")).await?;
    gate::publish(stack, 0..1).await?;
    stack.settle().await?;
    let mut times = vec![];
    for n in 1..=SINGLE {
        gate::publish(stack, n..n + 1).await?;
        let begun = Instant::now();
        all_published(&mut conn).await?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    stack.settle().await?;
    gate::publish(stack, SINGLE + 1..SINGLE + 1 + MANY).await?;
    let begun = Instant::now();
    all_published(&mut conn).await?;
    #[expect(clippy::cast_precision_loss, reason = "ten thousand")]
    let per_second = MANY as f64 / begun.elapsed().as_secs_f64();
    Ok(vec![
        Figure::higher("9: relay to Kafka (in-process broker), events signed", per_second, "/s", 50_000.0),
        Figure::lower("9: commit to Kafka, p99", quantile(&mut times, 0.99), "ms", 50.0),
    ])
}

async fn all_published(conn: &mut AsyncPgConnection) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        let count: Waiting = statement("SELECT count(*) AS waiting FROM outbox WHERE published_at IS NULL")
            .get_result(conn)
            .await?;
        if count.waiting == 0 {
            return Ok(());
        }
        anyhow::ensure!(begun.elapsed() < Duration::from_secs(120), "{} events wait", count.waiting);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
