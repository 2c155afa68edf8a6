//! The `with-servers` program passes addresses and exit codes on, and nothing outlives it.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

fn with_servers() -> Command {
    Command::new(env!("CARGO_BIN_EXE_with-servers"))
}

/// Ids of all processes that name the folder in their command line or work in it.
fn processes_in(folder: &str) -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let names = |pid: &String| {
        fs::read(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).contains(folder))
    };
    let works =
        |pid: &String| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|at| at.starts_with(folder));
    let pids = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    pids.filter(|name| name.parse::<u32>().is_ok()).filter(|pid| names(pid) || works(pid)).collect()
}

/// Waits until `done`; the limit only keeps a failing test from hanging.
fn eventually(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_mins(1), "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn command_finds_the_addresses_and_its_exit_code_is_passed_on() {
    let script = "psql -XtAqc 'SELECT 40 + 2' $DATAWARDEN_TEST_POSTGRES; \
                  echo redis=$DATAWARDEN_TEST_REDIS kafka=${DATAWARDEN_TEST_KAFKA-unset}; exit 7";
    let output = with_servers()
        .args(["--postgres", "--redis", "--throwaway", "--", "sh", "-c", script])
        .env("DATAWARDEN_TEST_KAFKA", "left over from outside")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("42\nredis=redis://127.0.0.1:"), "{text}");
    assert!(text.ends_with("kafka=unset\n"), "{text}");
    assert_eq!(output.status.code(), Some(7));
}

/// An address of a real interface: those of 127.0.0.0/8 are loopback.
fn own_address() -> Option<String> {
    let output = Command::new("hostname").arg("-I").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.split_whitespace().find(|address| address.contains('.')).map(str::to_owned)
}

#[test]
fn servers_on_an_address_of_the_machine_are_reached_there_with_a_password() {
    let Some(address) = own_address() else {
        eprintln!("##### NOT TESTED: this machine has no address but loopback #####");
        return;
    };
    let script = "psql -XtAqc \"CREATE ROLE guest LOGIN PASSWORD 'right'\" $DATAWARDEN_TEST_POSTGRES; \
                  at=${DATAWARDEN_TEST_POSTGRES#*@}; at=${at%/*}; echo $at $DATAWARDEN_TEST_REDIS; \
                  psql -XtAqc 'SELECT current_user' postgres://guest:right@$at/postgres; \
                  psql -XtAqc 'SELECT current_user' postgres://guest:wrong@$at/postgres 2>&1; \
                  redis-cli -u $DATAWARDEN_TEST_REDIS ping";
    let output = with_servers()
        .args(["--postgres", "--redis", "--throwaway", "--address", &address, "--", "sh", "-c", script])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with(&format!("{address}:")), "{text}");
    assert!(lines[0].contains(&format!("redis://{address}:")), "{text}");
    assert_eq!(lines[1], "guest", "{text}");
    assert!(text.contains("password authentication failed"), "{text}");
    assert_eq!(*lines.last().unwrap(), "PONG", "{text}");
}

/// Starts servers with a command that waits, ends the program with `signal`, and sees all of it gone.
fn nothing_is_left_after(signal: &str) {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    let mut program = with_servers()
        .args(["--folder", place, "--throwaway", "--", "sh", "-c", "echo \"$$\"; exec sleep 600"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut command_pid = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut command_pid).unwrap();
    let command = format!("/proc/{}", command_pid.trim());
    // This program itself, PostgreSQL, Redis and, where to be had, Kafka.
    assert!(processes_in(place).len() >= 3, "{:?}", processes_in(place));

    Command::new("kill").args([signal, &program.id().to_string()]).status().unwrap();
    program.wait().unwrap();
    eventually("all servers end", || processes_in(place).is_empty());
    eventually("the command ends", || !Path::new(&command).exists());
}

#[test]
fn nothing_is_left_when_the_program_is_killed() {
    nothing_is_left_after("-KILL");
}

#[test]
fn nothing_is_left_when_the_program_is_terminated() {
    nothing_is_left_after("-TERM");
}
