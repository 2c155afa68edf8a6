//! A private PostgreSQL of Debian's package.

use std::{
    fs,
    io::Write as _,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use rustix::process::Signal;

use crate::{
    Error, LOOPBACK,
    account::Account,
    folder::Folder,
    port::free_port,
    process::{Server, run},
};

/// How PostgreSQL treats its data.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    throwaway: bool,
    address: IpAddr,
    settings: Vec<(String, String)>,
}

impl PostgresOptions {
    /// Data survives a crash: every commit is on disk before it is acknowledged.
    pub fn durable() -> Self {
        Self { throwaway: false, address: LOOPBACK, settings: Vec::new() }
    }

    /// Data is thrown away after the test: no commit waits for the disk. Never for data that is kept.
    pub fn throwaway() -> Self {
        Self { throwaway: true, ..Self::durable() }
    }

    /// Listens on `address` instead of 127.0.0.1: for any address but loopback, roles other than `postgres` may
    /// come from anywhere with their passwords.
    #[must_use]
    pub fn at(mut self, address: IpAddr) -> Self {
        self.address = address;
        self
    }

    /// Adds a server setting, such as `("wal_level", "logical")`; the last one of a name counts.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    fn all_settings(&self) -> impl Iterator<Item = (&str, &str)> {
        let base = [
            ("max_connections", "300"),
            ("shared_buffers", "256MB"),
            ("max_wal_size", "2GB"),
            ("jit", "off"),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            // Statements may hold personal data: a failing one is not copied into the server's log.
            ("log_min_error_statement", "panic"),
            ("log_error_verbosity", "terse"),
        ];
        let hasty = [("fsync", "off"), ("synchronous_commit", "off"), ("full_page_writes", "off")];
        let hasty = hasty.into_iter().filter(|_| self.throwaway);
        base.into_iter().chain(hasty).chain(self.settings.iter().map(|(name, value)| (&**name, &**value)))
    }
}

/// A running private PostgreSQL; ends when dropped.
///
/// It accepts the role `postgres` without a password from this machine alone: whoever has an account on the
/// machine may connect, so it is for development and tests.
#[derive(Debug)]
pub struct Postgres {
    server: Server,
    account: Account,
    programs: PathBuf,
    at: SocketAddr,
    url: String,
}

impl Postgres {
    /// Starts PostgreSQL in `folder`, making a new cluster there on the first start.
    ///
    /// Waits until it accepts connections. Where another process runs a server in the folder, waits up to
    /// a minute for it to end, then gives [`Error::InUse`].
    pub fn start(folder: impl AsRef<Path>, options: &PostgresOptions) -> Result<Self, Error> {
        let folder = Folder::open(folder.as_ref())?;
        let account = Account::unprivileged(&["postgres", "nobody"], folder.path())?;
        let data = folder.join("data");
        let programs = programs_for(&data)?;
        if !data.exists() {
            create_cluster(&programs, &account, &folder, options)?;
        }
        let at = SocketAddr::from((options.address, free_port(options.address)?));
        let mut command = account.command("INT", &programs.join("postgres"));
        command.arg("-D").arg(&data).arg(format!("--port={}", at.port()));
        command.arg(format!("--listen_addresses={}", at.ip()));
        if !at.ip().is_loopback() {
            command.arg(format!("--hba_file={}", open_rules(&folder, &account)?.display()));
        }
        command.arg(format!("--unix_socket_directories={}", socket_folder(&folder, &account)?));
        for (name, value) in options.all_settings() {
            command.arg(format!("--{name}={value}"));
        }
        // SIGINT is PostgreSQL's fast shutdown: clients are disconnected, data is written.
        let mut server = Server::start("PostgreSQL", command, Signal::INT, &folder)?;
        server.wait_until(Duration::from_mins(2), || is_ready(&data, at.port()))?;
        let url = format!("postgres://postgres@{at}/postgres");
        Ok(Self { server, account, programs, at, url })
    }

