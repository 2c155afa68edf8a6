//! `datawarden configuration`: roots, register key, endpoints and rule packs of a settings file, by their digests: for the
//! master data of the first start, or for the change that two administrators approve before it is used.

use std::path::PathBuf;

use chassis::Settings;
use chassis::context::Platform;
use clap::Args;
use kernel::{Clock as _, SystemClock, days};

/// Options.
#[derive(Args)]
pub struct Options {
    /// The service's settings file; the environment goes over it.
    #[arg(long)]
    settings: PathBuf,
}

/// Prints them as JSON.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let settings = Settings::load(Some(&options.settings))?;
    let packs = Platform::packs(&settings)?;
    let items = chassis::configuration::items(&settings, &packs, days::taipei_date(SystemClock.now()))?;
    super::say(serde_json::to_string_pretty(&items)?);
    Ok(())
}
