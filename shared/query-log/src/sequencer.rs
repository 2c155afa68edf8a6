//! The sequencer of one log: takes everything that waits, writes it in one statement, acknowledges after COMMIT.
//!
//! An advisory lock decides who sequences; the fenced head (size and epoch) makes sure of it. A sequencer that leads
//! looks now and then whether another waits for the lock and hands over, so that replicas share a log.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use diesel::sql_types::{BigInt, Date, Text};
use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use kernel::{Clock, Instant};
use statement::statement;
use tokio::sync::mpsc;
use tokio::time::{self, timeout};
use transparency::note::Signer;

use crate::authority::Authority;
use crate::error::LogError;
use crate::keys::KeyStore;
use crate::month::Month;
use crate::standing;
use crate::statement::AppendBatch;

mod laid;
mod leading;
mod prepared;
mod sealing;

pub(crate) use laid::NodeColumns;
use laid::{Laid, Written};
pub(crate) use leading::edge;
use leading::{Leading, Server, take_lead};
use prepared::micros;
pub(crate) use prepared::{Prepared, Refusal, Waiting};
use sealing::Sealing;

/// Entries that may wait before appends are held back.
pub(crate) const QUEUE: usize = 4_096;
/// Most entries of one batch.
const BATCH: usize = 1_000;
/// Most bytes of one batch.
const BATCH_BYTES: usize = 1024 * 1024;
/// Longest time (real) that a batch, or becoming leader, may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often (real time) a leader looks whether another waits.
const GLANCE: Duration = Duration::from_millis(250);

pub(crate) struct Sequencer {
    log: String,
    database_url: String,
    authority: Arc<Authority>,
    keys: Arc<dyn KeyStore>,
    clock: Arc<dyn Clock>,
    last_at: Arc<AtomicI64>,
    queue: mpsc::Receiver<Waiting>,
    leading: Option<Leading>,
    /// The database server that the head was compared on.
    compared_on: Option<Server>,
}

impl Sequencer {
    pub fn new(
        log: String,
        database_url: String,
        authority: Arc<Authority>,
        keys: Arc<dyn KeyStore>,
        clock: Arc<dyn Clock>,
        last_at: Arc<AtomicI64>,
        queue: mpsc::Receiver<Waiting>,
    ) -> Self {
        Self { log, database_url, authority, keys, clock, last_at, queue, leading: None, compared_on: None }
    }

    /// Runs until every handle is gone.
    pub async fn run(mut self) {
        while let Some(first) = self.next().await {
            let mut bytes = first.prepared.size;
            let mut batch = vec![first];
            while batch.len() < BATCH && bytes < BATCH_BYTES {
                let Ok(next) = self.queue.try_recv() else { break };
                bytes = bytes.saturating_add(next.prepared.size);
                batch.push(next);
            }
            self.serve(batch).await;
        }
    }

    async fn next(&mut self) -> Option<Waiting> {
        loop {
            if self.leading.as_ref().is_some_and(|l| l.glanced.elapsed() >= GLANCE) {
                self.hand_over_if_asked().await;
            }
            if self.leading.is_none() {
                return self.queue.recv().await;
            }
            if let Ok(next) = timeout(GLANCE, self.queue.recv()).await {
                return next;
            }
        }
    }

    /// Steps down if another sequencer waits for the lock, or if the connection is gone.
    async fn hand_over_if_asked(&mut self) {
        let Some(leading) = self.leading.as_mut() else { return };
        leading.glanced = time::Instant::now();
        let waiters = statement(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
             AND objid = (hashtext('query-log:' || $1)::bigint & 4294967295)::oid LIMIT 1",
        )
        .bind::<Text, _>(&self.log)
        .execute(&mut leading.connection);
        match timeout(PATIENCE, waiters).await {
            Ok(Ok(0)) => {}
            _ => self.leading = None,
        }
    }