    /// The address of the maintenance database `postgres`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address of the database `name`, which may not exist yet.
    pub fn database_url(&self, name: &str) -> String {
        format!("postgres://postgres@{}/{name}", self.at)
    }

    /// Makes the database `name` unless it is there; gives its address.
    pub fn create_database(&self, name: &str) -> Result<String, Error> {
        let first_is_letter = name.starts_with(|first: char| first.is_ascii_lowercase());
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !first_is_letter || name.len() > 63 || !name.chars().all(plain) {
            return Err(Error::DatabaseName { name: name.to_owned() });
        }
        let found = self.execute(&format!("SELECT 1 FROM pg_database WHERE datname = '{name}'"))?;
        if found.trim().is_empty() {
            self.execute(&format!("CREATE DATABASE {name}"))?;
        }
        Ok(self.database_url(name))
    }

    /// Copies the data of the running server to `folder`, from which [`Self::start`] starts a server as if restored from
    /// a backup.
    pub fn back_up(&self, folder: impl AsRef<Path>) -> Result<(), Error> {
        self.copy_to(folder.as_ref(), &[])
    }

    /// As [`Self::back_up`], but the server started from `folder` is a standby that follows `primary`, this
    /// server or a way to it, until it is promoted (`SELECT pg_promote()`). Only readers may connect to it until then.
    pub fn make_standby(&self, folder: impl AsRef<Path>, primary: SocketAddr) -> Result<(), Error> {
        self.copy_to(folder.as_ref(), &["--write-recovery-conf"])?;
        let settings = folder.as_ref().join("data/postgresql.auto.conf");
        let line = format!(
            "primary_conninfo = 'host={} port={} user=postgres application_name=standby'\n",
            primary.ip(),
            primary.port()
        );
        let mut file =
            fs::File::options().append(true).open(&settings).map_err(Error::file("open", &settings))?;
        file.write_all(line.as_bytes()).map_err(Error::file("write", &settings))
    }

    fn copy_to(&self, folder: &Path, options: &[&str]) -> Result<(), Error> {
        let folder = Folder::open(folder)?;
        let account = Account::unprivileged(&["postgres", "nobody"], folder.path())?;
        let mut command = account.command("KILL", &self.programs.join("pg_basebackup"));
        command.args(["--no-password", "--checkpoint=fast", "--wal-method=stream", "--no-sync"]);
        command.args(options).args(["--dbname", &self.url]).arg("--pgdata").arg(folder.join("data"));
        command.current_dir("/");
        run(command, "pg_basebackup").map(drop)
    }

    /// Lets no file of the server grow past `largest` bytes, or lifts that again: a write past it fails as one on a full
    /// disk does.
    pub fn limit_files(&self, largest: Option<u64>) -> Result<(), Error> {
        let pid = self.pid();
        let list = format!("/proc/{pid}/task/{pid}/children");
        let children = fs::read_to_string(&list).map_err(Error::file("read", &list))?;
        let limit = largest.map_or_else(|| "unlimited".to_owned(), |bytes| bytes.to_string());
        for process in children.split_whitespace().chain([pid.to_string().as_str()]) {
            // Under its own account: another's limits are not even root's to set everywhere.
            let mut command = self.account.command("KILL", Path::new("prlimit"));
            command.args(["--pid", process]).arg(format!("--fsize={limit}:"));
            let limited = run(command, "prlimit");
            // A session may end meanwhile.
            if Path::new("/proc").join(process).exists() {
                limited?;
            }
        }
        Ok(())
    }

    /// Ends the server at once, as a crash would: no client is answered, no data written. A start in its folder recovers.
    pub fn crash(mut self) -> Result<(), Error> {
        self.server.end_with(Signal::QUIT)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.at
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.at.port()
    }

