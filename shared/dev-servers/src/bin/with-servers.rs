//! Runs a command with private servers beside it, whose addresses it finds in its environment.
//!
//! ```text
//! with-servers [--postgres] [--kafka] [--redis] [--throwaway] [--address ADDRESS] [--folder FOLDER] -- COMMAND…
//! ```

use std::{
    fs::{self, File},
    net::IpAddr,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::Context as _;
use clap::Parser;
use dev_servers::{Kafka, Postgres, PostgresOptions, Redis, Servers, Wanted};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
};

/// Start private servers, run a command with DATAWARDEN_TEST_POSTGRES, DATAWARDEN_TEST_KAFKA and
/// DATAWARDEN_TEST_REDIS set, stop the servers and give the command's exit code.
#[derive(Debug, Parser)]
struct Arguments {
    /// Start PostgreSQL. Without any of the three, all are started.
    #[arg(long)]
    postgres: bool,
    /// Start Kafka.
    #[arg(long)]
    kafka: bool,
    /// Start Redis.
    #[arg(long)]
    redis: bool,
    /// PostgreSQL does not wait for the disk: quicker, and a crash of the machine loses data.
    #[arg(long)]
    throwaway: bool,
    /// Where the servers listen. Whoever reaches an address other than loopback may use Kafka and Redis, and PostgreSQL
    /// with a role's password.
    #[arg(long, default_value = "127.0.0.1")]
    address: IpAddr,
    /// Keep the servers' data in this folder instead of throwing it away.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// The command and its arguments.
    #[arg(required = true, last = true)]
    command: Vec<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let own_folder = if arguments.folder.is_none() { Some(RunFolder::create()?) } else { None };
    let folder = arguments.folder.as_deref().or(own_folder.as_ref().map(RunFolder::path));
    let folder = folder.context("a folder for the servers")?;

    let begun = Instant::now();
    let servers = Servers::start(folder, &wanted(&arguments))?;
    eprintln!("servers ready after {:.1} s", begun.elapsed().as_secs_f64());
    if let Some(reason) = &servers.without_kafka {
        eprintln!("##### NO KAFKA ON THIS MACHINE: tests use the in-process broker instead ({reason}) #####");
    }
    let status = run(&arguments.command, &servers).await?;
    drop(servers);
    let code = status.code().or_else(|| status.signal().map(|number| 128 + number)).unwrap_or(1);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

fn wanted(arguments: &Arguments) -> Wanted {
    let all = !(arguments.postgres || arguments.kafka || arguments.redis);
    let options = if arguments.throwaway { PostgresOptions::throwaway() } else { PostgresOptions::durable() };
    Wanted {
        address: arguments.address,
        postgres: (all || arguments.postgres).then_some(options),
        kafka: all || arguments.kafka,
        redis: all || arguments.redis,
    }
}

/// Runs the command to its end; a signal to this process goes on to the command.
async fn run(command: &[String], servers: &Servers) -> anyhow::Result<std::process::ExitStatus> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // The command ends with this process, however that ends; it stays in the terminal's process group.
    let mut child = Command::new("setpriv");
    child.arg("--pdeathsig=TERM").arg("--").args(command);
    for (name, address) in [
        ("DATAWARDEN_TEST_POSTGRES", servers.postgres.as_ref().map(Postgres::url)),
        ("DATAWARDEN_TEST_KAFKA", servers.kafka.as_ref().map(Kafka::bootstrap)),
        ("DATAWARDEN_TEST_REDIS", servers.redis.as_ref().map(Redis::url)),
    ] {
        match address {
            Some(address) => child.env(name, address),
            None => child.env_remove(name),
        };
    }
    let mut child = child.spawn().context("run setpriv")?;
    loop {
        tokio::select! {
            status = child.wait() => return status.context("wait for the command"),
            _ = interrupt.recv() => pass_on(&child, Signal::INT),
            _ = terminate.recv() => pass_on(&child, Signal::TERM),
        }
    }
}

fn pass_on(child: &Child, signal: Signal) {
    // Not yet waited for (it has an id), so the id is still its own.
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        let _ = kill_process(pid, signal);
    }
}

/// A folder of this run beside the built programs; removed at the end. Those of killed runs are removed
/// by the next one.
#[derive(Debug)]
struct RunFolder {
    path: PathBuf,
    /// Locked for as long as the run lasts.
    _lock: File,
}

impl RunFolder {
    fn create() -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("this program's place")?;
        let parent =
            program.parent().and_then(Path::parent).context("the target folder")?.join("with-servers");
        fs::create_dir_all(&parent)?;
        // Runs make and clear folders one at a time: an unlocked folder is then surely an abandoned one.
        let turn = File::create(parent.join("turn"))?;
        turn.lock()?;
        for old in fs::read_dir(&parent)?.flatten().filter(|entry| entry.path().is_dir()) {
            clear_abandoned(&old.path());
        }
        let path = tempfile::Builder::new()
            .prefix("run-")
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o711))
            .tempdir_in(&parent)?
            .keep();
        let lock = File::create(path.join("lock"))?;
        lock.try_lock()?;
        Ok(Self { path, _lock: lock })
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes the folder of a run that is over, unless one of its servers is still writing its last.
fn clear_abandoned(folder: &Path) {
    let free =
        |path: PathBuf| File::options().write(true).open(path).is_ok_and(|file| file.try_lock().is_ok());
    let servers = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path().join("lock"));
    if free(folder.join("lock")) && servers.filter(|lock| lock.is_file()).all(free) {
        let _ = fs::remove_dir_all(folder);
    }
}
