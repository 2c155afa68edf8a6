//! Starts the suite in this process on a fresh folder and any free ports, says on one line of JSON where it answers and
//! with which tokens, and stops when its standard input ends: what `scripts/fuzz-openapi` and `tests/tutorial/run` call.
//!
//! Arguments: the data folder, which must not hold another run's data.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use datawarden::stack::{Stack, StackOptions, development_token};
use identity::Role;
use serde_json::json;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let _telemetry =
        chassis::telemetry::init("datawarden", &chassis::settings::Otlp::default(), "error,librdkafka=off")?;
    let data = PathBuf::from(std::env::args().nth(1).context("name a data folder")?);
    let stack = Stack::start(StackOptions { data: data.clone(), start: None, any_port: true }).await?;
    let services: BTreeMap<&str, String> =
        stack.services().iter().map(|service| (service.context.name(), service.url())).collect();
    // Roles that nobody of the sample city holds (agency systems, services) have no token here.
    let tokens: BTreeMap<&str, String> = Role::ALL
        .iter()
        .filter_map(|role| development_token(&data, *role).ok().map(|token| (role.code(), token)))
        .collect();
    let line = json!({ "services": services, "tokens": tokens, "data": stack.data });
    let mut out = std::io::stdout();
    writeln!(out, "{line}")?;
    out.flush()?;
    // Whoever started this holds the other end: when it goes, so does the suite.
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut vec![])).await??;
    stack.stop().await
}
