//! Child processes that do not outlive this process.

use std::{
    fs, io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{OnceLock, mpsc},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::{Error, folder::Folder};

/// How long a server may take to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(30);

/// A running server process; asked to end, then waited for, on drop.
#[derive(Debug)]
pub(crate) struct Server {
    name: &'static str,
    child: Child,
    stop: Signal,
    log: PathBuf,
}

impl Server {
    /// Starts `command` in a process group of its own, so that an interrupt from the terminal reaches only
    /// this process, which then ends its servers in order.
    pub(crate) fn start(
        name: &'static str,
        mut command: Command,
        stop: Signal,
        folder: &Folder,
    ) -> Result<Self, Error> {
        let log = folder.new_log()?;
        let error_log = log.try_clone().map_err(Error::file("open", folder.log_path()))?;
        command.stdin(folder.lock()?).stdout(log).stderr(error_log).process_group(0);
        let child = spawn(command).map_err(run_error("setpriv"))?;
        Ok(Self { name, child, stop, log: folder.log_path() })
    }

    /// Waits until `ready` says so; an error when the server ends first or is not ready `within` the time.
    pub(crate) fn wait_until(&mut self, within: Duration, ready: impl Fn() -> bool) -> Result<(), Error> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().map_err(run_error(self.name))? {
                let (server, log) = (self.name, tail(&self.log));
                return Err(Error::Ended { server, status: status.to_string(), log });
            }
            if ready() {
                tracing::debug!(server = self.name, pid = self.child.id(), elapsed = ?begun.elapsed(), "ready");
                return Ok(());
            }
            if begun.elapsed() > within {
                return Err(Error::Late { server: self.name, within, log: tail(&self.log) });
            }
            pause();
        }
    }

    /// The process id of the server.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends `signal` and waits until it has ended.
    pub(crate) fn end_with(&mut self, signal: Signal) -> Result<(), Error> {
        kill_process(Pid::from_child(&self.child), signal)
            .map_err(|error| run_error(self.name)(error.into()))?;
        self.child.wait().map(drop).map_err(run_error(self.name))
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.has_ended() {
            return;
        }
        // The child has not been waited for, so its id cannot belong to another process yet.
        let pid = Pid::from_child(&self.child);
        let asked = kill_process(pid, self.stop);
        let begun = Instant::now();
        while asked.is_ok() && begun.elapsed() < GRACE {
            if self.has_ended() {
                return;
            }
            pause();
        }
        tracing::warn!(server = self.name, "did not end when asked: killed");
        let killed = kill_process_group(pid, Signal::KILL).and(kill_process(pid, Signal::KILL));
        if killed.is_ok() {
            let _ = self.child.wait();
        }
    }
}

/// Work for the thread that starts all children.
type Job = Box<dyn FnOnce() + Send>;

/// Starts a command from a thread that never ends: "signal at the parent's death" means the death of the
/// thread that started the child, and a caller's thread may be short-lived.
pub(crate) fn spawn(mut command: Command) -> io::Result<Child> {
    static NURSERY: OnceLock<mpsc::Sender<Job>> = OnceLock::new();
    let nursery = NURSERY.get_or_init(|| {
        let (sender, jobs) = mpsc::channel::<Job>();
        thread::spawn(move || jobs.into_iter().for_each(|job| job()));
        sender
    });
    let (answer, answered) = mpsc::channel();
    let job = Box::new(move || {
        let _ = answer.send(command.spawn());
    });
    // Should the thread be gone, the answer's sender is dropped with the job and `recv` says so.
    let _ = nursery.send(job);
    answered.recv().map_err(io::Error::other)?
}

/// Runs a helper program to its end and gives its standard output.
pub(crate) fn run(mut command: Command, name: &str) -> Result<String, Error> {
    let output = command.stdin(Stdio::null()).output().map_err(run_error(name))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let output = format!("{text}{}", String::from_utf8_lossy(&output.stderr));
    Err(Error::Failed { program: name.to_owned(), output: last_lines(&output) })
}

/// The time between two looks at something that this process cannot be told about.
pub(crate) fn pause() {
    thread::sleep(Duration::from_millis(15));
}

/// Wraps the error of starting `program`, for `map_err`.
pub(crate) fn run_error(program: &str) -> impl FnOnce(io::Error) -> Error {
    let program = program.to_owned();
    move |source| Error::Run { program, source }
}

fn tail(log: &Path) -> String {
    fs::read(log).map(|bytes| last_lines(&String::from_utf8_lossy(&bytes))).unwrap_or_default()
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
}
