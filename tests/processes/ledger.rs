//! Acknowledgements of the query log as their receivers keep them, and what must hold of them whatever was killed.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Binary};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use kernel::ids::QueryId;
use query_log::{Hash, Head, Verdict, verify_database};
use query_registry_types::queries::LogReceipt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use transparency::entry_proof::EntryProof;
use transparency::note::Verifier;

/// The answer to one query.
#[derive(Serialize, Deserialize)]
pub struct Acknowledgement {
    pub query: QueryId,
    pub receipt: LogReceipt,
}

/// A file of acknowledgements, one a line, and when each came.
pub struct Ledger {
    path: PathBuf,
    open: Mutex<(File, Vec<Instant>)>,
}

impl Ledger {
    pub fn new(path: &Path) -> Self {
        let file = File::create(path).unwrap();
        Self { path: path.to_owned(), open: Mutex::new((file, vec![Instant::now()])) }
    }

    /// An acknowledgement counts once it is in the file.
    pub fn keep(&self, acknowledgement: &Acknowledgement) {
        let mut line = serde_json::to_vec(acknowledgement).unwrap();
        line.push(b'\n');
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.0.write_all(&line).unwrap();
        open.1.push(Instant::now());
    }

    pub fn count(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).1.len() - 1
    }

    /// The longest time without any acknowledgement that reaches into the five seconds behind one of `moments`.
    pub fn longest_silence(&self, moments: &[Instant]) -> Duration {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let near = |from: Instant, to: Instant| {
            moments.iter().any(|at| from < *at + Duration::from_secs(5) && *at < to)
        };
        let silences = open.1.windows(2).filter(|pair| near(pair[0], pair[1])).map(|pair| pair[1] - pair[0]);
        silences.max().unwrap_or_default()
    }

    fn read(&self) -> Vec<Acknowledgement> {
        let lines = BufReader::new(File::open(&self.path).unwrap()).lines();
        lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect()
    }

    /// Each acknowledged entry is in its place with its leaf hash, alone, once, and proved by `key`; the log on `database`
    /// holds, with every receipt's head as an anchor. Gives how many there are.
    pub async fn check(&self, database: &str, log: &str, key: &Verifier) -> usize {
        let kept = self.read();
        let stored = stored(database, log).await;
        let (mut places, mut heads) = (BTreeSet::new(), Vec::new());
        for Acknowledgement { query, receipt } in &kept {
            assert_eq!(receipt.log, log);
            assert!(places.insert(receipt.index), "place {} was acknowledged twice", receipt.index);
            let proof = EntryProof::parse(&receipt.proof).unwrap();
            let entry = proof.extra.clone().unwrap();
            let header: Value = serde_json::from_slice(&entry[1..]).unwrap();
            assert_eq!(header["query"], serde_json::json!(query), "the receipt is of another's query");
            let leaf = Hash::leaf(&entry);
            assert_eq!((proof.index, leaf.to_string()), (receipt.index, receipt.leaf_hash.clone()));
            assert_eq!(stored.get(&receipt.index), Some(&leaf), "entry {} is lost", receipt.index);
            let checkpoint = proof.verify(leaf, std::slice::from_ref(key)).unwrap();
            assert_eq!(checkpoint.root.to_string(), receipt.root_hash);
            heads.push(Head { log: log.to_owned(), size: checkpoint.size, root_hash: checkpoint.root });
        }
        let report = verify_database(database, &[log], heads).await.unwrap();
        assert_eq!(report.verdict, Verdict::Intact, "{:?}", report.breaks);
        assert_eq!(doubled(database).await, 0, "what was asked once was written once");
        kept.len()
    }
}

#[derive(QueryableByName)]
struct Leaf {
    #[diesel(sql_type = BigInt)]
    entry_index: i64,
    #[diesel(sql_type = Binary)]
    leaf_hash: Vec<u8>,
}

async fn stored(database: &str, log: &str) -> HashMap<u64, Hash> {
    let mut conn = AsyncPgConnection::establish(database).await.unwrap();
    let sql = "SELECT entry_index, leaf_hash FROM log_entries WHERE log = $1";
    let rows: Vec<Leaf> =
        diesel::sql_query(sql).bind::<diesel::sql_types::Text, _>(log).load(&mut conn).await.unwrap();
    let place = |row: &Leaf| u64::try_from(row.entry_index).unwrap();
    rows.iter().map(|row| (place(row), Hash::try_from(row.leaf_hash.as_slice()).unwrap())).collect()
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Entries of the same kind about the same query: one append that was written twice.
async fn doubled(database: &str) -> i64 {
    let mut conn = AsyncPgConnection::establish(database).await.unwrap();
    let sql = "SELECT count(*) AS n FROM (SELECT 1 FROM log_entries WHERE query_id IS NOT NULL \
               GROUP BY query_id, kind HAVING count(*) > 1) AS doubled";
    diesel::sql_query(sql).get_result::<Count>(&mut conn).await.unwrap().n
}
