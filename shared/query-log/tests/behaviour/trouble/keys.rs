//! The key store is away, or is another one.

use std::fs::rename;
use std::path::PathBuf;

use query_log::{Body, FileKeyStore, Filter, KeyError, LogError};

use crate::common::{LOG, World, account, all_there, intent, moment};

/// Takes the key store away; where it went.
fn take_away(world: &World) -> PathBuf {
    let away = world.directory.path().join("away");
    rename(world.directory.path().join("keys"), &away).unwrap();
    away
}

fn bring_back(world: &World) {
    rename(world.directory.path().join("away"), world.directory.path().join("keys")).unwrap();
}

fn is_away<T>(answer: Result<T, LogError>) -> bool {
    matches!(answer, Err(LogError::Key(KeyError::Unavailable(_))))
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_key_store_a_log_goes_on_to_the_end_of_the_month_and_not_over_it() {
    let world = World::start().await;
    let mut receipts = vec![world.append(0).await];
    take_away(&world);
    receipts.push(world.append(1).await);
    world.clock.set(moment("2026-02-01T00:00:00Z"));
    assert!(is_away(world.log.append(LOG, intent(2)).await));
    assert_eq!(world.log.head(LOG).await.unwrap().size, 2, "nothing was written");
    bring_back(&world);
    receipts.push(world.append(3).await);
    assert_eq!(receipts[2].index, 3, "behind the manifest of the month");
    all_there(&world, &receipts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_finds_no_key_store_neither_writes_nor_signs() {
    let world = World::start().await;
    let receipt = world.append(0).await;
    take_away(&world);
    let replica = world.replica();
    assert!(is_away(replica.append(LOG, intent(1)).await));
    assert!(is_away(replica.publish(LOG).await.map(drop)));
    assert!(is_away(replica.verifier_key(LOG).await));
    bring_back(&world);
    let next = replica.append(LOG, intent(2)).await.unwrap();
    assert_eq!(next.index, 1, "nothing was written meanwhile");
    all_there(&world, &[receipt, next]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_key_store_headers_are_read_and_nothing_looks_destroyed() {
    let world = World::start().await;
    world.append(0).await;
    take_away(&world);
    let entry = world.log.read(LOG, 0).await.unwrap();
    assert!(is_away(world.log.open_body(&entry).await));
    let of_account = Filter { account: Some(account(0)), ..Filter::default() };
    assert!(is_away(world.log.find(LOG, &of_account, None, 10).await));
    bring_back(&world);
    assert!(matches!(world.log.open_body(&entry).await.unwrap(), Body::Values(values) if !values.is_empty()));
    assert_eq!(world.log.find(LOG, &of_account, None, 10).await.unwrap().entries, [entry]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_key_store_in_its_place_makes_no_second_key_that_signs() {
    let world = World::start().await;
    let receipt = world.append(0).await;
    world.log.publish(LOG).await.unwrap().unwrap();
    // A mount that is missing looks like an empty directory.
    take_away(&world);
    let (keys, kek) = (world.directory.path().join("keys"), world.directory.path().join("kek"));
    FileKeyStore::open(&keys, &kek).unwrap();
    let replica = world.replica();
    assert!(matches!(replica.append(LOG, intent(1)).await, Err(LogError::OtherKey)));
    world.append(2).await;
    assert!(matches!(replica.publish(LOG).await, Err(LogError::OtherKey)));
    std::fs::remove_dir_all(keys).unwrap();
    bring_back(&world);
    let next = world.replica().append(LOG, intent(3)).await.unwrap();
    assert_eq!(next.index, 2);
    all_there(&world, &[receipt, next]).await;
}
