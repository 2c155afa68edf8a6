//! A private PostgreSQL starts, keeps its data, and ends with its handle or its parent.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::process::Command;

use dev_servers::{Error, Postgres, PostgresOptions};

fn query(url: &str, statement: &str) -> String {
    let output = Command::new("psql").args(["-XtAq", url, "-c", statement]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn is_running(pid: u32) -> bool {
    std::path::Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn committed_rows_survive_a_restart_in_the_same_folder() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("deep/postgres");
    let first = Postgres::start(&place, &PostgresOptions::durable()).unwrap();
    let url = first.create_database("account").unwrap();
    query(&url, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)");
    let pid = first.pid();
    drop(first);
    assert!(!is_running(pid));

    let second = Postgres::start(&place, &PostgresOptions::durable()).unwrap();
    let url = second.create_database("account").unwrap();
    assert_eq!(query(&url, "SELECT n FROM kept"), "7");
    assert_eq!(query(&url, "SHOW fsync"), "on");
}

#[test]
fn throwaway_cluster_does_not_wait_for_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let options = PostgresOptions::throwaway().with("max_connections", "20");
    let server = Postgres::start(folder.path(), &options).unwrap();
    assert_eq!(query(server.url(), "SHOW fsync"), "off");
    assert_eq!(query(server.url(), "SHOW max_connections"), "20");
    assert_eq!(query(server.url(), "SHOW listen_addresses"), "127.0.0.1");
}

#[test]
fn server_outlives_the_thread_that_started_it() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_owned();
    let started = std::thread::spawn(move || Postgres::start(place, &PostgresOptions::throwaway()));
    let server = started.join().unwrap().unwrap();
    assert_eq!(query(server.url(), "SELECT 1"), "1");
}

#[test]
fn database_name_that_needs_quoting_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::start(folder.path(), &PostgresOptions::throwaway()).unwrap();
    for name in ["", "Account", "a;drop", "1a", "a\"b"] {
        assert!(matches!(server.create_database(name), Err(Error::DatabaseName { .. })), "{name}");
    }
}

#[test]
fn a_copy_stands_alone_and_a_standby_follows_until_it_is_promoted() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let options = PostgresOptions::throwaway();
    let first = Postgres::start(place("first"), &options).unwrap();
    query(first.url(), "CREATE TABLE kept AS SELECT 7 AS n");
    first.back_up(place("copy")).unwrap();
    first.make_standby(place("standby"), first.address()).unwrap();
    query(first.url(), "UPDATE kept SET n = 8");

    let standby = Postgres::start(place("standby"), &options).unwrap();
    let begun = std::time::Instant::now();
    while query(standby.url(), "SELECT n FROM kept") != "8" {
        assert!(begun.elapsed().as_secs() < 60, "the standby does not follow");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(query(standby.url(), "SELECT pg_is_in_recovery()"), "t");
    first.crash().unwrap();
    query(standby.url(), "SELECT pg_promote()");
    query(standby.url(), "UPDATE kept SET n = 9");
    let copy = Postgres::start(place("copy"), &options).unwrap();
    assert_eq!(query(copy.url(), "SELECT n FROM kept"), "7");
}

#[test]
fn a_server_whose_files_are_limited_fails_to_grow_until_the_limit_is_lifted() {
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::start(folder.path(), &PostgresOptions::throwaway()).unwrap();
    let grow = "CREATE TABLE large AS SELECT repeat(md5(n::text), 60) FROM generate_series(1, 20000) AS n";
    server.limit_files(Some(16 * 1024 * 1024)).unwrap();
    let grown = || Command::new("psql").args(["-XtAq", server.url(), "-c", grow]).output().unwrap();
    let refused = String::from_utf8(grown().stderr).unwrap();
    assert!(refused.contains("could not extend file"), "{refused}");
    server.limit_files(None).unwrap();
    assert!(grown().status.success());
}
