//! Finding entries among many: by what they carry, by time across months, and what it costs.

use std::time::Instant;

use chrono::Duration;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Double};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use kernel::Personal;
use kernel::ids::QueryApplicationId;
use query_log::{Filter, Kind, NewEntry};
use uuid::Uuid;

use crate::common::{LOG, World, account, agency, moment};

mod years;

/// Entries of the month when the cost is first looked at, and in the end: the greatest month that the log is made for. A
/// hundred million are thirty-three of them, each with indexes of its own.
const FEW: i64 = 100_000;
const MANY: i64 = 3_000_000;
/// Entries of one page.
const PAGE: u32 = 50;
/// Times that each page is read.
const RUNS: u32 = 20;
/// Longest that a page may take, in milliseconds.
const GOAL: f64 = 20.0;

#[tokio::test(flavor = "multi_thread")]
async fn pages_go_on_over_the_end_of_a_month_and_times_cut_at_the_very_entry() {
    let world = World::start().await;
    // Twelve days between two entries: January to April.
    for n in 0..9 {
        world.append(n).await;
        world.clock.advance(Duration::days(12));
    }
    let all = world.log.find(LOG, &Filter::default(), None, 100).await.unwrap().entries;
    let months: std::collections::BTreeSet<_> = all.iter().map(query_log::Entry::month).collect();
    assert!(months.len() >= 4, "{months:?}");
    let wanted = |filter: &Filter| {
        let cut = |entry: &&query_log::Entry| {
            let at = entry.header.recorded_at;
            filter.from.is_none_or(|from| at >= from) && filter.until.is_none_or(|until| at < until)
        };
        let own = all
            .iter()
            .filter(cut)
            .filter(|entry| filter.agency.is_none() || entry.header.agency == filter.agency);
        own.map(|entry| entry.header.index).collect::<Vec<_>>()
    };
    let mut edges: Vec<_> = all.iter().map(|entry| Some(entry.header.recorded_at)).collect();
    edges.extend([
        None,
        Some(moment("2026-02-01T00:00:00Z")),
        Some(moment("2020-01-01T00:00:00Z")),
        Some(moment("2030-01-01T00:00:00Z")),
    ]);
    for from in &edges {
        for until in &edges {
            for agency in [None, Some(agency(1))] {
                let filter = Filter { from: *from, until: *until, agency, ..Filter::default() };
                let (mut found, mut after) = (vec![], None);
                loop {
                    let page = world.log.find(LOG, &filter, after, 2).await.unwrap();
                    found.extend(page.entries.iter().map(|entry| entry.header.index));
                    after = page.next;
                    if after.is_none() {
                        break;
                    }
                }
                assert_eq!(found, wanted(&filter), "{from:?} to {until:?}, {agency:?}");
            }
        }
    }
}

#[derive(QueryableByName)]
struct Pages {
    #[diesel(sql_type = Double)]
    pages: f64,
}

