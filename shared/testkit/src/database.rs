//! Fresh databases, each cloned from its service's template, which is migrated once in each test binary.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chassis::Service;
use diesel::sql_query;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use tokio::sync::OnceCell;

static TEMPLATES: Mutex<BTreeMap<&'static str, Arc<OnceCell<String>>>> = Mutex::new(BTreeMap::new());
static COUNTER: AtomicU32 = AtomicU32::new(0);

/// The server that tests run against.
///
/// # Panics
/// When `DATAWARDEN_TEST_POSTGRES` is not set.
#[expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "the one place where tests learn their servers"
)]
pub fn server_url() -> String {
    std::env::var("DATAWARDEN_TEST_POSTGRES").expect("DATAWARDEN_TEST_POSTGRES is not set: run `make test`")
}

/// The Kafka that tests run against; without it the broker in the process serves.
#[expect(clippy::disallowed_methods, reason = "the one place where tests learn their servers")]
pub fn kafka() -> Option<String> {
    std::env::var("DATAWARDEN_TEST_KAFKA").ok().filter(|s| !s.is_empty())
}

/// The Redis that tests run against; without it the store in the process serves.
#[expect(clippy::disallowed_methods, reason = "the one place where tests learn their servers")]
pub fn redis() -> Option<String> {
    std::env::var("DATAWARDEN_TEST_REDIS").ok().filter(|s| !s.is_empty())
}

fn url_of(name: &str) -> String {
    let server = server_url();
    let (base, _) = server.rsplit_once('/').unwrap_or((&server, ""));
    format!("{base}/{name}")
}

async fn run(sql: String) -> anyhow::Result<()> {
    let mut conn = AsyncPgConnection::establish(&server_url()).await?;
    sql_query(sql).execute(&mut conn).await?;
    Ok(())
}

/// A fresh database with the schema of `service`; gives its URL.
pub async fn fresh(service: &Service) -> anyhow::Result<String> {
    let id = format!("{}_{}", service.name.replace('-', "_"), std::process::id());
    let template =
        Arc::clone(TEMPLATES.lock().unwrap_or_else(PoisonError::into_inner).entry(service.name).or_default());
    let template = template
        .get_or_try_init(|| async {
            let name = format!("t_{id}_template");
            run(format!("DROP DATABASE IF EXISTS {name}")).await?;
            run(format!("CREATE DATABASE {name}")).await?;
            let (url, sources) = (url_of(&name), service.all_migrations());
            tokio::task::spawn_blocking(move || chassis::db::migrate(&url, sources)).await??;
            anyhow::Ok(name)
        })
        .await?;
    let name = format!("t_{id}_{}", COUNTER.fetch_add(1, Ordering::Relaxed));
    run(format!("DROP DATABASE IF EXISTS {name}")).await?;
    run(format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
    Ok(url_of(&name))
}
