//! How long each of many writers goes on, and what they did together.

use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::super::quantile;

/// One writer's acts and their times.
pub struct Lap {
    until: Instant,
    milliseconds: Vec<f64>,
}

impl Lap {
    pub fn of(time: Duration) -> Self {
        Self { until: Instant::now() + time, milliseconds: vec![] }
    }

    pub fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// An act that was begun then has been acknowledged.
    pub fn note(&mut self, begun: Instant) {
        self.milliseconds.push(begun.elapsed().as_secs_f64() * 1e3);
    }
}

/// What writers did side by side.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    pub per_second: f64,
    pub p50: f64,
    pub p99: f64,
}

impl Part {
    /// Waits for all writers.
    pub async fn of(
        writers: impl Iterator<Item = JoinHandle<anyhow::Result<Lap>>>,
        begun: Instant,
    ) -> anyhow::Result<Self> {
        let mut laps = vec![];
        for done in futures::future::join_all(writers).await {
            laps.push(done??);
        }
        Ok(Self::over(laps, begun))
    }

    pub fn over(laps: Vec<Lap>, begun: Instant) -> Self {
        let took = begun.elapsed().as_secs_f64();
        let mut all: Vec<f64> = laps.into_iter().flat_map(|lap| lap.milliseconds).collect();
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
        let per_second = all.len() as f64 / took;
        Self { per_second, p50: quantile(&mut all, 0.5), p99: quantile(&mut all, 0.99) }
    }
}
