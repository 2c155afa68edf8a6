//! The clock goes back, over the boundary of a month too.

use query_log::{LogError, Month};

use crate::common::{LOG, World, all_there, append_until_acknowledged, intent, moment};

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_goes_back_never_takes_the_log_back() {
    let world = World::start().await;
    let before = world.append(0).await;
    world.clock.set(moment("2025-12-01T00:00:00Z"));
    let behind = world.append(1).await;
    assert_eq!(behind.recorded_at, before.recorded_at);
    assert!(matches!(world.log.append("other", intent(0)).await, Err(LogError::UnknownLog(_))));
    all_there(&world, &[before, behind]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_goes_back_over_a_month_s_boundary_stays_in_the_month_that_was_begun() {
    let world = World::start().await;
    let mut receipts = vec![world.append(0).await];
    world.clock.set(moment("2026-01-31T16:00:00Z"));
    receipts.push(world.append(1).await);
    let february = receipts[1].recorded_at;
    assert_eq!(Month::of(february).to_string(), "2026-02");

    // The process that saw February, and one that starts with the wrong time.
    world.clock.set(moment("2026-01-31T15:59:59Z"));
    receipts.push(world.append(2).await);
    receipts.push(append_until_acknowledged(&world.replica(), &intent(3)).await);
    assert!(receipts[2..].iter().all(|receipt| receipt.recorded_at == february));
    // The manifest stands before February's first.
    assert_eq!(receipts.iter().map(|r| r.index).collect::<Vec<_>>(), [0, 2, 3, 4]);
    let january = world.log.month_manifest(LOG, "2026-01".parse().unwrap()).await.unwrap();
    assert_eq!(january.count, 1);
    all_there(&world, &receipts).await;
}
