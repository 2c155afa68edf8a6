//! `datawarden smoke`: do these services work? The exit code is the answer.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chassis::settings::Otlp;
use chassis::telemetry;
use clap::Args;
use kernel::{Clock as _, SystemClock};
use rule_pack::PackSet;
use tracing::Instrument as _;

use crate::client::{Actors, Client, LIMIT, PLATFORM};
use crate::errand::{Errand, endurance, trace};
use crate::sample::Keys;

/// Tries of a request while pods come and go, a quarter of a second apart.
const PATIENCE: u32 = 120;
/// How long services may take to be ready: a node whose network fails for half a minute has its pods begin again.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// Options.
#[derive(Args)]
pub struct Options {
    /// `NAME=URL` of each service: asked whether it is ready.
    #[arg(required = true)]
    services: Vec<String>,
    /// PEM file with the roots of services that end TLS themselves; without it the public ones are trusted.
    #[arg(long)]
    roots: Option<PathBuf>,
    /// Folder that `datawarden sample-data --keys` made: one query is sent from application to answer.
    #[arg(long)]
    keys: Option<PathBuf>,
    /// Issuer of access tokens, where it is not the account service's URL.
    #[arg(long, requires = "keys")]
    issuer: Option<String>,
    /// A trace receiver (`datawarden traces`): the query's trace must lead from the agency's request to the audit service.
    #[arg(long, requires = "keys")]
    traces: Option<String>,
    /// Sends queries until it is told to end (SIGTERM), then looks for everything that was acknowledged.
    #[arg(long, requires = "keys", conflicts_with = "traces")]
    endurance: bool,
}

impl Options {
    fn http(&self, limit: Duration) -> anyhow::Result<reqwest::Client> {
        match &self.roots {
            Some(roots) => chassis::http_client_trusting(limit, roots),
            None => chassis::http_client(limit),
        }
    }
}

/// Runs the command.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let services = options
        .services
        .iter()
        .map(|s| {
            let (name, url) = s.split_once('=').with_context(|| format!("{s}: write NAME=URL"))?;
            Ok((name.to_owned(), url.trim_end_matches('/').to_owned()))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    ready(&services, &options).await?;
    let Some(folder) = &options.keys else { return Ok(()) };
    let otlp = Otlp { endpoint: options.traces.clone() };
    let exporter = telemetry::init(PLATFORM, &otlp, "warn,datawarden=info")?;
    let keys = Keys::open(folder)?;
    let errand = Errand::choose(&keys.city, &PackSet::embedded()?, SystemClock.now())?;
    let urls: HashMap<String, String> = services.into_iter().collect();
    let issuer =
        options.issuer.clone().or_else(|| urls.get("account").cloned()).context("name account=URL")?;
    let actors = Actors {
        city: &keys.city,
        cards: &keys.cards,
        platform: &keys.platform,
        clock: Arc::new(SystemClock),
    };
    let client = Client::connect(actors, options.http(LIMIT)?, urls, issuer).await?.patient(PATIENCE);
    if options.endurance {
        return endure(&errand, &client).await;
    }
    let trace = one_query(&errand, &client).await?;
    let Some(receiver) = &options.traces else { return Ok(()) };
    // Ends the exporter, which sends what it still holds.
    tokio::task::spawn_blocking(move || drop(exporter)).await?;
    let way = trace::find(receiver, &trace).await?;
    super::say(format!("trace {trace}:"));
    for (depth, span) in way.iter().enumerate() {
        super::say(format!("{:indent$}{}: {}", "", span.service, span.name, indent = 2 * (depth + 1)));
    }
    Ok(())
}

/// Sends one query; gives its trace's id.
async fn one_query(errand: &Errand, client: &Client<'_>) -> anyhow::Result<String> {
    let span = tracing::info_span!(
        "errand",
        otel.name = "one query, from application to answer",
        otel.kind = "client"
    );
    let work = async { (errand.run(client).await, telemetry::current_trace().0) };
    let (answer, traceparent) = work.instrument(span).await;
    let answer = answer?;
    super::say(format!(
        "query {}: {:?}, fields {}, receipt {} {}",
        answer.query,
        answer.decision,
        answer.fields_returned.join(" "),
        answer.receipt.log,
        answer.receipt.index
    ));
    let traceparent = traceparent.unwrap_or_default();
    Ok(traceparent.split('-').nth(1).context("the query has no trace")?.to_owned())
}

async fn endure(errand: &Errand, client: &Client<'_>) -> anyhow::Result<()> {
    super::say("sending queries until SIGTERM");
    let ledger = endurance::run(errand, client, chassis::command_line::stop_signal()).await?;
    for answer in &ledger.answers {
        super::say(format!("acknowledged {}", answer.query));
    }
    for failure in &ledger.failures {
        super::say(format!("failed {failure}"));
    }
    let missing = endurance::missing(errand, client, &ledger).await;
    for lost in &missing {
        super::say(format!("lost {lost}"));
    }
    let (answered, failed, lost) = (ledger.answers.len(), ledger.failures.len(), missing.len());
    super::say(format!(
        "{answered} queries acknowledged, {} died with their pod, {failed} failed, {lost} acknowledged and lost",
        ledger.interrupted
    ));
    anyhow::ensure!(answered > 0, "no query was acknowledged");
    anyhow::ensure!(failed == 0 && lost == 0, "see above");
    Ok(())
}

/// Asks `/readyz` of each until all are ready: a lost packet, or a pod that is just replaced, is no verdict.
async fn ready(services: &[(String, String)], options: &Options) -> anyhow::Result<()> {
    let client = options.http(Duration::from_secs(5))?;
    let asked = services.iter().map(|(name, url)| until_ready(&client, name, url));
    let failed = futures::future::join_all(asked).await.into_iter().filter(|ready| !ready).count();
    anyhow::ensure!(failed == 0, "{failed} of {} are not ready", services.len());
    Ok(())
}

/// Asks one service each second for [`READY_WITHIN`], and tells each verdict that is new.
async fn until_ready(client: &reqwest::Client, name: &str, url: &str) -> bool {
    let mut told = String::new();
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < READY_WITHIN {
        let verdict = match client.get(format!("{url}/readyz")).send().await {
            Ok(answer) if answer.status().is_success() => "ready".to_owned(),
            Ok(answer) => format!("not ready: {}", answer.text().await.unwrap_or_default()),
            Err(error) => format!("no answer: {:#}", anyhow::Error::new(error)),
        };
        if verdict != told {
            super::say(format!("{name}: {verdict}"));
        }
        if verdict == "ready" {
            return true;
        }
        told = verdict;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    false
}
