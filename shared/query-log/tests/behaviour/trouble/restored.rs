//! A database restored from a backup, or failed over to a standby, without its last entries or with all of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use dev_servers::Postgres;
use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use query_log::{
    AnchorError, Anchors, BreakKind, Head, LogError, QueryLog, Receipt, Verdict, verify_database,
};
use tokio::task::block_in_place;
use tokio::time::{sleep, timeout};
use transparency::note::Verifier;

use crate::common::{LOG, World, all_there, append_until_acknowledged, intent, write_at_once};
use crate::trouble::own::{Own, Way};

/// The copy of the log's head that somebody else keeps.
#[derive(Clone, Default)]
struct Copy(Arc<Mutex<Vec<Head>>>);

impl Copy {
    fn of(head: Head) -> Self {
        Self(Arc::new(Mutex::new(vec![head])))
    }
}

#[async_trait]
impl Anchors for Copy {
    async fn known(&self, log: &str, _: &Verifier) -> Result<Vec<Head>, AnchorError> {
        Ok(self.0.lock().unwrap().iter().filter(|head| head.log == log).cloned().collect())
    }
}

async fn fill(world: &World, range: std::ops::Range<u8>) -> Vec<Receipt> {
    let mut receipts = Vec::new();
    for n in range {
        receipts.push(world.append(n).await);
    }
    receipts
}

async fn execute(server: &Postgres, sql: &str) {
    AsyncPgConnection::establish(server.url()).await.unwrap().batch_execute(sql).await.unwrap();
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Waits until the server's count is not 0.
async fn until(server: &Postgres, count: &str) {
    let mut connection = AsyncPgConnection::establish(server.url()).await.unwrap();
    let sql = format!("SELECT count(*) AS n FROM {count}");
    let met = async {
        while diesel::sql_query(&sql).get_result::<Count>(&mut connection).await.unwrap().n == 0 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(60), met).await.expect(count);
}

async fn refused(log: &QueryLog, known: u64, size: u64) {
    for _ in 0..2 {
        let refused = log.append(LOG, intent(9)).await;
        let expected =
            matches!(refused, Err(LogError::LostTail { known: k, size: s }) if (k, s) == (known, size));
        assert!(expected, "{refused:?}");
    }
    assert_eq!(log.head(LOG).await.unwrap().size, size, "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_is_refused_and_the_operator_sees_what_is_lost() {
    let mut own = Own::start().await;
    let world = own.world().await;
    let mut receipts = fill(&world, 0..5).await;
    block_in_place(|| own.running().back_up(own.folder("backup"))).unwrap();
    receipts.extend(fill(&world, 5..8).await);
    let head = receipts[7].head.clone();
    own.crash();
    own.start_in("backup");
    refused(&world.log, 8, 5).await;
    refused(&world.anchored(Copy::of(head.clone())), 8, 5).await;
    assert!(matches!(world.log.publish(LOG).await, Err(LogError::LostTail { known: 8, size: 5 })));

    // docs/OPERATIONS.md: `datawarden verify-log --database … --trusted …` names the first entry that is lost.
    let report = verify_database(&own.url(), &[LOG], [head]).await.unwrap();
    assert_eq!(report.verdict, Verdict::Broken);
    assert_eq!((report.breaks[0].kind, report.breaks[0].index), (BreakKind::Truncated, 5));
    // The files that have the tail are found again: the same processes go on.
    own.crash();
    own.start_in("first");
    receipts.push(world.append(8).await);
    assert_eq!(receipts[8].index, 8);
    all_there(&world, &receipts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_under_a_process_that_signed_less_is_refused_by_it_too() {
    let mut own = Own::start().await;
    let world = own.world().await;
    let copy = Copy::default();
    let early = world.anchored(copy.clone());
    append_until_acknowledged(&early, &intent(0)).await;
    let before = fill(&world, 1..5).await;
    block_in_place(|| own.running().back_up(own.folder("backup"))).unwrap();
    let after = fill(&world, 5..8).await;
    assert_eq!((before[3].index, after[2].index), (4, 7));
    // The audit service has the last checkpoint. The early process signed nothing that the backup lacks, and the
    // backup's server is on the same timeline.
    copy.0.lock().unwrap().push(after[2].head.clone());
    own.crash();
    own.start_in("backup");
    refused(&early, 8, 5).await;
}

/// A primary with some entries, and a standby that has them and follows by a way.
async fn followed() -> (Own, World, Vec<Receipt>, Way, Postgres) {
    let own = Own::start().await;
    let world = own.world().await;
    let receipts = fill(&world, 0..3).await;
    let way = Way::to(own.running().address()).await;
    block_in_place(|| own.running().make_standby(own.folder("standby"), way.address)).unwrap();
    let standby = own.started("standby");
    until(own.running(), "pg_stat_replication WHERE state = 'streaming'").await;
    (own, world, receipts, way, standby)
}

async fn promote(own: &mut Own, standby: Postgres) {
    execute(&standby, "SELECT pg_promote()").await;
    own.way.lead_to(standby.address());
    own.running = Some(standby);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_standby_that_lacks_the_tail_is_refused() {
    let (mut own, world, mut receipts, way, standby) = followed().await;
    receipts.extend(fill(&world, 3..5).await);
    until(&standby, "log_entries WHERE entry_index = 4").await;
    way.cut().await;
    receipts.extend(fill(&world, 5..7).await);
    let head = receipts[6].head.clone();
    own.crash();
    promote(&mut own, standby).await;
    refused(&world.log, 7, 5).await;
    refused(&world.anchored(Copy::of(head)), 7, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_synchronous_standby_has_all_that_was_acknowledged_and_goes_on() {
    let (mut own, world, mut receipts, _way, standby) = followed().await;
    execute(own.running(), "ALTER SYSTEM SET synchronous_standby_names = 'standby'").await;
    execute(own.running(), "SELECT pg_reload_conf()").await;
    until(own.running(), "pg_stat_replication WHERE sync_state = 'sync'").await;
    let logs = [world.log.clone(), world.replica()];
    let load = tokio::spawn(async move { write_at_once(&logs, 8, 60).await });
    until(&standby, "log_entries WHERE entry_index = 200").await;
    own.crash();
    promote(&mut own, standby).await;
    // The configuration came along with the files: without a standby of its own it would wait for one.
    receipts.extend(load.await.unwrap());
    assert_eq!(receipts.len(), 3 + 8 * 60);
    all_there(&world, &receipts).await;
    let last = receipts.last().unwrap().head.clone();
    append_until_acknowledged(&world.anchored(Copy::of(last)), &intent(9)).await;
}
