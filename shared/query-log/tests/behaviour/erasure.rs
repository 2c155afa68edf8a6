//! Early erasure of one entry.

use std::collections::BTreeSet;

use kernel::Personal;
use query_log::{
    Body, ERASURE, Filter, GOVERNANCE, Hash, KeyStore as _, Kind, LogError, MonthRange, QueryLog, Verdict,
    Verifier, verify_database,
};

use crate::common::{LOG, World, intent, moment};

const BACKUPS: &str = "2026-04-15";

async fn six() -> World {
    let world = World::start().await;
    for n in 0..6 {
        world.append(n).await;
    }
    world
}

async fn order(world: &World, index: u64) -> u64 {
    let entry = world.log.read(LOG, index).await.unwrap();
    world.log.append(GOVERNANCE, world.log.erasure_order(&entry)).await.unwrap().index
}

async fn erase(log: &QueryLog, index: u64, order: u64) -> Result<u64, LogError> {
    log.erase_entry(LOG, index, order, BACKUPS.parse().unwrap()).await
}

async fn body(world: &World, index: u64) -> Body {
    world.log.open_body(&world.log.read(LOG, index).await.unwrap()).await.unwrap()
}

/// Where the log finds the subject of `intent(n)`.
async fn found(log: &QueryLog, n: u8) -> Vec<u64> {
    let subject = Some(Personal::new(format!("S00000{n:04}")));
    let page = log.find(LOG, &Filter { subject, ..Filter::default() }, None, 100).await.unwrap();
    page.entries.iter().map(|entry| entry.header.index).collect()
}

