//! The engine at work: what it acknowledges is kept note of, to be found again afterwards.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use kernel::{Clock as _, Personal, SystemClock};
use query_log::{Hash, Kind, NewEntry, QueryLog, Receipt};
use uuid::Uuid;

use super::lap::{Lap, Part};
use super::stage::LOG;

/// Of so many receipts one is kept whole and verified.
const KEPT: u64 = 100;

/// What the engine acknowledged.
#[derive(Default)]
pub struct Acknowledged {
    /// Leaf hashes by index.
    pub leaves: HashMap<u64, Hash>,
    /// One receipt in a hundred.
    pub receipts: Vec<Receipt>,
    /// The heads that receipts were made for: as many as there were batches.
    pub heads: std::collections::BTreeSet<u64>,
}

impl Acknowledged {
    fn note(&mut self, receipt: Receipt) {
        self.leaves.insert(receipt.index, receipt.leaf_hash);
        self.heads.insert(receipt.head.size);
        if receipt.index.is_multiple_of(KEPT) {
            self.receipts.push(receipt);
        }
    }

    fn add(&mut self, other: Self) {
        self.leaves.extend(other.leaves);
        self.heads.extend(other.heads);
        self.receipts.extend(other.receipts);
    }
}

/// An intent as the gate writes it: 64 accounts in 16 agencies; no two entries are alike.
pub fn intent(n: u64) -> NewEntry {
    let id = |kind: u128, of: u64| Uuid::from_u128(kind << 64 | u128::from(of));
    let mut entry = NewEntry::new(Kind::Intent, SystemClock.now());
    entry.agency = Some(id(1, n % 16).into());
    entry.account = Some(id(2, n % 64).into());
    entry.application = Some(id(3, n / 4).into());
    entry.query = Some(id(4, n).into());
    entry.legal_basis = Some("社會救助法".to_owned());
    entry.programme = Some("low-income".to_owned());
    entry.decision = Some("granted".to_owned());
    entry.rule_pack = Some("household@2026.1#3f0c".to_owned());
    entry.fields = ["basic", "household", "members"].map(str::to_owned).into();
    entry.personal = [
        (query_log::SUBJECT, format!("S0{:08}", n % 100_000_000)),
        ("official", id(5, n % 64).to_string()),
        ("reason", "低收入戶複查".to_owned()),
    ]
    .map(|(field, value)| (field.to_owned(), Personal::new(value)))
    .into();
    entry
}

/// Appends by `writers` at once, each waiting for its proof, until the `time` is over.
pub async fn appends(
    log: &QueryLog,
    next: &Arc<AtomicU64>,
    writers: usize,
    time: Duration,
) -> anyhow::Result<(Part, Acknowledged)> {
    let begun = Instant::now();
    let writers = (0..writers).map(|_| {
        let (log, next) = (log.clone(), Arc::clone(next));
        tokio::spawn(async move {
            let (mut lap, mut acknowledged) = (Lap::of(time), Acknowledged::default());
            while !lap.is_over() {
                let entry = intent(next.fetch_add(1, Ordering::Relaxed));
                let begun = Instant::now();
                let receipt = log.append(LOG, entry).await?;
                lap.note(begun);
                acknowledged.note(receipt);
            }
            anyhow::Ok((lap, acknowledged))
        })
    });
    let (mut laps, mut acknowledged) = (vec![], Acknowledged::default());
    for done in futures::future::join_all(writers).await {
        let (lap, own) = done??;
        laps.push(lap);
        acknowledged.add(own);
    }
    Ok((Part::over(laps, begun), acknowledged))
}
