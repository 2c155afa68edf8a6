//! A superuser switches the triggers off and bends rows; the verifier names the place.

use query_log::{BreakKind, Hash, Head, Header, Verdict, Verifier, VerifyReport, verify_database};

use transparency::Frontier;

use crate::common::{LOG, World};

/// A world with twelve entries and the head that was kept elsewhere.
async fn twelve() -> (World, Head) {
    let world = World::start().await;
    for n in 0..12 {
        world.append(n).await;
    }
    let head = world.log.head(LOG).await.unwrap();
    (world, head)
}

pub fn places(report: &VerifyReport) -> Vec<(u64, BreakKind)> {
    report.breaks.iter().map(|b| (b.index, b.kind)).collect()
}

/// What the verifier finds in the database, and in a bundle, which must agree.
async fn found(world: &World, trusted: Option<&Head>) -> (Verdict, Vec<(u64, BreakKind)>) {
    let live = verify_database(&world.url, &[LOG], trusted.cloned()).await.unwrap();
    let mut offline = Verifier::new(trusted.cloned());
    offline.bundle(world.bundle(LOG).await.as_slice()).unwrap();
    // Only the live database says what tree it has.
    let rows = live.breaks.iter().filter(|b| b.kind != BreakKind::Tree);
    assert_eq!(places(&offline.finish()), rows.map(|b| (b.index, b.kind)).collect::<Vec<_>>());
    (live.verdict, places(&live))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untouched_log_is_intact_with_a_trusted_head_and_unanchored_without() {
    let (world, head) = twelve().await;
    assert_eq!(found(&world, Some(&head)).await, (Verdict::Intact, vec![]));
    assert_eq!(found(&world, None).await, (Verdict::Unanchored, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_header_is_found() {
    let (world, head) = twelve().await;
    let edit = "header = decode(replace(encode(header, 'escape'), 'granted', 'refused'), 'escape')";
    world.bend(&format!("UPDATE log_entries SET {edit} WHERE entry_index = 5")).await;
    assert_eq!(found(&world, Some(&head)).await.1, [(5, BreakKind::AlteredHeader)]);
    // The leaf hash made to fit: now the tree is another than the head's (its root and its edge), and than the one that was
    // kept.
    world
        .bend("UPDATE log_entries SET leaf_hash = sha256('\\x00'::bytea || header) WHERE entry_index = 5")
        .await;
    assert_eq!(
        found(&world, Some(&head)).await.1,
        [(11, BreakKind::Tree), (11, BreakKind::Tree), (11, BreakKind::HeadMismatch)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_column_is_found_in_the_live_database() {
    let (world, head) = twelve().await;
    world.bend("UPDATE log_entries SET agency_id = gen_random_uuid() WHERE entry_index = 3").await;
    let report = verify_database(&world.url, &[LOG], [head]).await.unwrap();
    assert_eq!(places(&report), [(3, BreakKind::AlteredHeader)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_or_removed_body_is_found() {
    let (world, head) = twelve().await;
    world
        .bend(
            "UPDATE log_bodies SET body = set_byte(body, 40, get_byte(body, 40) # 1) WHERE entry_index = 4; \
             DELETE FROM log_bodies WHERE entry_index = 9",
        )
        .await;
    let expected = [(4, BreakKind::AlteredBody), (9, BreakKind::AlteredBody)];
    assert_eq!(found(&world, Some(&head)).await.1, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_entry_is_found() {
    let (world, head) = twelve().await;
    world.bend("DELETE FROM log_entries WHERE entry_index = 6").await;
    assert_eq!(found(&world, Some(&head)).await, (Verdict::Broken, vec![(6, BreakKind::Removed)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_past_the_head_is_found_in_the_live_database() {
    let (world, head) = twelve().await;
    world
        .bend(
            "INSERT INTO log_entries SELECT log, month, 12, kind, recorded_at, occurred_at, agency_id, 99, account, 99, \
             application_id, query_id, closes, header, leaf_hash FROM log_entries WHERE entry_index = 3",
        )
        .await;
    let report = verify_database(&world.url, &[LOG], [head]).await.unwrap();
    assert!(places(&report).contains(&(12, BreakKind::Inserted)), "{:?}", report.breaks);
    assert!(report.breaks.iter().all(|b| b.index == 12), "{:?}", report.breaks);
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_changed_places_are_found() {
    let (world, head) = twelve().await;
    world
        .bend(
            "UPDATE log_entries SET entry_index = 105 WHERE entry_index = 5; \
             UPDATE log_entries SET entry_index = 5 WHERE entry_index = 6; \
             UPDATE log_entries SET entry_index = 6 WHERE entry_index = 105; \
             UPDATE log_bodies SET entry_index = 105 WHERE entry_index = 5; \
             UPDATE log_bodies SET entry_index = 5 WHERE entry_index = 6; \
             UPDATE log_bodies SET entry_index = 6 WHERE entry_index = 105",
        )
        .await;
    let expected = [(5, BreakKind::Reordered), (6, BreakKind::Reordered)];
    assert_eq!(found(&world, Some(&head)).await.1, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_changed_places_or_were_doubled_in_a_bundle_are_found() {
    let (world, head) = twelve().await;
    let text = String::from_utf8(world.bundle(LOG).await).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let mut swapped = lines.clone();
    swapped.swap(5, 6);
    let mut verifier = Verifier::new([head.clone()]);
    verifier.bundle(swapped.join("\n").as_bytes()).unwrap();
    assert_eq!(places(&verifier.finish()), [(4, BreakKind::Reordered)]);

    let mut doubled = lines.clone();
    doubled.insert(5, lines[5]);
    let mut verifier = Verifier::new([head]);
    verifier.bundle(doubled.join("\n").as_bytes()).unwrap();
    let found = places(&verifier.finish());
    assert!(found.contains(&(4, BreakKind::Inserted)), "{found:?}");
}

/// Writes every entry from `from` on anew with `change` made to the headers, and hashes and head to fit.
pub async fn rewrite(world: &World, from: u64, change: impl Fn(&mut Header)) -> Frontier {
    let size = world.log.head(LOG).await.unwrap().size;
    let mut tree = Frontier::default();
    let mut changes = Vec::new();
    for index in 0..size {
        let mut header = world.log.read(LOG, index).await.unwrap().header;
        if index >= from {
            change(&mut header);
        }
        let bytes = header.to_bytes().unwrap();
        let leaf = Hash::leaf(&bytes);
        tree.push(leaf, |_, _| {});
        let (seq, agency_seq) = (header.account.unwrap().seq, header.agency_seq.unwrap());
        changes.push(format!(
            "UPDATE log_entries SET header = '\\x{}', leaf_hash = '\\x{leaf}', \
             account_seq = {seq}, agency_seq = {agency_seq} WHERE entry_index = {index};",
            hex::encode(&bytes)
        ));
    }
    let sql = changes.concat();
    world.bend(&format!("{sql} {}", head_of(&tree))).await;
    tree
}

/// SQL that makes `tree` the head.
fn head_of(tree: &Frontier) -> String {
    let edge: String = tree.nodes().iter().map(ToString::to_string).collect();
    let (size, root) = (tree.size(), tree.root());
    format!(
        "UPDATE log_heads SET size = {size}, root_hash = '\\x{root}', edge = '\\x{edge}' WHERE log = '{LOG}'"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wholly_rewritten_history_is_found_by_the_trusted_head_alone() {
    let (world, head) = twelve().await;
    rewrite(&world, 7, |header| {
        if header.index == 7 {
            header.decision = Some("refused".to_owned());
        }
    })
    .await;
    assert_eq!(found(&world, None).await, (Verdict::Unanchored, vec![]));
    assert_eq!(found(&world, Some(&head)).await.1, [(11, BreakKind::HeadMismatch)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_counters_are_found_even_where_every_hash_was_made_to_fit() {
    let (world, _) = twelve().await;
    // Accounts go 0, 1, 2, 0, …: entry 9 is account 0's fourth. It and no other now claims to be the sixth.
    rewrite(&world, 9, |header| {
        if header.index == 9 {
            header.account.as_mut().unwrap().seq = 6;
        }
    })
    .await;
    assert_eq!(found(&world, None).await, (Verdict::Broken, vec![(9, BreakKind::ForgedCounter)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_off_end_is_found_by_the_trusted_head() {
    let (world, head) = twelve().await;
    let mut tree = Frontier::default();
    for index in 0..10 {
        tree.push(world.log.read(LOG, index).await.unwrap().leaf_hash, |_, _| {});
    }
    world
        .bend(&format!(
            "DELETE FROM log_entries WHERE entry_index >= 10; DELETE FROM log_bodies WHERE entry_index >= 10; \
             {}",
            head_of(&tree)
        ))
        .await;
    assert_eq!(found(&world, None).await, (Verdict::Unanchored, vec![]));
    assert_eq!(found(&world, Some(&head)).await.1, [(10, BreakKind::Truncated)]);
}
