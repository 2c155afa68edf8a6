//! Tells operators when the stream falls silent, once, and when it is back.

use std::sync::OnceLock;

use opentelemetry::metrics::Gauge;
use opentelemetry::{KeyValue, global};
use tokio::time::{Duration, Instant};

use super::SILENCE;
use crate::context::Context;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// Watches for ever.
pub async fn run(context: &Context) {
    let began = Instant::now();
    let mut silent = false;
    loop {
        tokio::time::sleep(LOOK).await;
        let age = context.revocations().age().unwrap_or_else(|| began.elapsed());
        gauge().record(age.as_secs_f64(), &[KeyValue::new("service", context.name())]);
        match (silent, age > SILENCE) {
            (false, true) => tracing::error!(
                service = context.name(),
                "nothing is heard of revocations: queries, endorsements and personal data are refused"
            ),
            (true, false) => tracing::info!(service = context.name(), "revocations are heard again"),
            _ => {}
        }
        silent = age > SILENCE;
    }
}

/// `datawarden.revocations.age`, seconds since the last word.
fn gauge() -> &'static Gauge<f64> {
    static GAUGE: OnceLock<Gauge<f64>> = OnceLock::new();
    GAUGE.get_or_init(|| {
        global::meter("datawarden").f64_gauge("datawarden.revocations.age").with_unit("s").build()
    })
}
