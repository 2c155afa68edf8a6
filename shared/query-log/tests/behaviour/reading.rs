//! Finding entries again, opening bodies, open intents.

use chrono::{Duration, NaiveDate};
use kernel::Personal;
use kernel::ids::{QueryApplicationId, QueryId};
use query_log::{Filter, Kind, LogError, NewEntry, Verdict, Verifier};
use uuid::Uuid;

use crate::common::{LOG, World, account, agency, intent, moment};

async fn places(world: &World, filter: Filter) -> Vec<u64> {
    let page = world.log.find(LOG, &filter, None, 1_000).await.unwrap();
    assert_eq!(page.next, None);
    page.entries.iter().map(|entry| entry.header.index).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_found_by_everything_that_they_carry() {
    let world = World::start().await;
    let (application, query) =
        (QueryApplicationId(Uuid::from_bytes([7; 16])), QueryId(Uuid::from_bytes([8; 16])));
    for n in 0..6 {
        let mut entry = intent(n);
        entry.application = (n == 2).then_some(application);
        entry.query = (n == 4).then_some(query);
        world.log.append(LOG, entry).await.unwrap();
        world.clock.advance(Duration::hours(1));
    }
    let all = Filter::default();
    assert_eq!(places(&world, Filter { account: Some(account(1)), ..all.clone() }).await, [1, 4]);
    assert_eq!(places(&world, Filter { agency: Some(agency(0)), ..all.clone() }).await, [0, 2, 4]);
    assert_eq!(places(&world, Filter { applications: vec![application], ..all.clone() }).await, [2]);
    assert_eq!(places(&world, Filter { query: Some(query), ..all.clone() }).await, [4]);
    let subject = Some(Personal::new("S000000003".to_owned()));
    assert_eq!(places(&world, Filter { subject, ..all.clone() }).await, [3]);
    let hours = |from: &str, until: &str| (Some(moment(from)), Some(moment(until)));
    let (from, until) = hours("2026-01-15T03:00:00Z", "2026-01-15T05:00:00Z");
    assert_eq!(places(&world, Filter { from, until, ..all.clone() }).await, [1, 2]);
    assert_eq!(places(&world, Filter { kinds: vec![Kind::Refusal], ..all.clone() }).await, [0_u64; 0]);

    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = world.log.find(LOG, &all, after, 4).await.unwrap();
        seen.extend(page.entries.iter().map(|entry| entry.header.index));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [0, 1, 2, 3, 4, 5]);
    assert!(matches!(world.log.read(LOG, 6).await, Err(LogError::NotFound)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_opens_to_its_values_and_the_row_shows_none_of_them() {
    let world = World::start().await;
    world.append(3).await;
    let entry = world.log.read(LOG, 0).await.unwrap();
    let values = world.log.open_body(&entry).await.unwrap().values().unwrap();
    assert_eq!(values["subject"].expose(), "S000000003");
    assert_eq!(values["reason"].expose(), "低收入戶複查");
    let header = String::from_utf8(entry.header_bytes.clone()).unwrap();
    assert!(!header.contains("S000000003") && !header.contains("低收入戶"));
    assert!(!header.contains(&account(0).to_string()), "the account is there by pseudonym alone");

    let mut moved = entry.clone();
    moved.header.commitments.insert("reason".to_owned(), entry.leaf_hash);
    assert!(matches!(world.log.open_body(&moved).await, Err(LogError::Body(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_are_dense_per_account_and_go_on_in_another_process() {
    let world = World::start().await;
    for n in [0, 1, 0, 3] {
        world.append(n).await;
    }
    let other = world.replica();
    other.append(LOG, intent(0)).await.unwrap();
    let mut counters = Vec::new();
    for index in 0..5 {
        counters.push(world.log.read(LOG, index).await.unwrap().header.account.unwrap().seq);
    }
    assert_eq!(counters, [1, 1, 2, 3, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intent_without_outcome_is_listed_on_its_day_for_its_agency() {
    let world = World::start().await;
    world.append(0).await;
    world.append(2).await;
    let outcome =
        NewEntry { closes: Some(0), ..NewEntry::new(Kind::Outcome, moment("2026-01-15T02:00:01Z")) };
    world.log.append(LOG, outcome).await.unwrap();
    let day = NaiveDate::from_ymd_opt(2026, 1, 15).unwrap();
    let open = world.log.open_intents(agency(0), day).await.unwrap();
    assert_eq!(open.iter().map(|entry| entry.header.index).collect::<Vec<_>>(), [1]);
    assert!(world.log.open_intents(agency(1), day).await.unwrap().is_empty());
    assert!(world.log.open_intents(agency(0), day.succ_opt().unwrap()).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_log_is_exported_and_checked_against_a_receipt_in_it() {
    let world = World::start().await;
    let mut receipts = Vec::new();
    for n in 0..9 {
        receipts.push(world.append(n).await);
    }
    let mut bytes = Vec::new();
    let summary = world.log.export_bundle(LOG, 3..7, &mut bytes).await.unwrap();
    assert_eq!((summary.from, summary.until, summary.count), (3, 7, 4));
    let mut verifier = Verifier::new([receipts[5].clone().head]);
    verifier.bundle(bytes.as_slice()).unwrap();
    let report = verifier.finish();
    assert_eq!((report.verdict, report.anchored[LOG]), (Verdict::Intact, 6), "{:?}", report.breaks);

    let cut = &bytes[..bytes.len() - 20];
    let mut verifier = Verifier::new([receipts[5].clone().head]);
    verifier.bundle(cut).unwrap();
    assert_eq!(verifier.finish().verdict, Verdict::Broken);
}
