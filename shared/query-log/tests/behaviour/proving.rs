//! Tiles and proofs of what is stored, also behind a destroyed month.

use query_log::{GOVERNANCE, Hash, Kind, LogError, Month, NewEntry};
use transparency::note::Verifier;
use transparency::tile::{Level, Tile};
use transparency::{verify_consistency, verify_inclusion};

use crate::common::{LOG, ORIGIN, World, moment};

/// Appends `count` entries at once.
async fn fill(world: &World, count: usize) {
    let entry = || NewEntry::new(Kind::Refusal, moment("2026-01-15T01:59:59Z"));
    let appends = (0..count).map(|_| world.log.append(LOG, entry()));
    for receipt in futures::future::join_all(appends).await {
        receipt.unwrap();
    }
}

async fn leaf(world: &World, index: u64) -> Hash {
    world.log.read(LOG, index).await.unwrap().leaf_hash
}

#[tokio::test(flavor = "multi_thread")]
async fn every_entry_is_proved_in_every_later_tree_from_stored_hashes() {
    let world = World::start().await;
    fill(&world, 700).await;
    let head = world.log.head(LOG).await.unwrap();
    assert_eq!(world.log.root(LOG, 700).await.unwrap(), head.root_hash);
    for (index, size) in [(0, 1), (0, 700), (255, 256), (256, 257), (511, 600), (699, 700), (300, 513)] {
        let proof = world.log.inclusion(LOG, index, size).await.unwrap();
        let root = world.log.root(LOG, size).await.unwrap();
        verify_inclusion(leaf(&world, index).await, index, size, root, &proof).unwrap();
    }
    for old in [1, 255, 256, 257, 512, 699] {
        let proof = world.log.consistency(LOG, old, 700).await.unwrap();
        let root = world.log.root(LOG, old).await.unwrap();
        verify_consistency((old, root), (700, head.root_hash), &proof).unwrap();
    }
    assert!(matches!(world.log.inclusion(LOG, 700, 700).await, Err(LogError::NotFound)));
    assert!(matches!(world.log.consistency(LOG, 3, 701).await, Err(LogError::NotFound)));
}

#[tokio::test(flavor = "multi_thread")]
async fn tiles_hold_what_c2sp_says_and_entries_hash_to_them() {
    let world = World::start().await;
    fill(&world, 600).await;
    let tile = |level, index, width| Tile { level, index, width };
    let leaves = world.log.tile(LOG, tile(Level::Hashes(0), 1, 256)).await.unwrap();
    assert_eq!(leaves.len(), 8_192);
    let mut entries = world.log.tile(LOG, tile(Level::Entries, 1, 256)).await.unwrap().into_iter();
    for hash in leaves.chunks(32) {
        let length = usize::from(u16::from_be_bytes([entries.next().unwrap(), entries.next().unwrap()]));
        let entry: Vec<u8> = entries.by_ref().take(length).collect();
        assert_eq!(Hash::leaf(&entry).0.as_slice(), hash);
    }
    assert!(entries.next().is_none());
    let above = world.log.tile(LOG, tile(Level::Hashes(1), 0, 2)).await.unwrap();
    assert_eq!(above[..32], world.log.root(LOG, 256).await.unwrap().0);
    for missing in [
        tile(Level::Hashes(0), 2, 256),
        tile(Level::Hashes(0), 3, 1),
        tile(Level::Hashes(1), 0, 3),
        tile(Level::Hashes(9), 0, 1),
        tile(Level::Entries, 2, 89),
        tile(Level::Hashes(63), u64::MAX, 1),
    ] {
        assert!(matches!(world.log.tile(LOG, missing).await, Err(LogError::NotFound)), "{missing}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_destroyed_month_every_later_proof_still_verifies() {
    let world = World::start().await;
    fill(&world, 600).await;
    let before = world.log.root(LOG, 600).await.unwrap();
    world.clock.set(moment("2026-02-01T01:00:00Z"));
    fill(&world, 300).await;
    let january: Month = "2026-01".parse().unwrap();
    let range = world.log.month_manifest(LOG, january).await.unwrap();
    let order = world.log.append(GOVERNANCE, world.log.destruction_order(range)).await.unwrap().index;
    world.log.expire_month(LOG, january, order).await.unwrap();

    let head = world.log.head(LOG).await.unwrap();
    assert_eq!(head.size, 901);
    // 600 lies inside a tile: the leaf hashes from 512 on were kept for those behind it.
    for index in [600, 601, 767, 768, 900] {
        let proof = world.log.inclusion(LOG, index, 901).await.unwrap();
        verify_inclusion(leaf(&world, index).await, index, 901, head.root_hash, &proof).unwrap();
    }
    let proof = world.log.consistency(LOG, 600, 901).await.unwrap();
    verify_consistency((600, before), (901, head.root_hash), &proof).unwrap();
    let tile = |level, index| Tile { level, index, width: 256 };
    world.log.tile(LOG, tile(Level::Hashes(0), 2)).await.unwrap();
    for gone in [
        tile(Level::Hashes(0), 0),
        tile(Level::Hashes(0), 1),
        tile(Level::Entries, 0),
        tile(Level::Entries, 2),
    ] {
        assert!(matches!(world.log.tile(LOG, gone).await, Err(LogError::NotFound)), "{gone}");
    }
    assert!(matches!(world.log.inclusion(LOG, 3, 901).await, Err(LogError::NotFound)));

    // The next month takes with it what was kept for it.
    world.clock.set(moment("2026-03-01T01:00:00Z"));
    fill(&world, 1).await;
    let february: Month = "2026-02".parse().unwrap();
    let range = world.log.month_manifest(LOG, february).await.unwrap();
    let order = world.log.append(GOVERNANCE, world.log.destruction_order(range)).await.unwrap().index;
    world.log.expire_month(LOG, february, order).await.unwrap();
    assert!(matches!(world.log.tile(LOG, tile(Level::Hashes(0), 2)).await, Err(LogError::NotFound)));
    let head = world.log.head(LOG).await.unwrap();
    let proof = world.log.inclusion(LOG, 902, 903).await.unwrap();
    verify_inclusion(leaf(&world, 902).await, 902, 903, head.root_hash, &proof).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_is_fetched_against_the_last_published_checkpoint() {
    let world = World::start().await;
    fill(&world, 5).await;
    let published = world.log.publish(LOG).await.unwrap().unwrap();
    assert_eq!(published.size, 5);
    assert!(world.log.publish(LOG).await.unwrap().is_none(), "nothing new to say");
    fill(&world, 1).await;
    let key = Verifier::parse(&world.log.verifier_key(LOG).await.unwrap()).unwrap();
    let proof = world.log.proof(LOG, 3).await.unwrap();
    let checkpoint = proof.verify(leaf(&world, 3).await, &[key]).unwrap();
    assert_eq!((checkpoint.size, checkpoint.origin), (5, format!("{ORIGIN}/{LOG}")));
    assert!(matches!(world.log.proof(LOG, 5).await, Err(LogError::NotFound)), "no checkpoint covers it yet");
}
