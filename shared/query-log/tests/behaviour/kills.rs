//! Three writing processes on one log. At random moments one is killed (SIGKILL), or stopped and woken (SIGSTOP, SIGCONT),
//! or all their sessions end: nothing that one of them was acknowledged is lost or doubled.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use kernel::{Random as _, SystemRandom};
use query_log::{Head, Receipt};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tokio::time::sleep;

use crate::common::{World, all_there};

const PROCESSES: usize = 3;
/// One trouble in so many is a stop instead of a kill.
const STOPS: u64 = 8;
/// Of the others, one in so many ends all sessions.
const CUTS: u64 = 3;
const END_SESSIONS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
    WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_or_doubled_across_ten_kills_of_writers() {
    across(10).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "minutes, which `make test-kills` takes"]
async fn nothing_acknowledged_is_lost_or_doubled_across_two_hundred_kills_of_writers() {
    across(200).await;
}

async fn across(kills: usize) {
    let world = World::start().await;
    let mut writers: Vec<Writer> = (0..PROCESSES).map(|_| Writer::start(&world)).collect();
    until_acknowledged(&world, 1).await;
    let (mut killed, mut stopped, mut cut) = (0, 0, 0);
    while killed < kills {
        sleep(Duration::from_millis(below(300))).await;
        let place = usize::try_from(below(3)).unwrap();
        // A stop at least.
        if below(STOPS) == 0 || (stopped == 0 && killed == kills / 2) {
            writers[place].signal(Signal::STOP);
            sleep(Duration::from_millis(2_100 + below(900))).await;
            writers[place].signal(Signal::CONT);
            stopped += 1;
        } else if below(CUTS) == 0 {
            world.run(END_SESSIONS).await.unwrap();
            cut += 1;
        } else {
            // The old one is dead before its successor starts.
            drop(writers.swap_remove(place));
            writers.push(Writer::start(&world));
            killed += 1;
        }
    }
    until_acknowledged(&world, receipts(&world).len() + 1).await;
    drop(writers);
    let kept = receipts(&world);
    let mut moments: Vec<_> = kept.iter().map(|line| line.kept_at).collect();
    moments.sort();
    let silence = moments.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
    eprintln!(
        "{kills} kills, {stopped} stops, sessions ended {cut} times, {} acknowledgements; longest time without any: {:.1} s (goal 5 s)",
        kept.len(),
        silence.as_seconds_f64(),
    );
    let kept: Vec<Receipt> = kept.into_iter().map(Receipt::from).collect();
    all_there(&world, &kept).await;
}

/// A writing process; killed when dropped.
struct Writer(Child);

impl Writer {
    fn start(world: &World) -> Self {
        let place = world.directory.path();
        // Each life has a file of its own.
        let (_, receipts) =
            tempfile::Builder::new().suffix(".receipts").tempfile_in(place).unwrap().keep().unwrap();
        let mut command = Command::new(program());
        command.arg(&world.url).arg(place.join("keys")).arg(place.join("kek")).arg(receipts);
        Self(command.spawn().unwrap())
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// The built `examples/writer.rs`.
fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let path = own.parent().and_then(Path::parent).unwrap().join("examples/writer");
    assert!(path.exists(), "{} is not built: cargo build -p query-log --examples", path.display());
    path
}

/// A receipt as a writer keeps it.
#[derive(Deserialize)]
struct Line {
    log: String,
    index: u64,
    leaf_hash: query_log::Hash,
    recorded_at: kernel::Instant,
    size: u64,
    root_hash: query_log::Hash,
    proof: String,
    kept_at: kernel::Instant,
}

impl From<Line> for Receipt {
    fn from(line: Line) -> Self {
        Self {
            head: Head { log: line.log.clone(), size: line.size, root_hash: line.root_hash },
            log: line.log,
            index: line.index,
            leaf_hash: line.leaf_hash,
            recorded_at: line.recorded_at,
            proof: line.proof,
            field_keys: BTreeMap::new(),
        }
    }
}

/// All that was acknowledged so far; a line that is still being written does not count yet.
fn receipts(world: &World) -> Vec<Line> {
    let mut lines = Vec::new();
    for file in std::fs::read_dir(world.directory.path()).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|end| end == "receipts") {
            let text = std::fs::read_to_string(path).unwrap();
            let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
            lines.extend(whole.lines().map(|line| serde_json::from_str::<Line>(line).unwrap()));
        }
    }
    lines
}

async fn until_acknowledged(world: &World, count: usize) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while receipts(world).len() < count {
        assert!(Instant::now() < deadline, "nothing is acknowledged");
        sleep(Duration::from_millis(50)).await;
    }
}

/// A number below `end`.
fn below(end: u64) -> u64 {
    let mut bytes = [0; 8];
    SystemRandom.fill(&mut bytes);
    u64::from_le_bytes(bytes) % end
}
