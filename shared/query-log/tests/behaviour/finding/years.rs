//! What a page costs among a hundred million entries: thirty-four of the greatest months that the log is made for, each
//! with keys, pseudonyms, partitions and indexes of its own. On a server of its own.

use std::time::{Duration, Instant};

use dev_servers::{Postgres, PostgresOptions};
use kernel::{Personal, days};
use query_log::{Filter, Kind, NewEntry};
use tokio::task::block_in_place;

use super::{Cost, GOAL, PAGE, application, cost};
use crate::common::{LOG, World, account, agency, intent, moment};

const MONTHS: i64 = 34;
/// Entries of a month.
const MONTH: i64 = 3_000_000;
const ALL: i64 = MONTHS * MONTH;

fn first_day(month: i64) -> chrono::NaiveDate {
    days::add_months("2026-01-01".parse().unwrap(), u32::try_from(month).unwrap())
}

/// A few real entries of each month, so that it has what the engine gives a month.
async fn open_months(world: &World) {
    for month in 0..MONTHS {
        world.clock.set(days::at(first_day(month), 8, 0));
        for n in 0..2 {
            let _ = world.append(n).await;
        }
        world.log.append(LOG, NewEntry::new(Kind::Intent, intent(0).at)).await.unwrap();
    }
}

/// A partition that is filled: its parent, its own name, its bounds.
struct Partition {
    parent: &'static str,
    name: String,
    bounds: String,
}

fn partitions(month: i64) -> [Partition; 2] {
    let (day, next) = (first_day(month), first_day(month + 1));
    let name = day.format("three_year_%Y%m").to_string();
    [
        Partition {
            parent: "log_entries",
            name: format!("log_entries_{name}"),
            bounds: format!("FROM ('{LOG}', '{day}') TO ('{LOG}', '{next}')"),
        },
        Partition {
            parent: "log_subjects",
            name: format!("log_subjects_{name}_0"),
            bounds: format!("FROM ('{LOG}', '{day}', 0) TO ('{LOG}', '{day}', 1)"),
        },
    ]
}

impl Partition {
    /// Away from its parent, without indexes: what is sorted at once is there in a quarter of the time.
    async fn take_apart(&self, world: &World) {
        let Self { parent, name, .. } = self;
        let sql = format!(
            "ALTER TABLE {parent} DETACH PARTITION {name}; \
             CREATE TABLE again_{name} AS SELECT 'ALTER TABLE {name} ADD ' || pg_get_constraintdef(oid) AS sql \
               FROM pg_constraint WHERE conrelid = '{name}'::regclass AND contype = 'p' \
             UNION ALL SELECT indexdef FROM pg_indexes WHERE tablename = '{name}' AND indexname <> '{name}_pkey'; \
             ALTER TABLE {name} DROP CONSTRAINT {name}_pkey; \
             DO $$ DECLARE i text; BEGIN FOR i IN SELECT indexname FROM pg_indexes WHERE tablename = '{name}' LOOP \
               EXECUTE format('DROP INDEX %I', i); END LOOP; END $$"
        );
        world.bend(&sql).await;
    }

    async fn build_indexes(&self, world: &World) {
        let name = &self.name;
        let sql = format!(
            "DO $$ DECLARE s text; BEGIN FOR s IN SELECT sql FROM again_{name} LOOP EXECUTE s; END LOOP; END $$; ANALYZE {name}"
        );
        world.bend(&sql).await;
    }

    async fn attach(&self, world: &World) {
        let Self { parent, name, bounds } = self;
        world.bend(&format!("ALTER TABLE {parent} ATTACH PARTITION {name} FOR VALUES {bounds}")).await;
    }
}

