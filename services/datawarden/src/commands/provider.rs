//! `datawarden provider`: the provider simulator as a process of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use identity::DevPki;
use kernel::{Clock as _, SystemClock};
use provider_simulator::{ProviderSimulator, ProviderTls};
use sample_city::{CitySettings, SampleCity};

use crate::sample;
use crate::stack::Memory;

/// Options.
#[derive(Args)]
pub struct Options {
    /// Address and port.
    #[arg(long, default_value = "127.0.0.1:8409")]
    bind: SocketAddr,
    /// Folder of the development PKI (`datawarden pki init`).
    #[arg(long)]
    pki: PathBuf,
    /// The data folder of `datawarden sample-data`, whose city it then has; a city of this day otherwise.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Host names that its certificate is for.
    #[arg(long, default_values = ["localhost", "127.0.0.1", "provider"])]
    host: Vec<String>,
}

/// Runs until it is stopped.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let pki = DevPki::create_or_open(&options.pki)?;
    let city = match &options.data {
        Some(data) => sample::city(&Memory::open(data)?)?,
        None => SampleCity::generate(CitySettings::new(1, kernel::days::taipei_date(now)))?,
    };
    let hosts: Vec<&str> = options.host.iter().map(String::as_str).collect();
    let tls = ProviderTls::from_pki(&pki, &hosts, now)?;
    let provider = ProviderSimulator::start(options.bind, Arc::new(city), Arc::new(SystemClock), &tls)?;
    super::say(format!("provider simulator on {}", provider.url));
    chassis::command_line::stop_signal().await?;
    provider.stop().await;
    Ok(())
}
