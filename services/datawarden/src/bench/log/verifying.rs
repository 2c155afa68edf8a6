//! Goals 6 and 7: the proof that an acknowledgement carries, and verification without a database.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use query_log::Verifier;
use transparency::entry_proof::EntryProof;
use transparency::note;

use super::super::{Figure, quantile};
use super::engine;
use super::stage::{LOG, Stage};

/// Entries of the bundle that is verified.
const BUNDLE: u64 = 100_000;
/// Queries of a month: what the goal is about.
const MONTH: f64 = 3e6;

pub async fn measure(stage: &Stage) -> anyhow::Result<Vec<Figure>> {
    let entries = Arc::new(AtomicU64::new(1 << 40));
    let (_, acknowledged) = engine::appends(&stage.log, &entries, 64, Duration::from_secs(1)).await?;
    let key = note::Verifier::parse(&stage.log.verifier_key(LOG).await?);
    let keys = [key.map_err(|_| anyhow::anyhow!("the log's own key"))?];
    let mut times = vec![];
    for receipt in &acknowledged.receipts {
        let begun = Instant::now();
        let proof = EntryProof::parse(&receipt.proof).map_err(|_| anyhow::anyhow!("a proof of the log"))?;
        let header = proof.extra.as_deref().unwrap_or_default();
        let leaf = query_log::Hash::leaf(header);
        proof.verify(leaf, &keys).map_err(|_| anyhow::anyhow!("a proof does not hold"))?;
        times.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    let mut bundle = vec![];
    let head = stage.log.head(LOG).await?;
    let summary = stage.log.export_bundle(LOG, 0..BUNDLE.min(head.size), &mut bundle).await?;
    let begun = Instant::now();
    let mut verifier = Verifier::new([]);
    verifier.bundle(bundle.as_slice())?;
    let report = verifier.finish();
    let took = begun.elapsed().as_secs_f64();
    anyhow::ensure!(
        report.breaks.is_empty() && report.checked == summary.count,
        "{:?}",
        report.breaks.first()
    );
    #[expect(clippy::cast_precision_loss, reason = "a hundred thousand")]
    let (each, valid) = (took / summary.count as f64, times.len() as f64);
    Ok(vec![
        // No time is measured: these proofs came with their acknowledgements, and each was just verified.
        Figure::noted("6: acknowledgements whose proof was valid as it came (so: after 0 ms)", valid, ""),
        Figure::lower("7: one entry's proof, offline, p50", quantile(&mut times, 0.5), "µs", 50.0),
        Figure::noted(&format!("7: an entry of a bundle of {}, offline", summary.count), each * 1e6, "µs"),
        Figure::lower("7: the same, scaled to a month of 3 M entries", each * MONTH, "s", 10.0),
    ])
}
