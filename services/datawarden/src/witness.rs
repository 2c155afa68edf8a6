//! A witness (C2SP tlog-witness): a small server that an outside party runs on its own machine. It cosigns a log's checkpoint
//! only if that continues what it has seen, and keeps what contradicts as evidence.
//!
//! | operation | answer |
//! | --- | --- |
//! | `POST /add-checkpoint` | a cosignature, or the refusal that tlog-witness has for the case |
//! | `GET /checkpoint?origin=…` | the checkpoint of that log that was cosigned last, with the cosignature |
//! | `GET /` | who this is: the key that verifies its cosignatures, and what it has seen |

mod routes;
mod setup;
mod store;

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use anyhow::Context as _;
use kernel::Clock;
use tokio::task::JoinHandle;
use transparency::checkpoint::Checkpoint;
use transparency::cosignature::cosign;
use transparency::note::{Signature, Signer, Verifier};
use transparency::witness::{Refusal, Request};

pub use setup::{LogKey, Setup};
use store::{Kept, Store};

/// What a witness knows and has.
struct Witness {
    signer: Signer,
    logs: Vec<LogKey>,
    store: Store,
    clock: Arc<dyn Clock>,
}

/// Why a request was not answered with a cosignature.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What was seen cannot be read or written: nothing is cosigned.
    #[error("the witness cannot keep what it has seen")]
    Store(#[from] std::io::Error),
}

impl Witness {
    /// Judges a request, writes down what it makes seen, and gives the cosignature's line: in that order.
    fn add_checkpoint(&self, body: &str) -> Result<String, Failure> {
        let request = Request::parse(body)?;
        let origin = request.origin()?;
        let keys: Vec<_> =
            self.logs.iter().filter(|log| log.origin() == origin).map(|log| log.0.clone()).collect();
        if keys.is_empty() {
            return Err(Refusal::UnknownLog.into());
        }
        // Held over the judgement and the write: two requests at once must not both continue the same head.
        let of_log = self.store.of(&origin);
        let seen = of_log.hold();
        let judged = request.judge(&keys, seen.read()?.map(|kept| kept.seen()));
        match &judged {
            // The log signed two roots for one size: whoever sent it, that is proof.
            Err(refusal @ Refusal::TwoHistories(_)) => {
                let evidence = seen.keep_evidence("two-histories", body)?;
                tracing::error!(%origin, %refusal, ?evidence, "the log contradicts itself");
            }
            // The log, or somebody who sends a checkpoint of it with a proof that proves nothing.
            Err(refusal @ Refusal::Inconsistent) => {
                let evidence = seen.keep_evidence("inconsistent", body)?;
                tracing::error!(%origin, %refusal, ?evidence, "a checkpoint came without proof that it continues");
            }
            _ => {}
        }
        let checkpoint = judged?;
        let at = u64::try_from(self.clock.now().timestamp()).unwrap_or_default();
        let line = cosign(&self.signer, &checkpoint.text(), at);
        seen.write(&Kept { note: kept_note(&checkpoint, &request.note, &keys, &line), checkpoint })?;
        Ok(line)
    }

    /// The checkpoint of a log that it cosigned last, if it knows the log.
    fn last(&self, origin: &str) -> std::io::Result<Option<Kept>> {
        if self.logs.iter().any(|log| log.origin() == origin) {
            self.store.of(origin).hold().read()
        } else {
            Ok(None)
        }
    }

    /// What it has seen of every log that it knows.
    fn seen(&self) -> std::io::Result<Vec<(String, Option<Checkpoint>)>> {
        let mut origins: Vec<String> = self.logs.iter().map(LogKey::origin).collect();
        origins.dedup();
        let seen = |origin: String| {
            let kept = self.store.of(&origin).hold().read()?;
            Ok((origin, kept.map(|kept| kept.checkpoint)))
        };
        origins.into_iter().map(seen).collect()
    }
}

/// What is kept of a note: the log's own signatures and the witness's. Whatever else a stranger added is dropped, so that
/// what is kept can be read again.
fn kept_note(checkpoint: &Checkpoint, note: &str, keys: &[Verifier], line: &str) -> String {
    let by_log = |text: &&str| {
        Signature::parse(text).is_ok_and(|signature| keys.iter().any(|key| key.made(&signature)))
    };
    let own: Vec<&str> = note.lines().filter(by_log).take(keys.len()).collect();
    format!("{}\n{}\n{line}", checkpoint.text(), own.join("\n"))
}

/// A running witness.
pub struct WitnessServer {
    /// Where it is.
    pub url: String,
    /// The key that verifies its cosignatures.
    pub key: String,
    handle: ServerHandle,
    running: JoinHandle<std::io::Result<()>>,
}

impl std::fmt::Debug for WitnessServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WitnessServer").field("url", &self.url).finish_non_exhaustive()
    }
}

impl WitnessServer {
    /// Starts on `bind`. The key is made at the first start, in the data folder.
    pub fn start(bind: SocketAddr, setup: Setup) -> anyhow::Result<Self> {
        let signer = setup.signer()?;
        let key = signer.verifier().to_string();
        let store = Store::open(&setup.data).context("the witness's data folder")?;
        let witness = web::Data::new(Witness { signer, logs: setup.logs, store, clock: setup.clock });
        let server =
            HttpServer::new(move || App::new().app_data(witness.clone()).configure(routes::configure))
                .workers(1)
                .disable_signals()
                .bind(bind)
                .with_context(|| format!("{bind}"))?;
        let address = server.addrs().first().copied().context("no address")?;
        let running = server.run();
        let handle = running.handle();
        let running = tokio::spawn(running);
        Ok(Self { url: format!("http://{address}"), key, handle, running })
    }

    /// Stops it, and lets go of its folder.
    pub async fn stop(self) {
        self.handle.stop(false).await;
        let _ = self.running.await;
    }
}
