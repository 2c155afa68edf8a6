//! A process that appends without pause until it is killed, and keeps every receipt: the tests of the query log start
//! several and kill them at random moments. It uses the log directly, because a gate's other work leaves the log idle
//! most of the time, and a kill then rarely meets a batch.
//!
//! `writer DATABASE_URL KEYS KEK RECEIPTS`: the key store's directory and key-encryption key, and a file to append to.

#![expect(clippy::unwrap_used, reason = "it has nobody to answer to: what fails here shows in the test")]

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kernel::ids::{AccountId, AgencyId, QueryId};
use kernel::{Clock as _, Personal, Random, SystemClock, SystemRandom};
use query_log::{FileKeyStore, Kind, NewEntry, NoAnchors, Opening, QueryLog, Receipt, SUBJECT};
use serde_json::json;
use uuid::Uuid;

const LOG: &str = "three-year";
/// Appends under way at once.
const WRITERS: usize = 16;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, keys, kek, receipts] = arguments.as_slice() else { return };
    let log = QueryLog::open(Opening {
        database_url: url,
        origin: "log.example/kaohsiung",
        keys: Arc::new(FileKeyStore::open(Path::new(keys), Path::new(kek)).unwrap()),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        anchors: Arc::new(NoAnchors),
        quorum: 0,
        logs: &[LOG],
    })
    .unwrap();
    let file = Arc::new(File::options().create(true).append(true).open(receipts).unwrap());
    let writers = (0..WRITERS).map(|_| tokio::spawn(write(log.clone(), Arc::clone(&file))));
    futures::future::join_all(writers).await;
}

async fn write(log: QueryLog, file: Arc<File>) {
    loop {
        match log.append(LOG, entry()).await {
            // One line, one write: whole, or not there.
            Ok(receipt) => (&*file).write_all(&line(&receipt)).unwrap(),
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

/// A query of its own for each try: two entries of one query are one try that was written twice.
fn entry() -> NewEntry {
    let (random, now): (&dyn Random, _) = (&SystemRandom, SystemClock.now());
    let mut entry = NewEntry::new(Kind::Intent, now);
    entry.query = Some(random.id::<QueryId>(now));
    entry.agency = Some(AgencyId(Uuid::from_u128(1)));
    entry.account = Some(AccountId(Uuid::from_u128(2)));
    entry.personal = [(SUBJECT.to_owned(), Personal::new("A012345678".to_owned()))].into();
    entry
}

fn line(receipt: &Receipt) -> Vec<u8> {
    let line = json!({
        "log": receipt.log,
        "index": receipt.index,
        "leaf_hash": receipt.leaf_hash,
        "recorded_at": receipt.recorded_at,
        "size": receipt.head.size,
        "root_hash": receipt.head.root_hash,
        "proof": receipt.proof,
        "kept_at": SystemClock.now(),
    });
    format!("{line}\n").into_bytes()
}