#[derive(QueryableByName)]
struct Size {
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

/// What each reader asks for, and after which entry. The agency began in the middle of the month, its reader stands before it.
fn readers(entries: i64) -> [(&'static str, Filter, Option<u64>); 6] {
    let all = Filter::default();
    let middle = moment("2026-01-15T03:00:00Z") + Duration::milliseconds(entries);
    [
        ("everything", all.clone(), None),
        ("an account", Filter { account: Some(account(0)), ..all.clone() }, None),
        ("an agency", Filter { agency: Some(agency(0)), ..all.clone() }, u64::try_from(entries / 10).ok()),
        (
            "a case's applications",
            Filter { applications: vec![application(1), application(2)], ..all.clone() },
            None,
        ),
        ("a subject", Filter { subject: Some(Personal::new("S000000000".to_owned())), ..all.clone() }, None),
        ("an agency, for a time", Filter { agency: Some(agency(0)), from: Some(middle), ..all }, None),
    ]
}

fn application(n: u128) -> QueryApplicationId {
    QueryApplicationId(Uuid::from_u128(n))
}

/// Fills the month up to `until` entries: 20,000 accounts and 40 agencies in turn, three entries of an application, two
/// million people. One of each is the one that readers ask for.
async fn fill(world: &World, from: i64, until: i64) {
    let partition = "three_year_202601";
    world
        .bend(&format!(
            "WITH real AS (SELECT e.*, s.subject_hash FROM log_entries_{partition} e \
               JOIN log_subjects_{partition}_0 s USING (entry_index) WHERE entry_index = 0), \
             plain AS (SELECT header FROM log_entries_{partition} WHERE entry_index = 1) \
             INSERT INTO log_entries_{partition} SELECT real.log, real.month, n, 'intent', t.at, t.at, \
               CASE WHEN n % 40 = 0 AND n >= {until} / 2 THEN real.agency_id ELSE md5((n % 40)::text)::uuid END, n, \
               CASE WHEN n % 20000 = 0 THEN real.account ELSE sha256(int8send(n % 20000)) END, n, \
               lpad(to_hex(n / 3), 32, '0')::uuid, md5(n::text)::uuid, NULL, plain.header, sha256(int8send(n)) \
             FROM real, plain, generate_series({from}, {until} - 1) n, \
               LATERAL (SELECT timestamptz '2026-01-15 03:00Z' + n * interval '2 ms' AS at) t; \
             INSERT INTO log_subjects_{partition}_0 SELECT s.log, s.month, 0, n, \
               CASE WHEN n % 2000000 < 3 THEN s.subject_hash ELSE sha256(int8send(-(n % 2000000))) END \
             FROM (SELECT * FROM log_subjects_{partition}_0 WHERE entry_index = 0) s, generate_series({from}, {until} - 1) n; \
             UPDATE log_heads SET size = {until}, edge = decode(repeat('00', 32 * bit_count({until}::bigint::bit(64))::int), 'hex') \
             WHERE log = '{LOG}'; \
             ANALYZE log_entries_{partition}; ANALYZE log_subjects_{partition}_0",
        ))
        .await;
}

/// Pages of tables and indexes that all sessions which have ended touched.
async fn touched(world: &World) -> f64 {
    let mut conn = AsyncPgConnection::establish(&world.url).await.unwrap();
    let mut before = -1.0;
    loop {
        let Pages { pages } = diesel::sql_query(
            "SELECT sum(heap_blks_hit + heap_blks_read + coalesce(idx_blks_hit, 0) + coalesce(idx_blks_read, 0))::float8 \
             AS pages FROM pg_statio_user_tables",
        )
        .get_result::<Pages>(&mut conn)
        .await
        .unwrap();
        // A session tells of itself when it ends, a moment later.
        if (pages - before).abs() < 0.5 {
            return pages;
        }
        before = pages;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
}

/// What one reading costs.
struct Cost {
    /// Pages that it touches.
    pages: f64,
    /// The first one's time, on a connection that was opened before, in milliseconds.
    first: f64,
    /// The median time.
    time: f64,
}

async fn cost(world: &World, filter: &Filter, after: Option<u64>) -> Cost {
    let before = touched(world).await;
    let reader = world.replica();
    // It opens a connection for its readers as a service does that starts.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let mut times = vec![];
    for _ in 0..RUNS {
        let begun = Instant::now();
        let page = reader.find(LOG, filter, after, PAGE).await.unwrap();
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        assert!(!page.entries.is_empty());
    }
    drop(reader);
    let first = times[0];
    times.sort_by(f64::total_cmp);
    let pages = (touched(world).await - before) / f64::from(RUNS);
    Cost { pages, first, time: times[times.len() / 2] }
}

/// `make bench` runs it: two or three minutes, and as many gigabytes for a while.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "fills a month with millions of entries"]
async fn figures_of_a_page_found_among_millions() {
    let world = World::start().await;
    world.append(0).await;
    world.log.append(LOG, NewEntry::new(Kind::Intent, moment("2026-01-15T01:59:59Z"))).await.unwrap();
    fill(&world, 2, FEW).await;
    let mut few = vec![];
    for (_, filter, after) in readers(FEW) {
        few.push(cost(&world, &filter, after).await);
    }
    fill(&world, FEW, MANY).await;
    let mut conn = AsyncPgConnection::establish(&world.url).await.unwrap();
    let size: Size = diesel::sql_query("SELECT pg_database_size(current_database()) AS bytes")
        .get_result(&mut conn)
        .await
        .unwrap();
    println!(
        "{MANY} entries in a month, {} MB; a page of {PAGE}; in brackets among {FEW}",
        size.bytes / 1_000_000
    );
    for ((name, filter, after), few) in readers(MANY).into_iter().zip(few) {
        let Cost { pages, first, time } = cost(&world, &filter, after).await;
        println!(
            "found by {name:<24} {time:>7.2} ms ({:.2})  the first {first:>6.2} ms  goal ≤ {GOAL} ms  {pages:>6.0} pages ({:.0})",
            few.time, few.pages
        );
        // Indexes are a level deeper, and entries lie farther apart: each of the page on a page of its own.
        let most = few.pages + 4.0 * f64::from(PAGE);
        assert!(pages <= most, "{name}: {pages} pages, {} among fewer", few.pages);
    }
}