/// Fills a month: 20,000 accounts and 40 agencies in turn, three entries of an application, two million people. One of each is the
/// one that readers ask for; of the agency there is nothing before the middle of all, of one account nothing before the last month.
async fn fill(world: &World, month: i64) {
    let (first, last, day) = (month * MONTH, month == MONTHS - 1, first_day(month));
    let [entries, subjects] = partitions(month);
    let (e, s) = (&entries.name, &subjects.name);
    world
        .bend(&format!(
            "SET synchronous_commit = off; \
             CREATE TEMP TABLE real AS SELECT e.*, s.subject_hash FROM {e} e JOIN {s} s USING (entry_index) ORDER BY entry_index; \
             CREATE TEMP TABLE plain AS SELECT header FROM {e} WHERE account IS NULL AND kind = 'intent'; \
             DELETE FROM {e}; DELETE FROM {s}; DELETE FROM log_bodies WHERE month = '{day}'; \
             INSERT INTO {e} SELECT real.log, real.month, {first} + n, 'intent', t.at, t.at, \
               CASE WHEN n % 40 = 0 AND {first} + n >= {ALL} / 2 THEN real.agency_id ELSE md5((n % 40)::text)::uuid END, n, \
               CASE WHEN n % 20000 = 0 THEN real.account WHEN n % 20000 = 1 AND {last} THEN other.account \
                 ELSE sha256(int8send(n % 20000 + {first})) END, n, \
               lpad(to_hex(({first} + n) / 3), 32, '0')::uuid, md5(({first} + n)::text)::uuid, NULL, plain.header, \
               sha256(int8send({first} + n)) \
             FROM (SELECT * FROM real LIMIT 1) real, (SELECT * FROM real OFFSET 1 LIMIT 1) other, plain, \
               generate_series(0, {MONTH}::bigint - 1) n, \
               LATERAL (SELECT timestamptz '{day} 00:00+08' + n * interval '800 ms' AS at) t; \
             INSERT INTO {s} SELECT real.log, real.month, 0, {first} + n, \
               CASE WHEN n % 2000000 < 3 THEN real.subject_hash ELSE sha256(int8send(-(n % 2000000) - {first})) END \
             FROM (SELECT * FROM real LIMIT 1) real, generate_series(0, {MONTH}::bigint - 1) n; \
             UPDATE log_months SET first_index = {first} WHERE log = '{LOG}' AND month = '{day}'"
        ))
        .await;
    for partition in [&entries, &subjects] {
        partition.build_indexes(world).await;
        partition.attach(world).await;
    }
}

/// What each reader asks for, and after which entry.
fn readers() -> Vec<(&'static str, Filter, Option<u64>)> {
    let all = Filter::default();
    let at = |part: i64| u64::try_from(ALL / 10 * part).ok();
    let one = |n: i64| application(u128::try_from(n).unwrap());
    let later = moment("2027-09-20T03:00:00Z");
    let subject = Some(Personal::new("S000000000".to_owned()));
    vec![
        ("everything", all.clone(), None),
        ("everything, from the middle on", all.clone(), at(5)),
        ("an account", Filter { account: Some(account(0)), ..all.clone() }, None),
        ("an account, from the middle on", Filter { account: Some(account(0)), ..all.clone() }, at(5)),
        ("an account of the last month", Filter { account: Some(account(1)), ..all.clone() }, None),
        ("an agency that began later", Filter { agency: Some(agency(0)), ..all.clone() }, at(1)),
        ("an agency, for a time", Filter { agency: Some(agency(0)), from: Some(later), ..all.clone() }, None),
        ("a case's applications", Filter { applications: vec![one(1), one(2)], ..all.clone() }, None),
        ("those of a late case", Filter { applications: vec![one(ALL / 3 - 9)], ..all.clone() }, None),
        ("a subject", Filter { subject, ..all }, None),
    ]
}

/// `make bench-readers` runs it: half an hour on two processors, and a hundred gigabytes for a while (a third where the file system
/// compresses) in the folder that `TMPDIR` names.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "fills a hundred million entries"]
async fn figures_of_a_page_found_among_a_hundred_millions() {
    let folder = tempfile::tempdir().unwrap();
    let options = PostgresOptions::throwaway().with("shared_buffers", "4GB").with("max_wal_size", "16GB");
    let server = block_in_place(|| Postgres::start(folder.path().join("server"), &options)).unwrap();
    let world = World::at(&server.create_database("readers").unwrap()).await;
    open_months(&world).await;
    for partition in (0..MONTHS).flat_map(partitions) {
        partition.take_apart(&world).await;
    }
    let fill_every_other = async |from: i64| {
        for month in (from..MONTHS).step_by(2) {
            let begun = Instant::now();
            fill(&world, month).await;
            println!("{}: {MONTH} entries in {:.0} s", first_day(month), begun.elapsed().as_secs_f64());
        }
    };
    tokio::join!(fill_every_other(0), fill_every_other(1));
    world
        .bend(&format!(
            "UPDATE log_heads SET size = {ALL}, month_first = {ALL} - {MONTH}, \
             edge = decode(repeat('00', 32 * bit_count({ALL}::bigint::bit(64))::int), 'hex') WHERE log = '{LOG}'"
        ))
        .await;
    println!("{ALL} entries in {MONTHS} months; a page of {PAGE}");
    for (name, filter, after) in readers() {
        let Cost { pages, first, time } = cost(&world, &filter, after).await;
        println!(
            "found by {name:<32} {time:>7.2} ms  the first {first:>6.2} ms  goal ≤ {GOAL} ms  {pages:>6.0} pages"
        );
    }
    drop(world);
    tokio::time::sleep(Duration::from_millis(100)).await;
}
