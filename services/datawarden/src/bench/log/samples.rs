//! Goal 8: a thousand positions of audit-sampling's draw, read by primary key, cold and warm, with their proofs.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use audit_sampling::domain::draw;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Binary, Text};
use diesel_async::RunQueryDsl as _;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use statement::statement;

use super::super::Figure;
use super::engine;
use super::stage::{LOG, Stage};
use crate::commands::say;

const SAMPLES: u64 = 1_000;
/// Proofs that are made at once.
const AT_ONCE: usize = 4;

#[derive(QueryableByName)]
struct Sample {
    #[diesel(sql_type = BigInt)]
    entry_index: i64,
    #[diesel(sql_type = Binary)]
    header: Vec<u8>,
    #[diesel(sql_type = Binary)]
    leaf_hash: Vec<u8>,
}

/// Fills the log up to `rows` entries, then draws.
pub async fn measure(stage: Stage, rows: u64) -> anyhow::Result<Vec<Figure>> {
    let entries = Arc::new(AtomicU64::new(1 << 41));
    while stage.log.head(LOG).await?.size < rows {
        engine::appends(&stage.log, &entries, 256, Duration::from_secs(2)).await?;
    }
    let stage = stage.restart_cold().await?;
    let size = stage.log.head(LOG).await?.size;
    say(format!("{size} entries in the log from which {SAMPLES} are drawn"));
    let positions = |randomness: &str| draw::sample(&draw::seed(&[7; 32], randomness), size, SAMPLES);
    let first = positions("cold");
    let cold = read(&stage, &first).await?;
    let warm = read(&stage, &first).await?;
    let cold_proofs = prove(&stage, &first, size).await?;
    let warm_proofs = prove(&stage, &first, size).await?;
    Ok(vec![
        Figure::noted("8: entries in the log that is drawn from (the goal is for 100 M)", size_of(size), "M"),
        Figure::lower("8: 1,000 drawn entries read, cold", cold, "ms", 250.0),
        Figure::lower("8: 1,000 drawn entries read, warm", warm, "ms", 20.0),
        Figure::noted("8: their 1,000 inclusion proofs, cold", cold_proofs, "ms"),
        Figure::noted("8: their 1,000 inclusion proofs, warm", warm_proofs, "ms"),
    ])
}

#[expect(clippy::cast_precision_loss, reason = "millions")]
fn size_of(size: u64) -> f64 {
    size as f64 / 1e6
}

async fn read(stage: &Stage, positions: &[u64]) -> anyhow::Result<f64> {
    let mut conn = stage.connection().await?;
    let positions: Vec<i64> = positions.iter().map(|p| i64::try_from(*p)).collect::<Result<_, _>>()?;
    let begun = Instant::now();
    let samples: Vec<Sample> = statement(
        "SELECT e.entry_index, e.header, e.leaf_hash FROM unnest($2) AS p (position), LATERAL \
         (SELECT month FROM log_months WHERE log = $1 AND first_index <= p.position ORDER BY first_index DESC LIMIT 1) m, \
         LATERAL (SELECT entry_index, header, leaf_hash FROM log_entries \
                  WHERE log = $1 AND month = m.month AND entry_index = p.position) e",
    )
    .bind::<Text, _>(LOG)
    .bind::<Array<BigInt>, _>(&positions)
    .load(&mut conn)
    .await?;
    for sample in &samples {
        let leaf = query_log::Hash::leaf(&sample.header);
        anyhow::ensure!(leaf.0.as_slice() == sample.leaf_hash, "entry {} is another", sample.entry_index);
    }
    anyhow::ensure!(samples.len() == positions.len(), "{} of {SAMPLES} entries", samples.len());
    Ok(begun.elapsed().as_secs_f64() * 1e3)
}

async fn prove(stage: &Stage, positions: &[u64], size: u64) -> anyhow::Result<f64> {
    let begun = Instant::now();
    stream::iter(positions)
        .map(|position| stage.log.inclusion(LOG, *position, size))
        .buffer_unordered(AT_ONCE)
        .try_for_each(|_| async { Ok(()) })
        .await?;
    Ok(begun.elapsed().as_secs_f64() * 1e3)
}
