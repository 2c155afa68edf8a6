//! The end of a month.

use query_log::{
    BreakKind, GOVERNANCE, KeyError, Kind, LogError, Month, MonthRange, NewEntry, Verdict, Verifier,
    verify_database,
};

use crate::common::{LOG, World, moment};

/// A world with five entries in January, a manifest and two in February.
async fn two_months() -> (World, Month) {
    let world = World::start().await;
    for n in 0..5 {
        world.append(n).await;
    }
    world.clock.set(moment("2026-02-01T01:00:00Z"));
    world.append(5).await;
    world.append(6).await;
    (world, "2026-01".parse().unwrap())
}

async fn order(world: &World, range: MonthRange) -> u64 {
    world.log.append(GOVERNANCE, world.log.destruction_order(range)).await.unwrap().index
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_closed_by_the_first_entry_of_the_next() {
    let (world, january) = two_months().await;
    let range = world.log.month_manifest(LOG, january).await.unwrap();
    assert_eq!((range.first, range.last, range.count), (0, 4, 5));
    let manifest = world.log.read(LOG, 5).await.unwrap().header;
    assert_eq!((manifest.kind, manifest.range), (Kind::Manifest, Some(range)));
    let running = world.log.month_manifest(LOG, "2026-02".parse().unwrap()).await.unwrap();
    assert_eq!((running.first, running.last, running.count), (5, 7, 3));
    let first = world.log.read(LOG, 6).await.unwrap().header.account.unwrap();
    assert_eq!(first.seq, 1, "counters start anew with the month");
    assert!(matches!(
        world.log.append(LOG, NewEntry::new(Kind::Manifest, moment("2026-02-01T01:00:00Z"))).await,
        Err(LogError::Invalid(_))
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_not_dropped_without_its_approved_order() {
    let (world, january) = two_months().await;
    let range = world.log.month_manifest(LOG, january).await.unwrap();
    let refused = |found: Result<_, LogError>| matches!(found, Err(LogError::Refused(_)));
    assert!(refused(world.log.drop_month(LOG, january, 0).await), "no order at all");

    let mut unapproved = world.log.destruction_order(range.clone());
    unapproved.decision = None;
    let unapproved = world.log.append(GOVERNANCE, unapproved).await.unwrap().index;
    assert!(refused(world.log.drop_month(LOG, january, unapproved).await), "not approved");

    let other_range = order(&world, MonthRange { last: range.last - 1, ..range.clone() }).await;
    assert!(refused(world.log.drop_month(LOG, january, other_range).await), "another range");

    let mut other_kind = world.log.destruction_order(range.clone());
    other_kind.kind = Kind::Import;
    let other_kind = world.log.append(GOVERNANCE, other_kind).await.unwrap().index;
    assert!(refused(world.log.drop_month(LOG, january, other_kind).await), "no governance entry");

    let running: Month = "2026-02".parse().unwrap();
    let order_of_running = order(&world, world.log.month_manifest(LOG, running).await.unwrap()).await;
    assert!(refused(world.log.drop_month(LOG, running, order_of_running).await), "still running");
    assert!(refused(world.log.drop_month(GOVERNANCE, january, 0).await), "never pruned");

    let report = verify_database(&world.url, &[LOG], [world.log.head(LOG).await.unwrap()]).await.unwrap();
    assert_eq!((report.verdict, report.checked), (Verdict::Intact, 8), "{:?}", report.breaks);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ordered_month_goes_with_its_keys_and_the_rest_still_verifies() {
    let (world, january) = two_months().await;
    let kept = world.log.read(LOG, 2).await.unwrap();
    assert_eq!(world.log.open_body(&kept).await.unwrap().values().unwrap().len(), 2);
    let range = world.log.month_manifest(LOG, january).await.unwrap();
    let order = order(&world, range.clone()).await;
    world.log.drop_month(LOG, january, order).await.unwrap();

    // Gone, but its destruction not yet on record: the verifier says so, at the place.
    let heads = [world.log.head(LOG).await.unwrap(), world.log.head(GOVERNANCE).await.unwrap()];
    let report = verify_database(&world.url, &[LOG, GOVERNANCE], heads.clone()).await.unwrap();
    let found: Vec<_> = report.breaks.iter().map(|b| (b.index, b.kind)).collect();
    assert_eq!(found, [(0, BreakKind::UnorderedDestruction)]);

    // The crash between the two is mended by asking again.
    let destroyed = world.log.expire_month(LOG, january, order).await.unwrap();
    let header = world.log.read(GOVERNANCE, destroyed.index).await.unwrap().header;
    assert_eq!((header.range, header.closes), (Some(range.clone()), Some(order)));
    assert!(header.digests.contains_key("key-fingerprint"));

    assert!(matches!(world.log.read(LOG, 2).await, Err(LogError::NotFound)));
    let unreadable = world.log.open_body(&kept).await;
    assert!(
        matches!(unreadable, Err(LogError::Key(KeyError::Destroyed { .. }))),
        "a copy of the row opens no more"
    );
    assert_eq!(world.log.month_manifest(LOG, january).await.unwrap(), range);

    let heads = [world.log.head(LOG).await.unwrap(), world.log.head(GOVERNANCE).await.unwrap()];
    let report = verify_database(&world.url, &[LOG, GOVERNANCE], heads.clone()).await.unwrap();
    assert_eq!((report.verdict, report.checked), (Verdict::Intact, 5), "{:?}", report.breaks);

    let (log, governance) = (world.bundle(LOG).await, world.bundle(GOVERNANCE).await);
    let mut verifier = Verifier::new(heads.clone());
    verifier.bundle(log.as_slice()).unwrap();
    verifier.bundle(governance.as_slice()).unwrap();
    assert_eq!(verifier.finish().verdict, Verdict::Intact);
    let mut without_governance = Verifier::new(heads);
    without_governance.bundle(log.as_slice()).unwrap();
    assert_eq!(without_governance.finish().verdict, Verdict::Broken);

    assert_eq!(world.append(7).await.index, 8, "the log goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destruction_entry_that_says_something_else_covers_nothing() {
    let (world, january) = two_months().await;
    let range = world.log.month_manifest(LOG, january).await.unwrap();
    let order = order(&world, range.clone()).await;
    world.log.drop_month(LOG, january, order).await.unwrap();
    let wrong = [
        MonthRange { root: query_log::Hash::of(b"another tree"), ..range.clone() },
        MonthRange { last: range.last - 1, count: range.count - 1, ..range.clone() },
        MonthRange { log: "five-year".to_owned(), ..range.clone() },
    ];
    for (others, range) in (1..).zip(wrong) {
        let entry = NewEntry {
            action: Some(query_log::DESTRUCTION.to_owned()),
            range: Some(range),
            closes: Some(order),
            ..NewEntry::new(Kind::Governance, moment("2026-02-01T01:00:00Z"))
        };
        world.log.append(GOVERNANCE, entry).await.unwrap();
        let heads = [world.log.head(LOG).await.unwrap(), world.log.head(GOVERNANCE).await.unwrap()];
        let report = verify_database(&world.url, &[LOG, GOVERNANCE], heads).await.unwrap();
        let found: Vec<_> = report.breaks.iter().map(|b| (b.log.as_str(), b.kind)).collect();
        let mut expected = vec![(GOVERNANCE, BreakKind::UnorderedDestruction); others];
        expected.push((LOG, BreakKind::UnorderedDestruction));
        assert_eq!(found, expected, "{:?}", report.breaks);
    }
    // The true one, beside the false ones, covers it.
    let destroyed = world.log.expire_month(LOG, january, order).await.unwrap();
    assert_eq!(world.log.read(GOVERNANCE, destroyed.index).await.unwrap().header.range, Some(range));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destruction_or_erasure_that_nobody_ordered_is_found_where_it_stands() {
    let (world, january) = two_months().await;
    let range = world.log.month_manifest(LOG, january).await.unwrap();
    let act = |action: &str, closes: Option<u64>, decision: Option<&str>| NewEntry {
        action: Some(action.to_owned()),
        range: Some(range.clone()),
        closes,
        decision: decision.map(str::to_owned),
        ..NewEntry::new(Kind::Governance, moment("2026-02-01T01:00:00Z"))
    };
    let append = async |entry| world.log.append(GOVERNANCE, entry).await.unwrap().index;
    let refused = append(act(query_log::DESTRUCTION_ORDER, None, Some("refused"))).await;
    let erasure = append(act(query_log::ERASURE_ORDER, None, Some(query_log::APPROVED))).await;
    let mut unordered = vec![];
    for (action, order) in [
        (query_log::DESTRUCTION, None),
        (query_log::DESTRUCTION, Some(refused)),
        (query_log::DESTRUCTION, Some(erasure)),
        (query_log::ERASURE, Some(1_000)),
    ] {
        unordered.push(append(act(action, order, None)).await);
    }
    let ordered = append(act(query_log::ERASURE, Some(erasure), None)).await;
    let head = world.log.head(GOVERNANCE).await.unwrap();
    let report = verify_database(&world.url, &[GOVERNANCE], [head]).await.unwrap();
    let found: Vec<_> = report.breaks.iter().map(|b| (b.index, b.kind)).collect();
    let expected: Vec<_> = unordered.iter().map(|index| (*index, BreakKind::UnorderedDestruction)).collect();
    assert_eq!(found, expected, "{:?}; {ordered} has its order", report.breaks);
}
