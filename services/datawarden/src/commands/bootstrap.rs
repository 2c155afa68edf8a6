//! `datawarden bootstrap`: the first start (docs/OPERATIONS.md). Master data are one TOML or JSON file, as
//! `account_types::MasterData` describes it; both administrators read it, compare its digest, and sign it with their
//! cards. Then it is loaded, once.

use std::fs;
use std::path::{Path, PathBuf};

use account_types::{BootstrapContent, MasterData};
use anyhow::Context as _;
use chassis::context::Platform;
use chassis::{FieldError, Settings};
use clap::Subcommand;
use serde_json::Value;

use super::signing::{self, Signing};

/// The steps.
#[derive(Subcommand)]
pub enum Command {
    /// Reads the file whole, tells what is in it and its digest, and writes the bytes that both cards sign.
    Prepare {
        /// Master data.
        #[arg(long)]
        data: PathBuf,
        /// Where the bytes to sign go.
        #[arg(long)]
        out: PathBuf,
    },
    /// Signs it with a card.
    Sign {
        /// Master data.
        #[arg(long)]
        data: PathBuf,
        /// The card, and where the endorsement goes.
        #[command(flatten)]
        signing: Signing,
    },
    /// Loads it into the account service's database, migrated and empty.
    Load {
        /// Master data.
        #[arg(long)]
        data: PathBuf,
        /// One endorsement; name both.
        #[arg(long = "endorsement")]
        endorsements: Vec<PathBuf>,
        /// The account service's settings.
        #[arg(long)]
        settings: PathBuf,
    },
}

/// Runs a step.
pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Prepare { data, out } => {
            let data = read(&data)?;
            super::say(format!(
                "{} agencies, {} systems, {} people, {} accounts, {} data links, {} custodians, {} approved items",
                data.agencies.len(),
                data.systems.len(),
                data.people.len(),
                data.accounts.len(),
                data.links.len(),
                data.custodians.len(),
                data.configuration.len()
            ));
            let digest = data.digest()?;
            super::say(format!("master data: {digest}"));
            signing::prepare(&BootstrapContent::new(digest), &out)
        }
        Command::Sign { data, signing } => {
            let digest = read(&data)?.digest()?;
            super::say(format!("master data: {digest}"));
            signing::sign(&signing, &BootstrapContent::new(digest))
        }
        Command::Load { data, endorsements, settings } => load(&data, &endorsements, &settings).await,
    }
}

async fn load(data: &Path, endorsements: &[PathBuf], settings: &Path) -> anyhow::Result<()> {
    let (data, endorsements) = (read(data)?, signing::read_both(endorsements)?);
    let context = account_context(settings).await?;
    let summary = account::bootstrap::load(&context, &data, &endorsements).await.map_err(told)?;
    super::say(format!("loaded; governance act {}, master data {}", summary.act, summary.digest));
    Ok(())
}

/// The account service on its database, without HTTP: its running relay sends the events.
pub async fn account_context(settings: &Path) -> anyhow::Result<chassis::Context> {
    let settings = Settings::load(Some(settings))?;
    let platform = Platform::open(&settings)?;
    account::service()
        .context(settings, platform)
        .await
        .context("the account service's database: run `account migrate` first")
}

/// Reads master data from TOML or JSON; every fault is told.
pub fn read(path: &Path) -> anyhow::Result<MasterData> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let value: Value = if path.extension().is_some_and(|e| e == "json") {
        serde_json::from_str(&text).with_context(|| format!("{}: no JSON", path.display()))?
    } else {
        let table: toml::Table = toml::from_str(&text)
            .map_err(|error| anyhow::anyhow!("{}: {}", path.display(), error.message()))?;
        json(toml::Value::Table(table))
    };
    account::bootstrap::parse(value).map_err(|faults| anyhow::anyhow!("{}", listed(&faults)))
}

/// TOML as JSON; days may stand without quotes.
fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => Value::from(number),
        toml::Value::Boolean(yes) => Value::Bool(yes),
        toml::Value::Datetime(moment) => Value::String(moment.to_string()),
        toml::Value::Array(values) => Value::Array(values.into_iter().map(json).collect()),
        toml::Value::Table(table) => Value::Object(table.into_iter().map(|(k, v)| (k, json(v))).collect()),
    }
}

fn listed(faults: &[FieldError]) -> String {
    let lines: Vec<String> = faults.iter().map(|f| format!("  {}: {}", f.pointer, f.detail)).collect();
    format!("nothing was loaded\n{}", lines.join("\n"))
}

/// A refusal for the person at the terminal.
pub fn told(error: chassis::Error) -> anyhow::Error {
    let problem = error.to_problem();
    if let chassis::Error::Problem(_) = error {
        anyhow::anyhow!("{} {}\n{}", problem.kind.title, problem.detail, listed(&problem.errors))
    } else {
        anyhow::Error::new(error)
    }
}
