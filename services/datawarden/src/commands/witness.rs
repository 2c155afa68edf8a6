//! `datawarden witness`: cosigns logs' checkpoints, run by somebody outside on a machine of his own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use kernel::SystemClock;
use serde::Deserialize;

use crate::witness::{LogKey, Setup, WitnessServer};

/// Options.
#[derive(Args)]
pub struct Options {
    /// The settings: `name`, `data`, `bind` and `logs`, in TOML.
    #[arg(long)]
    config: PathBuf,
}

/// The settings' file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Its key's name: a URL without scheme, such as `ethics.example/witness`.
    name: String,
    /// Where its key and what it has seen are kept.
    data: PathBuf,
    /// Where it listens; TLS is ended by a proxy in front.
    #[serde(default = "anywhere")]
    bind: SocketAddr,
    /// Keys of the logs that it cosigns, as `GET /v1/logs` shows them.
    logs: Vec<LogKey>,
}

fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8421))
}

/// Runs until it is stopped.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let place = || options.config.display().to_string();
    let text = std::fs::read_to_string(&options.config).with_context(place)?;
    let Config { name, data, bind, logs } = toml::from_str(&text).with_context(place)?;
    anyhow::ensure!(!logs.is_empty(), "{}: name the key of a log at least", place());
    let setup = Setup { name, data, logs, clock: Arc::new(SystemClock) };
    let server = WitnessServer::start(bind, setup)?;
    super::say(format!("witness on {}", server.url));
    super::say(format!("its key, for policies and for the log's settings:\n{}", server.key));
    chassis::command_line::stop_signal().await?;
    server.stop().await;
    Ok(())
}