/// Entry 2 is gone, the others are readable and found, and everything verifies.
async fn stands_without_entry_2(world: &World) {
    assert_eq!(body(world, 2).await, Body::Erased);
    assert!(found(&world.log, 2).await.is_empty());
    for n in [0, 1, 3, 4, 5] {
        let values = body(world, u64::from(n)).await.values().unwrap();
        assert_eq!(values["subject"].expose(), &format!("S00000{n:04}"));
        assert_eq!(found(&world.log, n).await, [u64::from(n)]);
    }
    let heads = [world.log.head(LOG).await.unwrap(), world.log.head(GOVERNANCE).await.unwrap()];
    let report = verify_database(&world.url, &[LOG, GOVERNANCE], heads.clone()).await.unwrap();
    assert_eq!(report.verdict, Verdict::Intact, "{:?}", report.breaks);
    let mut verifier = Verifier::new(heads);
    for log in [LOG, GOVERNANCE] {
        verifier.bundle(world.bundle(log).await.as_slice()).unwrap();
    }
    assert_eq!(verifier.finish().verdict, Verdict::Intact);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_entry_says_so_and_all_others_stand() {
    let world = six().await;
    let before = world.log.read(LOG, 2).await.unwrap();
    let order = order(&world, 2).await;
    let erasure = erase(&world.log, 2, order).await.unwrap();
    stands_without_entry_2(&world).await;
    assert_eq!(world.log.read(LOG, 2).await.unwrap(), before, "no row is changed");

    let header = world.log.read(GOVERNANCE, erasure).await.unwrap().header;
    let range = header.range.unwrap();
    assert_eq!((range.log.as_str(), range.first, range.last, range.root), (LOG, 2, 2, before.leaf_hash));
    assert_eq!((header.action.as_deref(), header.closes), (Some(ERASURE), Some(order)));
    assert_eq!(header.backups_expire.unwrap().to_string(), BACKUPS);
    assert!(header.digests.contains_key("key-fingerprint"));

    assert_eq!(erase(&world.log, 2, order).await.unwrap(), erasure, "once is enough");
    assert_eq!(world.log.head(GOVERNANCE).await.unwrap().size, erasure + 1);
    assert_eq!(world.append(6).await.index, 6, "the log goes on");
    assert_eq!(found(&world.log, 6).await, [6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_erased_without_its_approved_order() {
    let world = six().await;
    let entry = world.log.read(LOG, 2).await.unwrap();
    let mut orders = vec![7];
    let good = world.log.erasure_order(&entry);
    let range = good.range.clone().unwrap();
    for (decision, range, kind, action) in [
        (None, range.clone(), Kind::Governance, "erasure-order"),
        (
            Some("approved"),
            MonthRange { first: 3, last: 3, ..range.clone() },
            Kind::Governance,
            "erasure-order",
        ),
        (Some("approved"), MonthRange { last: 3, ..range.clone() }, Kind::Governance, "erasure-order"),
        (
            Some("approved"),
            MonthRange { root: Hash::of(b""), ..range.clone() },
            Kind::Governance,
            "erasure-order",
        ),
        (
            Some("approved"),
            MonthRange { log: "five-year".to_owned(), ..range.clone() },
            Kind::Governance,
            "erasure-order",
        ),
        (Some("approved"), range.clone(), Kind::Import, "erasure-order"),
        (Some("approved"), range, Kind::Governance, "destruction-order"),
    ] {
        let mut bad = good.clone();
        (bad.decision, bad.range, bad.kind) = (decision.map(str::to_owned), Some(range), kind);
        bad.action = Some(action.to_owned());
        orders.push(world.log.append(GOVERNANCE, bad).await.unwrap().index);
    }
    for order in orders {
        let refused = erase(&world.log, 2, order).await;
        assert!(matches!(refused, Err(LogError::Refused(_))), "order {order}: {refused:?}");
    }
    assert!(body(&world, 2).await.values().is_some(), "no key was touched");
    // The steps that follow the note refuse by themselves, too.
    for step in ["log_open_subjects('three-year', 2, 0, 1)", "log_end_subjects('three-year', 2, 0)"] {
        assert!(world.run(&format!("SELECT {step}")).await.is_err());
    }

    let bare = query_log::NewEntry::new(Kind::Intent, moment("2026-01-15T02:00:00Z"));
    let bare = world.log.append(LOG, bare).await.unwrap().index;
    let order = order(&world, bare).await;
    assert!(matches!(erase(&world.log, bare, order).await, Err(LogError::Invalid(_))));
}

/// A crash behind each step, and the whole asked for again.
#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_stopped_anywhere_is_finished_by_the_next_try() {
    for steps in 0..=3 {
        let world = six().await;
        let month = "2026-01".parse().unwrap();
        let order = order(&world, 2).await;
        if steps > 0 {
            world.run(&format!("SELECT log_note_erasure('{LOG}', '2026-01-01', 2, {order})")).await.unwrap();
        }
        if steps > 1 {
            assert_eq!(world.keys.puncture(LOG, month, 2, 0).await.unwrap().generation, 1);
            assert_eq!(world.append(6).await.index, 6, "a log is written while an erasure is unfinished");
        }
        if steps > 2 {
            world.run(&format!("SELECT log_open_subjects('{LOG}', 2, {order}, 1)")).await.unwrap();
            assert_eq!(found(&world.log, 3).await, [3], "found under the old key until the new index stands");
            let early = world.run(&format!("SELECT log_end_subjects('{LOG}', 2, {order})")).await;
            assert!(early.is_err(), "the old index does not go before the new one is whole");
        }
        erase(&world.log, 2, order).await.unwrap();
        stands_without_entry_2(&world).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_restored_key_store_brings_back_is_erased_again() {
    let world = six().await;
    let keys = world.directory.path().join("keys/three-year_2026-01.key");
    let backup = std::fs::read(&keys).unwrap();
    let order = order(&world, 2).await;
    let erasure = erase(&world.log, 2, order).await.unwrap();
    assert_eq!(world.log.repeat_erasures().await.unwrap(), 0);

    std::fs::write(&keys, backup).unwrap();
    let replica = world.replica();
    assert!(
        matches!(replica.append(LOG, intent(6)).await, Err(LogError::Unavailable)),
        "its index has no key"
    );
    assert!(body(&world, 2).await.values().is_some());
    assert_eq!(replica.repeat_erasures().await.unwrap(), 1);
    stands_without_entry_2(&world).await;
    assert_eq!(world.log.head(GOVERNANCE).await.unwrap().size, erasure + 1, "it is on record already");
    assert_eq!(replica.append(LOG, intent(6)).await.unwrap().index, 6);
    assert_eq!(found(&world.log, 6).await, [6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_write_meanwhile_lose_nothing_and_keep_no_key() {
    let world = six().await;
    let replica = world.replica();
    let order_2 = order(&world, 2).await;
    let order_4 = order(&world, 4).await;
    let writers: Vec<_> = [world.log.clone(), replica.clone()]
        .into_iter()
        .map(|log| {
            tokio::spawn(async move {
                let mut written = Vec::new();
                for n in 10..40 {
                    match log.append(LOG, intent(n)).await {
                        Ok(receipt) => written.push((n, receipt.index)),
                        Err(LogError::Unavailable | LogError::Fenced) => tokio::task::yield_now().await,
                        Err(error) => panic!("{error:?}"),
                    }
                }
                written
            })
        })
        .collect();
    // Two at once in one month: each may have to wait for the other's index, and is asked again.
    let both = [(world.log.clone(), 2, order_2), (replica.clone(), 4, order_4)].map(|(log, index, order)| {
        tokio::spawn(async move {
            while let Err(error) = erase(&log, index, order).await {
                assert!(matches!(error, LogError::Refused(_) | LogError::Database(_)), "{error:?}");
                tokio::task::yield_now().await;
            }
        })
    });
    for erasure in both {
        erasure.await.unwrap();
    }
    let mut written = BTreeSet::new();
    for writer in writers {
        written.extend(writer.await.unwrap());
    }
    assert!(!written.is_empty());
    for (n, index) in written {
        assert!(found(&replica, n).await.contains(&index), "entry {index} is not found by its subject");
    }
    for index in [2, 4] {
        let entry = replica.read(LOG, index).await.unwrap();
        assert_eq!(replica.open_body(&entry).await.unwrap(), Body::Erased);
    }
    let head = world.log.head(LOG).await.unwrap();
    let report = verify_database(&world.url, &[LOG], [head]).await.unwrap();
    assert_eq!(report.verdict, Verdict::Intact, "{:?}", report.breaks);
}
