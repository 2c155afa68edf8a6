//! Order, durability, fencing, recovery.

use query_log::{Hash, LogError, Verdict, verify_database};
use transparency::Frontier;
use transparency::entry_proof::EntryProof;
use transparency::note::Verifier;

use crate::common::{LOG, ORIGIN, World, admin, all_there, intent, write_at_once};

#[tokio::test(flavor = "multi_thread")]
async fn receipts_are_dense_and_each_proves_its_entry_under_64_writers() {
    let world = World::start().await;
    let receipts = write_at_once(std::slice::from_ref(&world.log), 64, 20).await;
    let key = Verifier::parse(&world.log.verifier_key(LOG).await.unwrap()).unwrap();
    let mut tree = Frontier::default();
    for (place, receipt) in receipts.iter().enumerate() {
        assert_eq!(receipt.index, u64::try_from(place).unwrap());
        tree.push(receipt.leaf_hash, |_, _| {});
        let proof = EntryProof::parse(&receipt.proof).unwrap();
        let header = proof.extra.clone().unwrap();
        assert_eq!((proof.index, Hash::leaf(&header)), (receipt.index, receipt.leaf_hash));
        let checkpoint = proof.verify(Hash::leaf(&header), std::slice::from_ref(&key)).unwrap();
        assert_eq!((checkpoint.size, checkpoint.root), (receipt.head.size, receipt.head.root_hash));
        assert_eq!(checkpoint.origin, format!("{ORIGIN}/{LOG}"));
    }
    let head = world.log.head(LOG).await.unwrap();
    assert_eq!((head.size, head.root_hash), (tree.size(), tree.root()));
    let report = verify_database(&world.url, &[LOG], [head]).await.unwrap();
    assert_eq!((report.verdict, report.checked), (Verdict::Intact, 1_280), "{:?}", report.breaks);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_although_connections_are_killed() {
    let world = World::start().await;
    let killer = {
        let sql = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
            world.name
        );
        tokio::spawn(async move {
            for _ in 0..10 {
                admin(&sql).await;
            }
        })
    };
    let receipts = write_at_once(std::slice::from_ref(&world.log), 16, 40).await;
    killer.await.unwrap();
    all_there(&world, &receipts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sequencers_share_a_log_and_never_fork_it() {
    let world = World::start().await;
    let receipts = write_at_once(&[world.log.clone(), world.replica()], 16, 25).await;
    all_there(&world, &receipts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequencer_that_lost_its_epoch_writes_on_from_the_true_head() {
    let world = World::start().await;
    world.append(0).await;
    // Someone took the log over without this sequencer noticing (its lock is still held).
    world.run("UPDATE log_heads SET epoch = epoch + 1").await.unwrap();
    let receipt = world.append(1).await;
    assert_eq!(receipt.index, 1);
    let report = verify_database(&world.url, &[LOG], [receipt.head]).await.unwrap();
    assert_eq!(report.verdict, Verdict::Intact, "{:?}", report.breaks);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_database_an_append_fails_and_with_it_recovers() {
    let world = World::start().await;
    world.append(0).await;
    let name = &world.name;
    admin(&format!(
        "ALTER DATABASE {name} ALLOW_CONNECTIONS false; \
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    ))
    .await;
    let refused = world.log.append(LOG, intent(1)).await;
    assert!(matches!(refused, Err(LogError::Unavailable)), "{refused:?}");
    assert!(matches!(world.log.head(LOG).await, Err(LogError::Unavailable | LogError::Database(_))));

    admin(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await;
    assert_eq!(world.append(2).await.index, 1, "the refused entry was not written");
    assert_eq!(world.log.head(LOG).await.unwrap().size, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn update_delete_and_truncate_are_refused_even_to_a_superuser() {
    let world = World::start().await;
    world.append(0).await;
    world.run("INSERT INTO log_nodes VALUES ('three-year', 1, 0, sha256(''))").await.unwrap();
    for table in ["log_entries", "log_bodies", "log_subjects", "log_nodes", "log_entries_three_year_202601"] {
        for sql in [
            format!("UPDATE {table} SET log = 'x'"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table}"),
        ] {
            let refused = world.run(&sql).await.unwrap_err().to_string();
            assert!(refused.contains("append-only"), "{sql}: {refused}");
        }
    }
    for sql in ["UPDATE log_heads SET size = 0", "DELETE FROM log_heads", "DELETE FROM log_months"] {
        assert!(world.run(sql).await.is_err(), "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_writers_role_can_append_but_neither_change_nor_remove() {
    let world = World::start().await;
    world.append(0).await;
    for sql in [
        "UPDATE log_entries SET kind = 'x'",
        "DELETE FROM log_bodies",
        "TRUNCATE log_subjects",
        "DROP TABLE log_entries",
        "UPDATE log_months SET first_index = 9",
        "ALTER TABLE log_entries DISABLE TRIGGER ALL",
        "SELECT log_drop_month('three-year', '2026-01-01', 0)",
        "INSERT INTO log_erasures VALUES ('three-year', '2026-01-01', 0, 0)",
        "SELECT log_note_erasure('three-year', '2026-01-01', 0, 0)",
        "SELECT log_open_subjects('three-year', 0, 0, 1)",
        "SELECT log_end_subjects('three-year', 0, 0)",
        "SELECT log_drop_generations('three-year', '2026-01-01', 1)",
    ] {
        let refused =
            world.run(&format!("SET ROLE datawarden_log_writer; {sql}")).await.unwrap_err().to_string();
        assert!(
            refused.contains("permission denied") || refused.contains("must be owner"),
            "{sql}: {refused}"
        );
    }
    let allowed = "SET ROLE datawarden_log_writer; SELECT count(*) FROM log_entries; \
                   SELECT log_create('other')";
    world.run(allowed).await.unwrap();
}
