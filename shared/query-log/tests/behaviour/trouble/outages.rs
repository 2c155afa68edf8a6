//! The database is full, or restarted under load.

use std::time::Duration;

use kernel::Personal;
use query_log::{LogError, NewEntry, Receipt};
use tokio::task::block_in_place;
use tokio::time::{sleep, timeout};

use crate::common::{LOG, World, all_there, intent, write_at_once};
use crate::trouble::own::Own;

const MIB: u64 = 1024 * 1024;

/// Fills the server's disk up to `largest` bytes a file, or makes room again.
fn limit(own: &Own, largest: Option<u64>) {
    block_in_place(|| own.running().limit_files(largest)).unwrap();
}

fn large() -> NewEntry {
    let mut entry = intent(1);
    entry.personal.insert("reason".to_owned(), Personal::new("複".repeat(70_000)));
    entry
}

/// Appends until the log refuses; what it acknowledged until then.
async fn fill(world: &World) -> Vec<Receipt> {
    let mut receipts = Vec::new();
    for _ in 0..200 {
        match world.log.append(LOG, large()).await {
            Ok(receipt) => receipts.push(receipt),
            Err(error) => {
                assert!(matches!(error, LogError::Unavailable), "{error:?}");
                return receipts;
            }
        }
    }
    panic!("the disk never was full");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_with_room_again_the_log_goes_on() {
    let own = Own::start().await;
    let world = own.world().await;
    let mut receipts = vec![world.append(0).await];
    // A segment of the WAL is 16 MiB and still fits: the tables fill up.
    limit(&own, Some(16 * MIB));
    receipts.extend(fill(&world).await);
    let head = world.log.head(LOG).await.unwrap();
    assert_eq!(Some(&head), receipts.last().map(|receipt| &receipt.head), "nothing else was written");
    assert!(matches!(world.log.append(LOG, large()).await, Err(LogError::Unavailable)));
    limit(&own, None);
    receipts.push(world.append(1).await);
    assert_eq!(receipts.last().unwrap().index, head.size);
    all_there(&world, &receipts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_too_full_for_the_wal_stops_the_database_and_what_was_acknowledged_stays() {
    let mut own = Own::start().await;
    let world = own.world().await;
    let mut receipts = vec![world.append(0).await];
    limit(&own, Some(8 * MIB));
    receipts.extend(fill(&world).await);
    // The server may have gone down already: its files are what it left.
    let _ = block_in_place(|| own.running.take().unwrap().crash());
    assert!(matches!(world.log.append(LOG, intent(1)).await, Err(LogError::Unavailable)));
    own.start_in("first");
    receipts.push(world.append(2).await);
    all_there(&world, &receipts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_restarted_under_load_loses_and_doubles_nothing() {
    let mut own = Own::start().await;
    let world = own.world().await;
    world.append(0).await;
    let logs = [world.log.clone(), world.replica()];
    let load = tokio::spawn(async move { write_at_once(&logs, 16, 60).await });
    for size in [100, 300, 500] {
        until_size(&world, size).await;
        own.crash();
        own.start_in("first");
    }
    let receipts = load.await.unwrap();
    assert_eq!(receipts.len(), 16 * 60);
    all_there(&world, &receipts).await;
}

async fn until_size(world: &World, size: u64) {
    let grown = async {
        while world.log.head(LOG).await.map_or(0, |head| head.size) < size {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(60), grown).await.expect("the log does not grow");
}