    /// Commits the batch and answers every caller, in order.
    async fn serve(&mut self, mut batch: Vec<Waiting>) {
        // A second try is safe: the log as the next leader finds it tells whether the first was committed after all.
        let mut in_doubt: Option<Laid> = None;
        let mut failed = false;
        for _ in 0..3 {
            if let Err(error) = self.lead().await {
                tracing::warn!(log = self.log, error = %error, "the query log cannot be written");
                return refuse(batch, || unwritable(&error));
            }
            if let Some(laid) = in_doubt.take() {
                match self.committed(&laid).await {
                    Ok(Some(signer)) => return acknowledge(batch, self.sign(laid, &signer)),
                    Ok(None) => {}
                    Err(error) => {
                        tracing::warn!(log = self.log, error = %error, "a batch of the query log is in doubt");
                        self.leading = None;
                        in_doubt = Some(laid);
                        continue;
                    }
                }
            }
            batch = self.drop_other_months(batch);
            if batch.is_empty() {
                return;
            }
            let laid = match self.lay_out(&batch).await {
                Ok(laid) => laid,
                Err(error) => {
                    tracing::warn!(log = self.log, error = %error, "a batch of the query log failed");
                    self.leading = None;
                    failed = true;
                    continue;
                }
            };
            match timeout(PATIENCE, self.commit(&laid)).await {
                Ok(Ok(Some(signer))) => return acknowledge(batch, self.sign(laid, &signer)),
                // Fenced: nothing was written.
                Ok(Ok(None)) => self.leading = None,
                Ok(Err(error)) => {
                    tracing::warn!(log = self.log, error = %error, "a batch of the query log failed");
                    self.leading = None;
                    in_doubt = Some(laid);
                }
                Err(_) => {
                    self.leading = None;
                    return refuse(batch, || LogError::Unavailable);
                }
            }
        }
        refuse(batch, || if failed || in_doubt.is_some() { LogError::Unavailable } else { LogError::Fenced });
    }

    /// Whether a batch whose COMMIT was not answered is in the log, and what signs its checkpoint then. Others may have
    /// led and written since: the log then begins with the state that the batch reached.
    async fn committed(&mut self, laid: &Laid) -> Result<Option<Arc<Signer>>, LogError> {
        let leading = self.leading.as_mut().ok_or(LogError::Fenced)?;
        let (head, reached) = (leading.head(&self.log), laid.head());
        let asked = standing::begins_with(&mut leading.connection, &head, &reached);
        let there = timeout(PATIENCE, asked).await.map_err(|_| LogError::Unavailable)??;
        Ok((there == Some(true)).then(|| Arc::clone(&leading.signer)))
    }

    /// What is durable is stood by: never before COMMIT.
    fn sign(&self, laid: Laid, signer: &Signer) -> Written {
        self.authority.signed.note(&laid.head());
        laid.written(signer)
    }

    /// Becomes leader unless it is: connects, takes the lock, raises the epoch, loads the head.
    async fn lead(&mut self) -> Result<(), LogError> {
        if self.leading.is_some() {
            return Ok(());
        }
        let signer = self.authority.signer(&self.log).await?;
        let leading = timeout(PATIENCE, take_lead(&self.log, &self.database_url, signer))
            .await
            .map_err(|_| LogError::Unavailable)??;
        let (mut leading, last_at) = leading;
        self.compare(&mut leading).await?;
        if let Some(last_at) = last_at {
            self.last_at.fetch_max(last_at.timestamp_micros(), Ordering::AcqRel);
        }
        self.leading = Some(leading);
        Ok(())
    }

    /// Goes on only from a head that takes back nothing: neither what this process signed or any published, nor, where
    /// another process or another run of the database's server may have written since, what others hold.
    async fn compare(&mut self, leading: &mut Leading) -> Result<(), LogError> {
        let head = leading.head(&self.log);
        let authority = &self.authority;
        if let Some(ending) = &leading.follows
            && !authority.accepts(ending).await?
        {
            tracing::error!(log = self.log, "nobody accepted how the log before this one ended");
            return Err(LogError::Unaccepted);
        }
        let mut known = standing::signed_heads(&mut leading.connection, authority, &self.log).await?;
        if self.compared_on.as_ref() != Some(&leading.server) {
            known.extend(standing::held_heads(authority, &self.log).await?);
        }
        for known in known {
            let checked = standing::check(&mut leading.connection, &head, &known).await;
            if let Err(LogError::LostTail { .. } | LogError::Forked { .. }) = &checked {
                tracing::error!(
                    log = self.log,
                    size = head.size,
                    known = known.size,
                    "the query log takes back what was signed"
                );
            }
            checked?;
        }
        self.compared_on = Some(leading.server.clone());
        Ok(())
    }

    /// The time of a batch that is sequenced now: never before the entry before it.
    fn sequencing_time(&self) -> Instant {
        let now = micros(self.clock.now());
        DateTime::from_timestamp_micros(AtomicI64::load(&self.last_at, Ordering::Acquire))
            .map_or(now, |last| last.max(now))
    }

    fn drop_other_months(&self, batch: Vec<Waiting>) -> Vec<Waiting> {
        let month = Month::of(self.sequencing_time());
        let (fits, other): (Vec<_>, Vec<_>) = batch.into_iter().partition(|w| w.prepared.month == month);
        for waiting in other {
            let _ = waiting.answer.send(Err(Refusal::MonthTurned));
        }
        fits
    }

