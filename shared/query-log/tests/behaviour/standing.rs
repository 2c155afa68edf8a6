//! Nothing that was signed is taken back: a lost end, a rewritten history, a copy elsewhere that says otherwise.

use async_trait::async_trait;
use query_log::{AnchorError, Anchors, Hash, Head, LogError, QueryLog};
use transparency::Frontier;
use transparency::note::Verifier;

use crate::common::{LOG, World, intent};

/// Somebody else's copy of the log's head.
struct Copy(Result<Head, ()>);

#[async_trait]
impl Anchors for Copy {
    async fn known(&self, log: &str, _: &Verifier) -> Result<Vec<Head>, AnchorError> {
        let head = self.0.clone().map_err(|()| AnchorError("no answer".to_owned()))?;
        Ok(if head.log == log { vec![head] } else { vec![] })
    }
}

async fn five() -> (World, Head) {
    let world = World::start().await;
    for n in 0..5 {
        world.append(n).await;
    }
    let head = world.log.head(LOG).await.unwrap();
    (world, head)
}

/// The right edge of the tree over the stored leaf hashes.
async fn edge(log: &QueryLog, size: u64) -> Frontier {
    let mut tree = Frontier::default();
    for index in 0..size {
        tree.push(log.read(LOG, index).await.unwrap().leaf_hash, |_, _| {});
    }
    tree
}

/// Cuts the database's end off, as a restored backup would have it.
async fn restore_at(world: &World, size: u64) {
    let edge = edge(&world.log, size).await;
    let (root, edge) = (edge.root(), edge.nodes().iter().map(ToString::to_string).collect::<String>());
    world
        .bend(&format!(
            "DELETE FROM log_entries WHERE entry_index >= {size}; DELETE FROM log_bodies WHERE entry_index >= {size}; \
             DELETE FROM log_subjects WHERE entry_index >= {size}; DELETE FROM log_checkpoints WHERE size > {size}; \
             UPDATE log_heads SET size = {size}, root_hash = '\\x{root}', edge = '\\x{edge}', epoch = epoch + 1 \
             WHERE log = '{LOG}'"
        ))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_end_is_noticed_by_the_process_that_signed_it() {
    let (world, _) = five().await;
    restore_at(&world, 3).await;
    let refused = world.log.append(LOG, intent(7)).await;
    assert!(matches!(refused, Err(LogError::LostTail { known: 5, size: 3 })), "{refused:?}");
    assert_eq!(world.log.head(LOG).await.unwrap().size, 3, "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_end_is_noticed_by_a_new_process_that_asks_others() {
    let (world, head) = five().await;
    restore_at(&world, 3).await;
    let refused = world.anchored(Copy(Ok(head))).append(LOG, intent(7)).await;
    assert!(matches!(refused, Err(LogError::LostTail { known: 5, size: 3 })), "{refused:?}");
    // Nobody who would know answers: nothing is written either.
    let refused = world.anchored(Copy(Err(()))).append(LOG, intent(7)).await;
    assert!(matches!(refused, Err(LogError::Unavailable)), "{refused:?}");
    assert_eq!(world.log.head(LOG).await.unwrap().size, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_same_history_lets_the_log_go_on() {
    let (world, head) = five().await;
    world.append(5).await;
    let receipt = world.anchored(Copy(Ok(head))).append(LOG, intent(7)).await.unwrap();
    assert_eq!(receipt.index, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_history_is_neither_gone_on_from_nor_signed() {
    let (world, head) = five().await;
    let other = Head { root_hash: Hash::of(b"another history"), ..head };
    let refused = world.anchored(Copy(Ok(other))).append(LOG, intent(7)).await;
    assert!(matches!(refused, Err(LogError::Forked { size: 5 })), "{refused:?}");

    // Rows and head rewritten to fit each other: the process that signed the first five signs no checkpoint of them.
    world.log.publish(LOG).await.unwrap().unwrap();
    let leaf = Hash::leaf(b"rewritten");
    world.bend(&format!("UPDATE log_entries SET leaf_hash = '\\x{leaf}' WHERE entry_index = 2")).await;
    let edge = edge(&world.log, 5).await;
    let (root, nodes) = (edge.root(), edge.nodes().iter().map(ToString::to_string).collect::<String>());
    world
        .bend(&format!(
            "DELETE FROM log_checkpoints; \
             UPDATE log_heads SET root_hash = '\\x{root}', edge = '\\x{nodes}' WHERE log = '{LOG}'"
        ))
        .await;
    assert!(matches!(world.log.publish(LOG).await, Err(LogError::Forked { size: 5 })));
}
