//! Two that take themselves for the leader.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use tokio::time::{sleep, timeout};

use crate::common::{LOG, World, all_there, append_until_acknowledged, intent};
use crate::trouble::own::Way;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Holds the log's head, so that a batch stops inside its statement.
async fn holding(world: &World) -> AsyncPgConnection {
    let mut held = AsyncPgConnection::establish(&world.url).await.unwrap();
    held.batch_execute("BEGIN; SELECT 1 FROM log_heads WHERE log = 'three-year' FOR UPDATE").await.unwrap();
    held
}

async fn epoch(connection: &mut AsyncPgConnection) -> i64 {
    let sql = "SELECT epoch AS n FROM log_heads WHERE log = 'three-year'";
    diesel::sql_query(sql).get_result::<Count>(connection).await.unwrap().n
}

/// Waits until a batch has begun and waits for the head.
async fn until_a_batch_waits(world: &World) {
    let sql = "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() \
               AND wait_event_type = 'Lock' AND query LIKE 'WITH moved%'";
    let mut asking = AsyncPgConnection::establish(&world.url).await.unwrap();
    let waits = async {
        while diesel::sql_query(sql).get_result::<Count>(&mut asking).await.unwrap().n == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(60), waits).await.expect("no batch waits");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_under_way_when_another_takes_the_lead_is_fenced_and_written_behind_it() {
    let world = World::start().await;
    let mut receipts = vec![world.append(0).await];
    let mut held = holding(&world).await;
    let log = world.log.clone();
    let appending = tokio::spawn(async move { log.append(LOG, intent(1)).await });
    until_a_batch_waits(&world).await;
    let before = epoch(&mut held).await;
    // The first keeps its lock, as it would behind a pooler that lends sessions: the epoch alone tells.
    held.batch_execute("UPDATE log_heads SET epoch = epoch + 1 WHERE log = 'three-year'; COMMIT")
        .await
        .unwrap();
    receipts.push(appending.await.unwrap().unwrap());
    assert_eq!(receipts[1].index, 1);
    assert_eq!(epoch(&mut held).await, before + 2, "it took the lead anew to write");
    all_there(&world, &receipts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_loses_its_lock_under_its_batch_writes_it_once_behind_the_next() {
    let world = World::start().await;
    let mut receipts = vec![world.append(0).await];
    let held = holding(&world).await;
    let log = world.log.clone();
    let appending = tokio::spawn(async move { append_until_acknowledged(&log, &intent(1)).await });
    until_a_batch_waits(&world).await;
    let others = write_by_another(&world);
    world
        .run(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted \
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        )
        .await
        .unwrap();
    drop(held);
    receipts.push(appending.await.unwrap());
    receipts.extend(others.await.unwrap());
    assert_eq!(receipts.len(), 6);
    all_there(&world, &receipts).await;
}

fn write_by_another(world: &World) -> tokio::task::JoinHandle<Vec<query_log::Receipt>> {
    let log = world.replica();
    tokio::spawn(async move {
        let mut receipts = Vec::new();
        for n in 2..6 {
            receipts.push(append_until_acknowledged(&log, &intent(n)).await);
        }
        receipts
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_falls_silent_loses_the_lead_and_writes_nothing_when_it_wakes() {
    let world = World::start().await;
    let server = world.url.split('@').next_back().unwrap().split('/').next().unwrap().to_owned();
    let way = Way::to(server.parse().unwrap()).await;
    let silent = world.replica_by(&world.url.replace(&server, &way.address.to_string()));
    let mut receipts = vec![append_until_acknowledged(&silent, &intent(0)).await];
    way.hold(true);
    let appending = tokio::spawn({
        let silent = silent.clone();
        async move { append_until_acknowledged(&silent, &intent(1)).await }
    });
    // Its connection stands and its lock with it, until the server ends the silent session.
    let other = timeout(Duration::from_secs(60), append_until_acknowledged(&world.log, &intent(2))).await;
    receipts.push(other.expect("the lead goes over"));
    assert_eq!(receipts[1].index, 1, "what the silent one wanted to write is not there");
    way.hold(false);
    receipts.push(appending.await.unwrap());
    all_there(&world, &receipts).await;
}
