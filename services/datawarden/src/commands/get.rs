//! `datawarden get URL --as ROLE`: opens any URL of a running suite from the shell.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use identity::Role;

use crate::stack;

/// Options.
#[derive(Args)]
pub struct Options {
    /// The URL, as the clause table prints it.
    url: String,
    /// The role.
    #[arg(long = "as", default_value = "auditor")]
    role: Role,
    /// Folder of the data of `datawarden run`.
    #[arg(long, default_value_os_t = super::default_data())]
    data: PathBuf,
}

/// Prints the answer; fails when it is no success.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let token = stack::development_token(&options.data, options.role)?;
    let client = chassis::http_client(Duration::from_secs(30))?;
    let answer = client.get(&options.url).bearer_auth(token).send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    let pretty = serde_json::from_str::<serde_json::Value>(&text)
        .and_then(|v| serde_json::to_string_pretty(&v))
        .unwrap_or(text);
    super::say(pretty);
    anyhow::ensure!(status.is_success(), "{status}");
    Ok(())
}
