//! The log's side of outside witnesses (C2SP tlog-witness): each is shown the newest checkpoint within seconds, its
//! cosignature is kept, and what it has seen is asked for before the log goes on from a head that is not this process's own.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chassis::Settings;
use opentelemetry::{KeyValue, global};
use query_log::{LogError, Published, QueryLog};
use tokio::time::{Instant, MissedTickBehavior, interval};
use transparency::checkpoint::Checkpoint;
use transparency::note::{Signature, Verifier};

use crate::holders::{self, NoCopy};
/// Longest time that a witness may take.
const PATIENCE: Duration = Duration::from_secs(4);
/// How often (real time) it is looked whether a witness has seen the newest checkpoint.
const EVERY: Duration = Duration::from_secs(1);
/// Longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long a checkpoint may wait for a witness before the operators are told.
const ALERT: Duration = Duration::from_secs(60);

/// A witness of the logs.
pub struct Witness {
    key: Verifier,
    url: String,
    client: reqwest::Client,
}

/// Why a witness did not cosign.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("it does not answer")]
    Away(#[source] reqwest::Error),
    #[error("it answers {0}")]
    Refused(u16),
    #[error("it answers without its own cosignature")]
    NoCosignature,
    /// It has seen more than the log has: the log lost its end, or shows two histories.
    #[error("it has seen {seen} entries, the log has {size}")]
    SeenMore { seen: u64, size: u64 },
    #[error(transparent)]
    Log(#[from] LogError),
}

/// What a witness answered.
enum Answer {
    Cosigned(String),
    HasSeen(u64),
}

impl Witness {
    /// Those that the settings name.
    pub fn all(settings: &Settings) -> anyhow::Result<Vec<Arc<Self>>> {
        let client = chassis::http_client(PATIENCE).context("HTTP client for witnesses")?;
        let witness = |witness: &chassis::settings::Witness| {
            let url = witness.url.trim_end_matches('/').to_owned();
            Ok(Arc::new(Self { key: witness.verifier()?, url, client: client.clone() }))
        };
        settings.log.witnesses.iter().map(witness).collect()
    }

    /// Shows the witness every log's newest checkpoint, for as long as the runtime lasts.
    pub async fn feed(self: Arc<Self>, log: QueryLog) {
        let waiting = global::meter("datawarden")
            .f64_gauge("datawarden.query_log.unwitnessed")
            .with_description("how long the newest checkpoint of a log has waited for a witness")
            .with_unit("s")
            .build();
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut behind: HashMap<String, Instant> = HashMap::new();
        let mut told: Option<Instant> = None;
        let mut pause = Duration::ZERO;
        loop {
            ticks.tick().await;
            let mut failed = false;
            // Its witness may have seen what a log lost for good.
            let shows = |name: &String| log.ending(name).is_none_or(|ending| ending.lost() == 0);
            for name in log.names().into_iter().filter(shows) {
                let waits = match self.show(&log, &name).await {
                    Ok(()) => {
                        behind.remove(&name);
                        Duration::ZERO
                    }
                    Err(error) => {
                        failed = true;
                        let waits = behind.entry(name.clone()).or_insert_with(Instant::now).elapsed();
                        self.tell(&name, &error, waits, &mut told);
                        waits
                    }
                };
                let labels =
                    [KeyValue::new("log", name), KeyValue::new("witness", self.key.name().to_owned())];
                waiting.record(waits.as_secs_f64(), &labels);
            }
            pause = if failed { (pause * 2).clamp(EVERY, LONGEST_PAUSE) } else { Duration::ZERO };
            tokio::time::sleep(pause).await;
        }
    }

    fn tell(&self, log: &str, error: &Failure, waits: Duration, told: &mut Option<Instant>) {
        let (witness, waits_s) = (self.key.name(), waits.as_secs());
        let again = told.is_none_or(|told| told.elapsed() >= ALERT);
        // A history that the witness contradicts is told at once, silence after a minute.
        let contradicts = matches!(error, Failure::SeenMore { .. } | Failure::Refused(409 | 422));
        if again && (contradicts || waits >= ALERT) {
            *told = Some(Instant::now());
            tracing::error!(log, witness, waits_s, %error, "a witness does not cosign the query log");
        } else {
            tracing::debug!(log, witness, waits_s, %error, "a witness did not cosign");
        }
    }

    /// Shows the newest checkpoint of one log, if the witness has not cosigned it.
    async fn show(&self, log: &QueryLog, name: &str) -> Result<(), Failure> {
        let Some((newest, mut old)) = log.unseen(name, &self.key).await? else { return Ok(()) };
        // The second time with the size that the witness itself has told.
        for _ in 0..2 {
            match self.ask(log, name, old, &newest).await? {
                Answer::Cosigned(line) => {
                    return Ok(log.keep_cosignature(name, newest.size, &self.key, &line).await?);
                }
                Answer::HasSeen(seen) if seen > newest.size => {
                    let size = log.head(name).await?.size;
                    // Another replica may have shown it more meanwhile.
                    return if seen > size { Err(Failure::SeenMore { seen, size }) } else { Ok(()) };
                }
                Answer::HasSeen(seen) if seen == old => return Err(Failure::Refused(409)),
                Answer::HasSeen(seen) => old = seen,
            }
        }
        Err(Failure::Refused(409))
    }

    async fn ask(&self, log: &QueryLog, name: &str, old: u64, newest: &Published) -> Result<Answer, Failure> {
        let request = log.for_witness(name, old, newest).await?;
        let url = format!("{}/add-checkpoint", self.url);
        let response = self.client.post(url).body(request.to_string()).send().await.map_err(away)?;
        let status = response.status().as_u16();
        let text = response.text().await.map_err(away)?;
        match status {
            200 => text
                .lines()
                .find(|line| Signature::parse(line).is_ok_and(|signature| self.key.made(&signature)))
                .map(|line| Answer::Cosigned(line.to_owned()))
                .ok_or(Failure::NoCosignature),
            409 => match text.trim_end().parse() {
                Ok(seen) => Ok(Answer::HasSeen(seen)),
                Err(_) => Err(Failure::Refused(409)),
            },
            other => Err(Failure::Refused(other)),
        }
    }

    /// The last checkpoint that it cosigned, if it tells (`datawarden witness` does). Another program that has no such address
    /// answers 404: it is there, and contradicts the log at the next checkpoint.
    pub async fn last(&self, log: &Verifier) -> Result<Option<Checkpoint>, NoCopy> {
        let url = format!("{}/checkpoint", self.url);
        let request = self.client.get(url).query(&[("origin", log.name())]);
        let response = request.send().await.map_err(holders::away)?;
        match response.status().as_u16() {
            200 => holders::opened(&response.text().await.map_err(holders::away)?, log).map(Some),
            404 => Ok(None),
            other => Err(NoCopy::Refused(other)),
        }
    }

    /// Its key's name.
    pub fn name(&self) -> &str {
        self.key.name()
    }
}

fn away(error: reqwest::Error) -> Failure {
    Failure::Away(error.without_url())
}
