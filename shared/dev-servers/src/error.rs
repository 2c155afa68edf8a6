//! What can go wrong between "start" and "ready".

use std::{io, path::PathBuf, time::Duration};

/// Why a server could not be started or asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder of the server could not be made, read or locked.
    #[error("{action} {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A program could not be run at all.
    #[error("run {program}")]
    Run {
        /// The program.
        program: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A program that this server needs is not on this machine.
    #[error("{program} is not installed: run scripts/install-deps")]
    Missing {
        /// The program.
        program: &'static str,
    },
    /// A helper program ended with an error.
    #[error("{program} failed: {output}")]
    Failed {
        /// The program.
        program: String,
        /// The end of what it printed.
        output: String,
    },
    /// The server ended before it was ready.
    #[error("{server} ended before it was ready ({status}):\n{log}")]
    Ended {
        /// The server.
        server: &'static str,
        /// Its exit status.
        status: String,
        /// The end of its log.
        log: String,
    },
    /// The server was not ready in time.
    #[error("{server} was not ready within {} s:\n{log}", within.as_secs())]
    Late {
        /// The server.
        server: &'static str,
        /// How long was waited.
        within: Duration,
        /// The end of its log.
        log: String,
    },
    /// Another server runs in this folder.
    #[error("another server is running in {}", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The server refuses root, and no unprivileged account was found that can reach the folder.
    #[error("no unprivileged account can reach {}", folder.display())]
    NoAccount {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder holds data of a PostgreSQL version that is not installed.
    #[error("the data in {} needs PostgreSQL {version}, which is not installed", folder.display())]
    OtherVersion {
        /// The folder.
        folder: PathBuf,
        /// The major version that made the data.
        version: String,
    },
    /// A database name that would need quoting.
    #[error("'{name}' is no database name: use up to 63 of a-z, 0-9 and _, beginning with a letter")]
    DatabaseName {
        /// The refused name.
        name: String,
    },
    /// Kafka could not be fetched or unpacked.
    #[error("Apache Kafka could not be fetched: {reason}")]
    Fetch {
        /// What the fetch said.
        reason: String,
    },
}

impl Error {
    /// Wraps a file error with what was tried, for `map_err`.
    pub(crate) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}
