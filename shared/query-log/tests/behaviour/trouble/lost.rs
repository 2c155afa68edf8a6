//! A log whose end is nowhere any more: closed at what is left, with a successor once two persons accepted the loss.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use query_log::{
    AnchorError, Anchors, BreakKind, Ending, GOVERNANCE, Hash, Head, LogError, QueryLog, SUCCESSION, Verdict,
    VerifyReport, verify_database,
};
use tokio::task::block_in_place;
use transparency::entry_proof::EntryProof;
use transparency::note::Verifier;

use crate::common::{LOG, World, intent, moment};
use crate::trouble::own::Own;

/// The log that goes on where [`LOG`] ended.
const NEXT: &str = "three-year-2";
const NEXT_GOVERNANCE: &str = "governance-2";

/// Who holds heads, and which losses are accepted.
#[derive(Clone, Default)]
struct Others {
    held: Arc<Mutex<Vec<Head>>>,
    accepted: Arc<Mutex<Vec<Ending>>>,
}

#[async_trait]
impl Anchors for Others {
    async fn known(&self, log: &str, _: &Verifier) -> Result<Vec<Head>, AnchorError> {
        Ok(self.held.lock().unwrap().iter().filter(|head| head.log == log).cloned().collect())
    }

    async fn accepts(&self, loss: &Ending, _: &Verifier) -> bool {
        self.accepted.lock().unwrap().contains(loss)
    }
}

impl Others {
    fn hold(&self, log: &str, size: u64) -> Head {
        let head = Head { log: log.to_owned(), size, root_hash: Hash([7; 32]) };
        self.held.lock().unwrap().push(head.clone());
        head
    }

    fn accept(&self, loss: &Ending) {
        self.accepted.lock().unwrap().push(loss.clone());
    }
}

/// A log of five entries of which others hold eight, and a process that refuses it.
async fn lost() -> (World, Others, QueryLog) {
    let world = World::start().await;
    for n in 0..5 {
        world.append(n).await;
    }
    let others = Others::default();
    others.hold(LOG, 8);
    let log = world.anchored(others.clone());
    refused(&log).await;
    (world, others, log)
}

async fn refused(log: &QueryLog) {
    let refused = log.append(LOG, intent(9)).await;
    assert!(matches!(refused, Err(LogError::LostTail { known: 8, size: 5 })), "{refused:?}");
}

async fn loss_of(log: &QueryLog, name: &str) -> Ending {
    log.loss(name).await.unwrap().unwrap()
}