    /// Gives every entry its place: index, counters, sealed body, header bytes, hashes.
    async fn lay_out(&mut self, batch: &[Waiting]) -> Result<Laid, LogError> {
        let recorded_at = self.sequencing_time();
        let leading = self.leading.as_mut().ok_or(LogError::Fenced)?;
        let month = batch.first().map_or_else(|| Month::of(recorded_at), |w| w.prepared.month);
        // The clock may have passed midnight since the batch was sorted: the batch keeps its month's last moment.
        let recorded_at = recorded_at.min(last_moment(month));
        let opens_month = leading.month != Some(month);
        let manifest = match leading.opening(&self.log, month, recorded_at)? {
            Some(opening) => Some(opening),
            None => leading.manifest(&self.log, recorded_at).filter(|_| opens_month),
        };
        if opens_month {
            leading.accounts.clear();
            leading.agencies.clear();
            leading.subject_generation = 0;
        } else {
            leading.load_counters(&self.log, month, batch).await?;
        }
        if leading.sealing.as_ref().is_none_or(|sealing| sealing.month != month) {
            let generation = leading.subject_generation;
            leading.sealing = Some(Sealing::load(&*self.keys, &self.log, month, generation).await?);
        }
        let statement = AppendBatch {
            log: self.log.clone(),
            epoch: leading.epoch,
            month: month.first_day(),
            month_first: if opens_month { leading.size } else { leading.month_first },
            old_size: leading.size,
            subject_generation: leading.subject_generation,
            recorded_at,
            ..AppendBatch::default()
        };
        let mut laid = Laid::new(statement, opens_month, leading.edge.clone());
        let mut index = leading.size;
        if let Some(manifest) = manifest {
            laid.push(&manifest, None, index)?;
            index += 1;
        }
        for waiting in batch {
            let mut header = waiting.prepared.header.clone();
            header.index = u64::try_from(index).map_err(|_| LogError::Malformed)?;
            header.recorded_at = recorded_at;
            leading.count(&mut header);
            let body = leading.seal(header.index, waiting.prepared.body.as_ref())?;
            header.body = body.as_ref().map(|body| body.hash);
            laid.push(&header, body, index)?;
            index += 1;
        }
        laid.close()?;
        Ok(laid)
    }

    /// Writes the batch, and gives what signs its checkpoint; `None` = another sequencer moved the head.
    async fn commit(&mut self, laid: &Laid) -> Result<Option<Arc<Signer>>, LogError> {
        let leading = self.leading.as_mut().ok_or(LogError::Fenced)?;
        let batch = &laid.statement;
        if laid.opens_month {
            leading.connection.batch_execute("BEGIN").await?;
            statement("SELECT log_open_month($1, $2, $3)")
                .bind::<Text, _>(&batch.log)
                .bind::<Date, _>(batch.month)
                .bind::<BigInt, _>(batch.epoch)
                .execute(&mut leading.connection)
                .await?;
        }
        let written = batch.execute(&mut leading.connection).await?;
        if written == 0 {
            return Ok(None);
        }
        if laid.opens_month {
            leading.connection.batch_execute("COMMIT").await?;
        }
        leading.size = batch.new_size;
        leading.edge = laid.edge().clone();
        leading.month = Some(Month::containing(batch.month));
        leading.month_first = batch.month_first;
        self.last_at.fetch_max(batch.recorded_at.timestamp_micros(), Ordering::AcqRel);
        Ok(Some(Arc::clone(&leading.signer)))
    }
}

/// An error that every caller of a batch is told.
fn unwritable(error: &LogError) -> LogError {
    match error {
        LogError::LostTail { known, size } => LogError::LostTail { known: *known, size: *size },
        LogError::Forked { size } => LogError::Forked { size: *size },
        LogError::OtherKey => LogError::OtherKey,
        LogError::Ended => LogError::Ended,
        LogError::Unaccepted => LogError::Unaccepted,
        _ => LogError::Unavailable,
    }
}

fn last_moment(month: Month) -> Instant {
    let next = kernel::days::add_months(month.first_day(), 1);
    kernel::days::start_of(next) - TimeDelta::microseconds(1)
}

/// The callers' entries are the last of the batch: a manifest, or what a successor begins with, may stand before them.
fn acknowledge(batch: Vec<Waiting>, written: Written) {
    let first = written.count().saturating_sub(batch.len());
    let written = Arc::new(written);
    for (place, waiting) in (first..).zip(batch) {
        let _ = waiting.answer.send(Ok((Arc::clone(&written), place)));
    }
}

fn refuse(batch: Vec<Waiting>, error: impl Fn() -> LogError) {
    for waiting in batch {
        let _ = waiting.answer.send(Err(Refusal::Failed(error())));
    }
}
