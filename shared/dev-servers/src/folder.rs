//! The private folder of one server: its data, its log, and a lock that lives as long as the server does.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{Error, process};

/// A locked private folder.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    lock: File,
}

impl Folder {
    /// Makes the folder where needed and locks it.
    ///
    /// The lock is handed to the server as its standard input, so that it is held until the server itself
    /// has ended, even where its parent was killed: a new start waits for the old server's last write.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        fs::create_dir_all(path.parent().unwrap_or(path)).map_err(Error::file("create", path))?;
        if !path.is_dir() {
            fs::DirBuilder::new().mode(0o700).create(path).map_err(Error::file("create", path))?;
        }
        let path = path.canonicalize().map_err(Error::file("open", path))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).map_err(Error::file("close", &path))?;
        let lock = lock_file(&path.join("lock"), Duration::from_mins(1))
            .map_err(Error::file("lock", path.join("lock")))?
            .ok_or_else(|| Error::InUse { folder: path.clone() })?;
        Ok(Self { path, lock })
    }

    /// The folder's absolute path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A path inside the folder.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A further handle to the lock, for the server to hold.
    pub(crate) fn lock(&self) -> Result<File, Error> {
        self.lock.try_clone().map_err(Error::file("lock", self.join("lock")))
    }

    /// Where the server's output goes.
    pub(crate) fn log_path(&self) -> PathBuf {
        self.join("server.log")
    }

    /// The server's log, begun anew at each start.
    pub(crate) fn new_log(&self) -> Result<File, Error> {
        File::create(self.log_path()).map_err(Error::file("create", self.log_path()))
    }
}

/// Locks a file, waiting for another holder for at most `patience`; `None` when that was not enough.
pub(crate) fn lock_file(path: &Path, patience: Duration) -> io::Result<Option<File>> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if begun.elapsed() > patience => return Ok(None),
            Err(TryLockError::WouldBlock) => process::pause(),
        }
    }
}