/// Everything in the database, with `heads` as what is trusted and the present heads too.
async fn verified(world: &World, log: &QueryLog, heads: &[Head]) -> VerifyReport {
    let mut trusted = heads.to_vec();
    for name in log.names() {
        trusted.push(log.head(&name).await.unwrap());
    }
    verify_database(&world.url, &[], trusted).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_end_that_was_accepted_ends_the_log_and_a_successor_goes_on() {
    let mut own = Own::start().await;
    let world = own.world().await;
    for n in 0..5 {
        world.append(n).await;
    }
    block_in_place(|| own.running().back_up(own.folder("backup"))).unwrap();
    let mut receipt = world.append(5).await;
    for n in 6..8 {
        receipt = world.append(n).await;
    }
    own.crash();
    own.start_in("backup");
    let others = Others::default();
    others.held.lock().unwrap().push(receipt.head.clone());
    let log = world.anchored(others.clone());
    refused(&log).await;
    assert!(log.succeed().await.unwrap().is_empty());
    let loss = loss_of(&log, LOG).await;
    assert_eq!((loss.size, loss.known_size, loss.known_root), (5, 8, receipt.head.root_hash));
    assert!(log.succeed().await.unwrap().is_empty(), "nobody accepted it");
    refused(&log).await;

    others.accept(&loss);
    assert_eq!(log.succeed().await.unwrap().as_slice(), std::slice::from_ref(&loss));
    assert_eq!((log.current(LOG), log.current("five-year")), (NEXT.to_owned(), "five-year".to_owned()));
    assert!(matches!(log.append(LOG, intent(9)).await, Err(LogError::Ended)));
    let next = log.append(NEXT, intent(9)).await.unwrap();
    assert_eq!((next.index, next.log.as_str()), (1, NEXT), "behind what it begins with");
    let opening = log.read(NEXT, 0).await.unwrap().header;
    let range = opening.range.unwrap();
    assert_eq!((opening.action.as_deref(), range.log.as_str()), (Some(SUCCESSION), LOG));
    assert_eq!((range.first, range.last, range.count, range.root), (5, 7, 3, receipt.head.root_hash));
    // Under a name and a key of its own: a receipt of one log can never pass for one of the other.
    let key = async |name: &str| Verifier::parse(&log.verifier_key(name).await.unwrap()).unwrap();
    let proof = EntryProof::parse(&next.proof).unwrap();
    assert!(proof.verify(next.leaf_hash, &[key(NEXT).await]).is_ok());
    assert!(proof.verify(next.leaf_hash, &[key(LOG).await]).is_err());

    let report = verified(&world, &log, &[receipt.head]).await;
    assert_eq!(report.verdict, Verdict::Intact, "{:?}", report.breaks);
    let [lost] = report.ended.as_slice() else { panic!("{:?}", report.ended) };
    assert_eq!((lost.log.as_str(), lost.size, lost.lost), (LOG, 5, 3));
    assert_eq!((lost.told_in.as_str(), lost.told_at), (GOVERNANCE, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_replica_goes_on_with_the_successor_and_none_with_the_log_that_ended() {
    let (world, others, log) = lost().await;
    // One that leads, and does not know.
    let leads = world.append(5).await;
    assert_eq!(leads.index, 5);
    let loss = loss_of(&log, LOG).await;
    assert_eq!(loss.size, 6);
    others.accept(&loss);
    let replica = world.anchored(others.clone());
    assert_eq!(log.succeed().await.unwrap().len(), 1);
    assert_eq!(replica.succeed().await.unwrap().len(), 1);
    assert!(log.succeed().await.unwrap().is_empty() && replica.succeed().await.unwrap().is_empty());
    for n in 0..3 {
        replica.append(NEXT, intent(n)).await.unwrap();
        log.append(NEXT, intent(n)).await.unwrap();
    }
    let late = world.log.append(LOG, intent(9)).await;
    assert!(matches!(late, Err(LogError::Ended)), "{late:?}");
    let moved = "UPDATE log_heads SET size = 7, edge = edge || sha256('') WHERE log = 'three-year'";
    assert!(world.run(moved).await.unwrap_err().to_string().contains("log three-year has ended"));
    assert_eq!(log.head(GOVERNANCE).await.unwrap().size, 1, "told once");
    assert_eq!(verified(&world, &log, &[]).await.verdict, Verdict::Intact);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_only_the_database_claims_stops_everybody_and_shows() {
    let (world, others, log) = lost().await;
    let loss = loss_of(&log, LOG).await;
    world
        .run(&format!(
            "SELECT log_succeed('{LOG}', '{NEXT}', 5, root_hash, known_size, known_root, now()) FROM log_endings"
        ))
        .await
        .unwrap();
    assert!(log.succeed().await.unwrap().is_empty());
    assert!(matches!(log.append(LOG, intent(9)).await, Err(LogError::Ended)));
    assert_eq!(log.current(LOG), LOG);
    // Not even one that knew of the successor, once the acceptance is withdrawn.
    others.accept(&loss);
    let knew = world.anchored(others.clone());
    assert_eq!(knew.succeed().await.unwrap().len(), 1);
    others.accepted.lock().unwrap().clear();
    let refused = knew.append(NEXT, intent(9)).await;
    assert!(matches!(refused, Err(LogError::Unaccepted)), "{refused:?}");

    others.accept(&loss);
    knew.append(NEXT, intent(9)).await.unwrap();
    let alone = verify_database(&world.url, &[LOG, NEXT], []).await.unwrap();
    let found: Vec<_> = alone.breaks.iter().map(|b| (b.log.as_str(), b.index, b.kind)).collect();
    assert_eq!(found, [(NEXT, 0, BreakKind::Succession)], "the governance log must bear it out");
    world.bend("DELETE FROM log_entries WHERE log = 'three-year-2' AND entry_index = 0").await;
    let bent = verified(&world, &knew, &[]).await;
    assert!(bent.breaks.iter().any(|b| (b.log.as_str(), b.kind) == (NEXT, BreakKind::Removed)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_is_found_again_or_longer_than_accepted_is_not_given_up() {
    let (world, others, log) = lost().await;
    let loss = loss_of(&log, LOG).await;
    others.accept(&loss);
    let more = others.hold(LOG, 9);
    assert!(log.succeed().await.unwrap().is_empty(), "nine are known, eight were accepted");
    let longer = loss_of(&log, LOG).await;
    assert_eq!((longer.known_size, longer.known_root), (9, more.root_hash));
    others.held.lock().unwrap().clear();
    assert!(log.succeed().await.unwrap().is_empty(), "nothing is lost");
    log.append(LOG, intent(9)).await.unwrap();
    assert_eq!(log.loss(LOG).await.unwrap(), None);
    assert_eq!(verified(&world, &log, &[]).await.verdict, Verdict::Intact);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_governance_log_lost_its_end_too_its_successor_governs() {
    let (world, others, log) = lost().await;
    others.hold(GOVERNANCE, 2);
    let refused = log.append(GOVERNANCE, intent(9)).await;
    assert!(matches!(refused, Err(LogError::LostTail { known: 2, size: 0 })), "{refused:?}");
    let losses = [loss_of(&log, GOVERNANCE).await, loss_of(&log, LOG).await];
    others.accept(&losses[1]);
    // It cannot be told yet; and this is made up for.
    assert!(matches!(log.succeed().await, Err(LogError::LostTail { .. })));
    others.accept(&losses[0]);
    assert_eq!(world.anchored(others.clone()).succeed().await.unwrap(), losses);
    assert_eq!(log.succeed().await.unwrap(), losses);
    let told = log.head(NEXT_GOVERNANCE).await.unwrap().size;
    assert_eq!(told, 3, "what it begins with, and both losses");

    // The last month of a log that ended is over, and ends by an order of the log that governs now.
    log.append(NEXT, intent(1)).await.unwrap();
    let month = "2026-01".parse().unwrap();
    let range = log.month_manifest(LOG, month).await.unwrap();
    let order = log.append(NEXT_GOVERNANCE, log.destruction_order(range)).await.unwrap();
    world.clock.set(moment("2029-02-15T02:00:00Z"));
    log.expire_month(LOG, month, order.index).await.unwrap();
    let report = verified(&world, &log, &[]).await;
    assert_eq!(report.verdict, Verdict::Intact, "{:?}", report.breaks);
    assert_eq!(report.ended.len(), 2);
    let never = log.drop_month(NEXT_GOVERNANCE, month, order.index).await;
    assert!(never.unwrap_err().to_string().contains("never pruned"));
}