    /// The process id of the server.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Runs one statement in the maintenance database and gives its bare rows.
    fn execute(&self, statement: &str) -> Result<String, Error> {
        let mut command = Command::new(self.programs.join("psql"));
        command.args(["--no-psqlrc", "--no-password", "--tuples-only", "--no-align", "--quiet"]);
        command.args(["--set=ON_ERROR_STOP=1", "--dbname", &self.url, "--command", statement]);
        run(command, "psql")
    }
}

/// Makes a cluster beside its place and moves it there when whole: an interrupted attempt leaves nothing
/// that a later start would take for data.
fn create_cluster(
    programs: &Path,
    account: &Account,
    folder: &Folder,
    options: &PostgresOptions,
) -> Result<(), Error> {
    let unfinished = folder.join("data.unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(Error::file("remove", &unfinished))?;
    }
    let mut command = account.command("KILL", &programs.join("initdb"));
    command.args([
        "--auth=trust",
        "--username=postgres",
        "--encoding=UTF8",
        "--locale=C",
        "--data-checksums",
    ]);
    if options.throwaway {
        command.arg("--no-sync");
    }
    command.arg("--pgdata").arg(&unfinished).current_dir("/");
    run(command, "initdb")?;
    fs::rename(&unfinished, folder.join("data")).map_err(Error::file("finish", unfinished))
}

/// Who may connect where others reach the server: `postgres` from this machine alone, every other role with
/// its password.
const OPEN_RULES: &str = "\
local all all trust
host all postgres samehost trust
host all postgres all reject
host all all all scram-sha-256
";

fn open_rules(folder: &Folder, account: &Account) -> Result<PathBuf, Error> {
    let path = folder.join("pg_hba.conf");
    fs::write(&path, OPEN_RULES).map_err(Error::file("write", &path))?;
    account.own_path(&path)?;
    Ok(path)
}

/// The folder for the Unix socket; none where its path would be longer than a socket address may be.
fn socket_folder(folder: &Folder, account: &Account) -> Result<String, Error> {
    let path = folder.join("socket");
    let Some(text) = path.to_str().filter(|text| text.len() < 85 && !text.contains([',', '"'])) else {
        return Ok(String::new());
    };
    if !path.exists() {
        fs::create_dir(&path).map_err(Error::file("create", &path))?;
    }
    account.own_path(&path)?;
    Ok(text.to_owned())
}

/// Whether the server on this port says that it accepts connections: line 4 of its pid file is the port,
/// line 8 the status; a standby takes readers.
fn is_ready(data: &Path, port: u16) -> bool {
    fs::read_to_string(data.join("postmaster.pid")).is_ok_and(|text| {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        lines.get(3).is_some_and(|line| *line == port.to_string())
            && matches!(lines.get(7), Some(&"ready" | &"standby"))
    })
}

/// The programs of the version that made the data, or else of the newest version installed.
fn programs_for(data: &Path) -> Result<PathBuf, Error> {
    let installed = installed_versions(Path::new("/usr/lib/postgresql"));
    let Ok(version) = fs::read_to_string(data.join("PG_VERSION")) else {
        let newest = installed.into_iter().max_by_key(|(version, _)| *version);
        return newest.map(|(_, programs)| programs).ok_or(Error::Missing { program: "PostgreSQL" });
    };
    let version = version.trim();
    let same = installed.into_iter().find(|(installed, _)| installed.to_string() == version);
    same.map(|(_, programs)| programs)
        .ok_or_else(|| Error::OtherVersion { folder: data.to_owned(), version: version.to_owned() })
}

fn installed_versions(root: &Path) -> Vec<(u32, PathBuf)> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let version = |name: &std::ffi::OsStr| name.to_str()?.parse::<u32>().ok();
    entries
        .filter_map(|entry| Some((version(&entry.file_name())?, entry.path().join("bin"))))
        .filter(|(_, programs)| programs.join("initdb").is_file())
        .collect()
}
