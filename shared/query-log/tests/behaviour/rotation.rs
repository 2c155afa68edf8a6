//! Another key for a log: it ends, and its successor signs.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use query_log::{
    AnchorError, Anchors, BreakKind, Ending, GOVERNANCE, Head, KEY_ROTATION, LogError, QueryLog, Receipt,
    Verdict, Verifier, VerifyReport, verify_database,
};
use transparency::entry_proof::EntryProof;
use transparency::note;

use crate::common::{LOG, World, intent};
use crate::witnessing::{line, witness};

/// The log that goes on where [`LOG`] ended.
const NEXT: &str = "three-year-2";

/// Who accepts one key.
#[derive(Clone, Default)]
struct Accepts(Arc<Mutex<Option<note::Verifier>>>);

#[async_trait]
impl Anchors for Accepts {
    async fn known(&self, _: &str, _: &note::Verifier) -> Result<Vec<Head>, AnchorError> {
        Ok(vec![])
    }

    async fn accepts(&self, ending: &Ending, key: &note::Verifier) -> bool {
        ending.lost() == 0 && self.0.lock().unwrap().as_ref() == Some(key)
    }
}

impl Accepts {
    fn accept(&self, key: note::Verifier) {
        *self.0.lock().unwrap() = Some(key);
    }
}

/// The logs, as somebody judges them who trusts these keys.
async fn verified(log: &QueryLog, keys: [&note::Verifier; 2]) -> VerifyReport {
    let policy = format!("log {}\nlog {}\nquorum none", keys[0], keys[1]);
    let mut verifier = Verifier::new([]).under(policy.parse().unwrap());
    for name in [GOVERNANCE, LOG, NEXT] {
        let mut bundle = vec![];
        log.export_bundle(name, 0..u64::MAX, &mut bundle).await.unwrap();
        verifier.bundle(bundle.as_slice()).unwrap();
    }
    verifier.finish()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_ends_for_another_key_once_its_witnesses_have_seen_that() {
    let world = World::start().await;
    let accepts = Accepts::default();
    let log = world.witnessed(accepts.clone(), 1);
    let first = log.append(LOG, intent(0)).await.unwrap();
    let key = log.next_key(LOG).await.unwrap();
    assert_eq!(key.to_string(), world.log.next_key(LOG).await.unwrap().to_string());
    accepts.accept(key.clone());
    assert!(!log.rotate(LOG).await.unwrap(), "no witness has seen it");
    log.append(LOG, intent(1)).await.unwrap();
    assert!(!log.rotate(LOG).await.unwrap());

    let own = witness(0);
    let published =
        log.publish(LOG).await.unwrap().or(log.unseen(LOG, own.verifier()).await.unwrap().map(|it| it.0));
    let published = published.unwrap();
    log.keep_cosignature(LOG, published.size, own.verifier(), &line(&own, &published)).await.unwrap();
    assert!(log.rotate(LOG).await.unwrap() && log.rotate(LOG).await.unwrap());
    assert_eq!(log.current(LOG), NEXT);
    let named = log.read(LOG, 1).await.unwrap().header;
    assert_eq!(named.action.as_deref(), Some(KEY_ROTATION), "under the old key, once");
    assert_eq!(log.head(LOG).await.unwrap().size, 3);
    assert!(matches!(world.log.append(LOG, intent(2)).await, Err(LogError::Ended)));

    let next = log.append_to_line(LOG, intent(3)).await.unwrap();
    assert_eq!((next.log.as_str(), next.index), (NEXT, 1));
    let old = note::Verifier::parse(&log.verifier_key(LOG).await.unwrap()).unwrap();
    for (receipt, key, other) in [(&first, &old, &key), (&next, &key, &old)] {
        let proof = EntryProof::parse(&receipt.proof).unwrap();
        assert!(proof.verify(receipt.leaf_hash, std::slice::from_ref(key)).is_ok());
        assert!(proof.verify(receipt.leaf_hash, std::slice::from_ref(other)).is_err());
    }
    log.publish(NEXT).await.unwrap();
    let report = verified(&log, [&old, &key]).await;
    assert_eq!(report.verdict, Verdict::Unanchored, "{:?}", report.breaks);
    assert_eq!((report.anchored[LOG], report.anchored[NEXT]), (3, 2));
    let [ended] = report.ended.as_slice() else { panic!("{:?}", report.ended) };
    assert_eq!((ended.log.as_str(), ended.size, ended.lost), (LOG, 3, 0));
    // A verifier that was told another key for the successor than the one that the log named.
    let forger = note::Signer::new(key.name(), &[3; 32]).unwrap();
    let report = verified(&log, [&old, forger.verifier()]).await;
    let found: Vec<_> = report.breaks.iter().map(|b| (b.log.as_str(), b.index, b.kind)).collect();
    assert!(found.contains(&(NEXT, 0, BreakKind::Signature)), "{found:?}");
    // Nobody goes on with a key that is not the accepted one.
    accepts.0.lock().unwrap().take();
    let other = world.witnessed(accepts, 1);
    assert!(matches!(other.append(NEXT, intent(4)).await, Err(LogError::UnknownLog(_))));
    assert!(matches!(other.append(LOG, intent(4)).await, Err(LogError::Ended)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_while_a_log_ends_for_another_key_stands_in_one_of_both() {
    let world = World::start().await;
    let accepts = Accepts::default();
    let logs = [world.anchored(accepts.clone()), world.anchored(accepts.clone())];
    accepts.accept(logs[0].next_key(LOG).await.unwrap());
    let writers: Vec<_> = (0..8_u8)
        .map(|writer| {
            let log = logs[usize::from(writer) % 2].clone();
            tokio::spawn(async move {
                let mut receipts: Vec<Receipt> = vec![];
                // Until it has gone on in the successor, however fast the machine is.
                while receipts.len() < 60 || receipts.last().is_none_or(|last| last.log != NEXT) {
                    match log.append_to_line(LOG, intent(writer)).await {
                        Ok(receipt) => receipts.push(receipt),
                        Err(LogError::Unavailable | LogError::Fenced | LogError::Ended) => {}
                        Err(error) => panic!("{error:?}"),
                    }
                }
                receipts
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(logs[1].rotate(LOG).await.unwrap());
    let mut heads = vec![];
    let mut places = std::collections::BTreeSet::new();
    for writer in writers {
        for receipt in writer.await.unwrap() {
            heads.push(receipt.head.clone());
            assert!(places.insert((receipt.log, receipt.index)));
        }
    }
    assert!(places.len() >= 8 * 60);
    assert!(places.iter().any(|(log, _)| log == NEXT));
    for name in ["five-year", GOVERNANCE] {
        heads.push(logs[0].head(name).await.unwrap());
    }
    let report = verify_database(&world.url, &[], heads).await.unwrap();
    assert_eq!(report.verdict, Verdict::Intact, "{:?}", report.breaks);
}
