//! Goals 1–4: engine, plain PostgreSQL and a bare file beside one another, in rounds, on one disk.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use super::super::{Figure, quantile};
use super::engine::{self, Acknowledged};
use super::lap::Part;
use super::plain::{self, Row};
use super::stage::Stage;
use super::{costs, disk, proofs};
use crate::commands::say;

const ROUNDS: usize = 3;
/// Each part of a round.
const TIME: Duration = Duration::from_secs(2);
/// How many plain writers are tried for the best rate.
const PLAIN: [usize; 5] = [1, 16, 32, 64, 128];
const FILE: [usize; 2] = [64, 256];
const ENGINE: [usize; 3] = [1, 64, 256];

/// What the rounds share.
pub struct Field<'a> {
    pub stage: &'a Stage,
    pub rows: Arc<Vec<Row>>,
    entries: Arc<AtomicU64>,
    inserted: Arc<AtomicI64>,
}

impl<'a> Field<'a> {
    /// The engine writes for a second: what it wrote is what plain rows hold.
    pub async fn open(stage: &'a Stage) -> anyhow::Result<Self> {
        let entries = Arc::new(AtomicU64::new(0));
        engine::appends(&stage.log, &entries, 64, Duration::from_secs(1)).await?;
        let rows = plain::prepare(&mut stage.connection().await?).await?;
        Ok(Self { stage, rows, entries, inserted: Arc::new(AtomicI64::new(0)) })
    }

    pub async fn plain(&self, writers: usize) -> anyhow::Result<Part> {
        plain::inserts(&self.stage.url, &self.rows, &self.inserted, writers, TIME).await
    }

    /// Rows that plain writers have inserted so far.
    pub fn inserted(&self) -> i64 {
        self.inserted.load(Ordering::Relaxed)
    }

    pub async fn engine(&self, writers: usize) -> anyhow::Result<(Part, Acknowledged)> {
        engine::appends(&self.stage.log, &self.entries, writers, TIME).await
    }
}

type Parts = BTreeMap<usize, Part>;

struct Round {
    plain: Parts,
    file: Parts,
    engine: Parts,
}

pub async fn measure(stage: &Stage) -> anyhow::Result<Vec<Figure>> {
    let field = Field::open(stage).await?;
    let mut rounds = vec![];
    for number in 1..=ROUNDS {
        let round = round(&field).await?;
        say(format!("round {number}, load {:.1}", disk::load_average()?));
        for (name, parts) in [("plain", &round.plain), ("file", &round.file), ("engine", &round.engine)] {
            for (writers, part) in parts {
                let Part { per_second, p50, p99 } = part;
                say(format!(
                    "  {name:<6} {writers:>4} writers {per_second:>8.0}/s  p50 {p50:>7.3} ms  p99 {p99:>7.3} ms"
                ));
            }
        }
        rounds.push(round);
    }
    let mut figures = figures(&rounds);
    figures.extend(costs::measure(&field).await?);
    Ok(figures)
}

async fn round(field: &Field<'_>) -> anyhow::Result<Round> {
    let (mut plain, mut file, mut engine) = (Parts::new(), Parts::new(), Parts::new());
    let mut acknowledged = vec![];
    for writers in PLAIN {
        plain.insert(writers, field.plain(writers).await?);
    }
    for writers in ENGINE {
        let (part, own) = field.engine(writers).await?;
        engine.insert(writers, part);
        acknowledged.push(own);
    }
    for writers in FILE {
        file.insert(writers, disk::appends(&field.stage.folder, &field.rows, writers, TIME).await?);
    }
    let mut conn = field.stage.connection().await?;
    for own in &acknowledged {
        proofs::verify(&own.receipts)?;
        proofs::read_back(&mut conn, own).await?;
    }
    Ok(Round { plain, file, engine })
}

fn figures(rounds: &[Round]) -> Vec<Figure> {
    let median = |of: &dyn Fn(&Round) -> f64| {
        let mut all: Vec<f64> = rounds.iter().map(of).collect();
        quantile(&mut all, 0.5)
    };
    let rate = |parts: &Parts, writers| parts.get(&writers).map_or(f64::NAN, |part| part.per_second);
    let p50 = |parts: &Parts, writers| parts.get(&writers).map_or(f64::NAN, |part| part.p50);
    let best = |round: &Round| round.plain.values().map(|part| part.per_second).fold(0.0, f64::max);
    vec![
        Figure::noted("plain inserts, 64 writers", median(&|r| rate(&r.plain, 64)), "/s"),
        Figure::noted("plain inserts, best of 1, 16, 32, 64, 128 writers", median(&best), "/s"),
        Figure::noted("file with group commit, 64 writers", median(&|r| rate(&r.file, 64)), "/s"),
        Figure::noted("file with group commit, 256 writers", median(&|r| rate(&r.file, 256)), "/s"),
        Figure::noted("engine, 64 writers", median(&|r| rate(&r.engine, 64)), "/s"),
        Figure::noted("engine, 256 writers", median(&|r| rate(&r.engine, 256)), "/s"),
        Figure::higher("1: engine at 64 ÷ best plain", median(&|r| rate(&r.engine, 64) / best(r)), "×", 2.5),
        Figure::higher(
            "2: engine at 256 ÷ best plain",
            median(&|r| rate(&r.engine, 256) / best(r)),
            "×",
            3.5,
        ),
        Figure::higher(
            "3: engine ÷ file, 64 writers",
            median(&|r| rate(&r.engine, 64) / rate(&r.file, 64)),
            "×",
            0.55,
        ),
        Figure::higher(
            "3: engine ÷ file, 256 writers",
            median(&|r| rate(&r.engine, 256) / rate(&r.file, 256)),
            "×",
            0.35,
        ),
        Figure::lower(
            "4: one writer, p50 engine ÷ p50 plain",
            median(&|r| p50(&r.engine, 1) / p50(&r.plain, 1)),
            "×",
            1.5,
        ),
    ]
}
