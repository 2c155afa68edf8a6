//! The connection is lost between COMMIT and its answer.

use std::net::SocketAddr;

use query_log::{LogError, QueryLog};

use crate::common::{LOG, World, all_there, intent, moment};
use crate::trouble::own::{COMMITTED, WRITTEN, Way};

/// A world that comes to the shared server by a way, with one entry.
async fn by_a_way() -> (World, SocketAddr, Way, QueryLog) {
    let world = World::start().await;
    world.append(0).await;
    let server: SocketAddr =
        world.url.split('@').next_back().unwrap().split('/').next().unwrap().parse().unwrap();
    let way = Way::to(server).await;
    let log = world.replica_by(&world.url.replace(&server.to_string(), &way.address.to_string()));
    (world, server, way, log)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_answer_was_lost_is_acknowledged_once_and_proved() {
    let (world, server, way, log) = by_a_way().await;
    let first = log.append(LOG, intent(1)).await.unwrap();
    way.swallow(WRITTEN);
    let appending = tokio::spawn(async move { log.append(LOG, intent(2)).await });
    way.until_swallowed().await;
    way.lead_to(server);
    let receipt = appending.await.unwrap().unwrap();
    assert_eq!(receipt.index, 2);
    assert_eq!(world.log.head(LOG).await.unwrap(), receipt.head, "written once");
    all_there(&world, &[first, receipt]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_answer_was_lost_is_known_again_behind_what_others_wrote_since() {
    let (world, server, way, log) = by_a_way().await;
    log.append(LOG, intent(1)).await.unwrap();
    way.swallow(WRITTEN);
    let appending = tokio::spawn(async move { log.append(LOG, intent(2)).await });
    way.until_swallowed().await;
    // The second try waits on the way: another leads first.
    let between = world.append(3).await;
    assert_eq!(between.index, 3);
    way.lead_to(server);
    let mut receipts = vec![between];
    match appending.await.unwrap() {
        Ok(receipt) => {
            assert_eq!((receipt.index, receipt.head.size), (2, 3));
            receipts.push(receipt);
        }
        // Its patience was over before the other had written: it stands there unacknowledged, and once.
        Err(error) => assert!(matches!(error, LogError::Unavailable), "{error:?}"),
    }
    assert_eq!(world.log.head(LOG).await.unwrap().size, 4, "written once");
    all_there(&world, &receipts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_s_first_batch_whose_answer_was_lost_is_acknowledged_once() {
    let (world, server, way, log) = by_a_way().await;
    let first = log.append(LOG, intent(1)).await.unwrap();
    world.clock.set(moment("2026-02-01T00:00:00Z"));
    way.swallow(COMMITTED);
    let appending = tokio::spawn(async move { log.append(LOG, intent(2)).await });
    way.until_swallowed().await;
    way.lead_to(server);
    let receipt = appending.await.unwrap().unwrap();
    assert_eq!((receipt.index, receipt.head.size), (3, 4), "behind the manifest, once");
    assert_eq!(world.log.head(LOG).await.unwrap(), receipt.head);
    all_there(&world, &[first, receipt]).await;
}
