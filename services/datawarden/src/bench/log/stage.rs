//! A private PostgreSQL whose commits wait for the disk, and a query log in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dev_servers::{Postgres, PostgresOptions};
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use kernel::{SystemClock, SystemRandom};
use query_log::{FileKeyStore, NoAnchors, Opening, QueryLog};

use super::cpu::Cpu;

/// The log that is written.
pub const LOG: &str = "three-year";

pub struct Stage {
    pub log: QueryLog,
    pub url: String,
    pub folder: PathBuf,
    postgres: Postgres,
}

impl Stage {
    pub async fn open(folder: &Path) -> anyhow::Result<Self> {
        let data = folder.join("postgres");
        let (postgres, url) = tokio::task::spawn_blocking(move || {
            let postgres = Postgres::start(data, &PostgresOptions::durable())?;
            let url = postgres.create_database("query_log")?;
            chassis::db::migrate(&url, vec![query_log::MIGRATIONS])?;
            anyhow::Ok((postgres, url))
        })
        .await??;
        let keys = FileKeyStore::open(&folder.join("keys"), &folder.join("kek"))?;
        let log = QueryLog::open(Opening {
            database_url: &url,
            origin: "bench.example/logs",
            keys: Arc::new(keys),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            anchors: Arc::new(NoAnchors),
            quorum: 0,
            logs: &[LOG],
        })?;
        Ok(Self { log, url, folder: folder.to_owned(), postgres })
    }

    pub async fn connection(&self) -> anyhow::Result<AsyncPgConnection> {
        Ok(AsyncPgConnection::establish(&self.url).await?)
    }

    /// Processor time of this process and of the server so far.
    pub fn cpu(&self) -> anyhow::Result<Cpu> {
        Cpu::now(self.postgres.pid())
    }

    /// Begins anew on the same data, with nothing of it in any memory.
    pub async fn restart_cold(self) -> anyhow::Result<Self> {
        let Self { log, folder, postgres, .. } = self;
        drop(log);
        tokio::task::spawn_blocking(move || drop(postgres)).await?;
        forget(&folder.join("postgres/data/base"))?;
        Self::open(&folder).await
    }
}

/// The kernel drops what it holds of the files below `folder`; other processes' files stay where they are.
fn forget(folder: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            forget(&path)?;
            continue;
        }
        let input = format!("if={}", path.display());
        let status = std::process::Command::new("dd")
            .args([&*input, "iflag=nocache", "count=0", "status=none"])
            .status()?;
        anyhow::ensure!(status.success(), "dd iflag=nocache {}", path.display());
    }
    Ok(())
}
