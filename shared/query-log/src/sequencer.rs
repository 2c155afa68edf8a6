//! The sequencer of one log: takes everything that waits, writes it in one statement, acknowledges after COMMIT.
//!
//! An advisory lock decides who sequences; the fenced head (size and epoch) makes sure of it. A sequencer that leads
//! looks now and then whether another waits for the lock and hands over, so that replicas share a log.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, DurationRound as _, TimeDelta};
use diesel::sql_types::{Array, BigInt, Binary, Date, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension as _, QueryableByName};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use kernel::{Clock, Instant};
use statement::{NOTICE_DEAD_CLIENTS, statement};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{self, timeout};
use uuid::Uuid;

use crate::body::SealedBody;
use crate::entry::{NewEntry, Receipt};
use crate::error::LogError;
use crate::hash::Hash;
use crate::header::{AccountMark, Header, Kind, MonthRange};
use crate::month::Month;
use crate::statement::AppendBatch;

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

/// An entry with everything done that does not depend on its place.
pub(crate) struct Prepared {
    month: Month,
    header: Header,
    body: Option<SealedBody>,
    pub size: usize,
}

/// A caller that waits for its receipt.
pub(crate) struct Waiting {
    pub prepared: Prepared,
    pub answer: oneshot::Sender<Result<Receipt, Refusal>>,
}

/// Why there is no receipt.
pub(crate) enum Refusal {
    /// Prepared for another month than the log is in: prepare again.
    MonthTurned,
    Failed(LogError),
}

impl Prepared {
    pub fn new(
        log: &str,
        month: Month,
        entry: &NewEntry,
        pseudonym: Option<Hash>,
        body: Option<SealedBody>,
    ) -> Self {
        let header = Header {
            log: log.to_owned(),
            index: 0,
            kind: entry.kind,
            recorded_at: entry.at,
            at: micros(entry.at),
            agency: entry.agency,
            agency_seq: None,
            account: pseudonym.map(|pseudonym| AccountMark { pseudonym, seq: 0 }),
            legal_basis: entry.legal_basis.clone(),
            programme: entry.programme.clone(),
            decision: entry.decision.clone(),
            refusal: entry.refusal.clone(),
            rule_pack: entry.rule_pack.clone(),
            fields: entry.fields.clone(),
            application: entry.application,
            query: entry.query,
            closes: entry.closes,
            action: entry.action.clone(),
            range: entry.range.clone(),
            digests: entry.digests.clone(),
            commitments: body.as_ref().map(|body| body.commitments.clone()).unwrap_or_default(),
            body: body.as_ref().map(|body| body.hash),
        };
        let size = header
            .to_bytes()
            .map_or(usize::MAX, |bytes| bytes.len())
            .saturating_add(body.as_ref().map_or(0, |body| body.bytes.len()));
        Self { month, header, body, size }
    }
}

/// `at` to the microsecond, as the database keeps it.
fn micros(at: Instant) -> Instant {
    at.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(at)
}

/// What a leader knows; dropped as soon as anything goes wrong.
struct Leading {
    connection: AsyncPgConnection,
    epoch: i64,
    size: i64,
    chain: Hash,
    month: Option<Month>,
    month_first: i64,
    accounts: HashMap<Hash, u64>,
    agencies: HashMap<Uuid, u64>,
    glanced: time::Instant,
}

pub(crate) struct Sequencer {
    log: String,
    database_url: String,
    clock: Arc<dyn Clock>,
    last_at: Arc<AtomicI64>,
    queue: mpsc::Receiver<Waiting>,
    leading: Option<Leading>,
}

#[derive(QueryableByName)]
struct HeadRow {
    #[diesel(sql_type = BigInt)]
    size: i64,
    #[diesel(sql_type = Binary)]
    chain_hash: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    epoch: i64,
    #[diesel(sql_type = Nullable<Date>)]
    month: Option<chrono::NaiveDate>,
    #[diesel(sql_type = BigInt)]
    month_first: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last_at: Option<Instant>,
}

#[derive(QueryableByName)]
struct AccountRow {
    #[diesel(sql_type = Binary)]
    account: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    seq: i64,
}

#[derive(QueryableByName)]
struct AgencyRow {
    #[diesel(sql_type = SqlUuid)]
    agency_id: Uuid,
    #[diesel(sql_type = BigInt)]
    seq: i64,
}

/// A batch laid out for its place, and the receipts that it will earn (the first may be the manifest's).
struct Laid {
    statement: AppendBatch,
    receipts: Vec<Receipt>,
    opens_month: bool,
    chain: Hash,
}

impl Sequencer {
    pub fn new(
        log: String,
        database_url: String,
        clock: Arc<dyn Clock>,
        last_at: Arc<AtomicI64>,
        queue: mpsc::Receiver<Waiting>,
    ) -> Self {
        Self { log, database_url, clock, last_at, queue, leading: None }
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
        // A second try is safe: it starts from the head as the database has it, which also tells whether the first
        // try was committed after all.
        let mut in_doubt: Option<Laid> = None;
        for _ in 0..3 {
            if let Err(error) = self.lead().await {
                tracing::warn!(log = self.log, error = %error, "the query log cannot be written");
                return refuse(batch, || LogError::Unavailable);
            }
            let Some(leading) = self.leading.as_ref() else { continue };
            if let Some(laid) = in_doubt.take()
                && laid.statement.new_size == leading.size
                && laid.chain == leading.chain
            {
                return acknowledge(batch, laid.receipts);
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
                    continue;
                }
            };
            match timeout(PATIENCE, self.commit(&laid)).await {
                Ok(Ok(true)) => return acknowledge(batch, laid.receipts),
                // Fenced: nothing was written.
                Ok(Ok(false)) => self.leading = None,
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
        refuse(batch, || if in_doubt.is_some() { LogError::Unavailable } else { LogError::Fenced });
    }

    /// Becomes leader unless it is: connects, takes the lock, raises the epoch, loads the head.
    async fn lead(&mut self) -> Result<(), LogError> {
        if self.leading.is_some() {
            return Ok(());
        }
        let leading = timeout(PATIENCE, take_lead(&self.log, &self.database_url))
            .await
            .map_err(|_| LogError::Unavailable)??;
        let (leading, last_at) = leading;
        if let Some(last_at) = last_at {
            self.last_at.fetch_max(last_at.timestamp_micros(), Ordering::AcqRel);
        }
        self.leading = Some(leading);
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

    /// Gives every entry its place: index, counters, header bytes, hashes.
    async fn lay_out(&mut self, batch: &[Waiting]) -> Result<Laid, LogError> {
        let recorded_at = self.sequencing_time();
        let leading = self.leading.as_mut().ok_or(LogError::Fenced)?;
        let month = batch.first().map_or_else(|| Month::of(recorded_at), |w| w.prepared.month);
        // The clock may have passed midnight since the batch was sorted: the batch keeps its month's last moment.
        let recorded_at = recorded_at.min(last_moment(month));
        let opens_month = leading.month != Some(month);
        let manifest = leading.manifest(&self.log, recorded_at).filter(|_| opens_month);
        if opens_month {
            leading.accounts.clear();
            leading.agencies.clear();
        } else {
            leading.load_counters(&self.log, month, batch).await?;
        }
        let mut laid = Laid {
            statement: AppendBatch {
                log: self.log.clone(),
                epoch: leading.epoch,
                month: month.first_day(),
                month_first: if opens_month { leading.size } else { leading.month_first },
                old_size: leading.size,
                recorded_at,
                ..AppendBatch::default()
            },
            receipts: Vec::with_capacity(batch.len()),
            opens_month,
            chain: leading.chain,
        };
        let mut index = leading.size;
        if let Some(manifest) = manifest {
            laid.push(manifest, None, index)?;
            laid.receipts.clear();
            index += 1;
        }
        for waiting in batch {
            let mut header = waiting.prepared.header.clone();
            header.index = u64::try_from(index).map_err(|_| LogError::Malformed)?;
            header.recorded_at = recorded_at;
            leading.count(&mut header);
            laid.push(header, waiting.prepared.body.as_ref(), index)?;
            index += 1;
        }
        laid.statement.new_size = index;
        laid.statement.new_chain = laid.chain.0.to_vec();
        Ok(laid)
    }

    /// Writes the batch; false = another sequencer moved the head.
    async fn commit(&mut self, laid: &Laid) -> Result<bool, LogError> {
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
            return Ok(false);
        }
        if laid.opens_month {
            leading.connection.batch_execute("COMMIT").await?;
        }
        leading.size = batch.new_size;
        leading.chain = laid.chain;
        leading.month = Some(Month::containing(batch.month));
        leading.month_first = batch.month_first;
        self.last_at.fetch_max(batch.recorded_at.timestamp_micros(), Ordering::AcqRel);
        Ok(true)
    }
}

fn last_moment(month: Month) -> Instant {
    let next = kernel::days::add_months(month.first_day(), 1);
    kernel::days::start_of(next) - TimeDelta::microseconds(1)
}

fn acknowledge(batch: Vec<Waiting>, receipts: Vec<Receipt>) {
    for (waiting, receipt) in batch.into_iter().zip(receipts) {
        let _ = waiting.answer.send(Ok(receipt));
    }
}

fn refuse(batch: Vec<Waiting>, error: impl Fn() -> LogError) {
    for waiting in batch {
        let _ = waiting.answer.send(Err(Refusal::Failed(error())));
    }
}

async fn take_lead(log: &str, database_url: &str) -> Result<(Leading, Option<Instant>), LogError> {
    let mut connection =
        AsyncPgConnection::establish(database_url).await.map_err(|_| LogError::Unavailable)?;
    // Durability is the point of the log: a database-wide setting must not weaken it.
    connection
        .batch_execute("SET synchronous_commit = on; SET lock_timeout = '4s'; SET statement_timeout = '5s'")
        .await?;
    connection.batch_execute(NOTICE_DEAD_CLIENTS).await?;
    statement("SELECT log_create($1, $2)")
        .bind::<Text, _>(log)
        .bind::<Binary, _>(Hash::genesis(log).0.to_vec())
        .execute(&mut connection)
        .await?;
    statement("SELECT pg_advisory_lock(hashtext('query-log:' || $1)::bigint & 4294967295)")
        .bind::<Text, _>(log)
        .execute(&mut connection)
        .await?;
    let head: HeadRow = statement(
        "UPDATE log_heads SET epoch = epoch + 1 WHERE log = $1 \
         RETURNING size, chain_hash, epoch, month, month_first, last_at",
    )
    .bind::<Text, _>(log)
    .get_result(&mut connection)
    .await
    .optional()?
    .ok_or(LogError::Malformed)?;
    let leading = Leading {
        connection,
        epoch: head.epoch,
        size: head.size,
        chain: Hash::try_from(head.chain_hash.as_slice()).map_err(|_| LogError::Malformed)?,
        month: head.month.map(Month::containing),
        month_first: head.month_first,
        accounts: HashMap::new(),
        agencies: HashMap::new(),
        glanced: time::Instant::now(),
    };
    Ok((leading, head.last_at))
}

impl Leading {
    /// The entry that closes the month so far, as the first of the next.
    fn manifest(&self, log: &str, recorded_at: Instant) -> Option<Header> {
        let month = self.month?;
        let (first, size) = (u64::try_from(self.month_first).ok()?, u64::try_from(self.size).ok()?);
        let range = MonthRange {
            log: log.to_owned(),
            month,
            first,
            last: size.checked_sub(1)?,
            count: size.checked_sub(first)?,
            root: self.chain,
        };
        let entry = NewEntry { range: Some(range), ..NewEntry::new(Kind::Manifest, recorded_at) };
        let mut header = Prepared::new(log, month, &entry, None, None).header;
        header.index = size;
        header.recorded_at = recorded_at;
        Some(header)
    }

    /// Sets the dense counters of the entry.
    fn count(&mut self, header: &mut Header) {
        if let Some(mark) = header.account.as_mut() {
            let last = self.accounts.entry(mark.pseudonym).or_default();
            *last += 1;
            mark.seq = *last;
        }
        if let Some(agency) = header.agency {
            let last = self.agencies.entry(agency.0).or_default();
            *last += 1;
            header.agency_seq = Some(*last);
        }
    }

    /// Loads the counters that a new leader has not seen yet.
    async fn load_counters(&mut self, log: &str, month: Month, batch: &[Waiting]) -> Result<(), LogError> {
        let headers = || batch.iter().map(|waiting| &waiting.prepared.header);
        let accounts: Vec<Vec<u8>> = headers()
            .filter_map(|h| h.account.map(|mark| mark.pseudonym))
            .filter(|pseudonym| !self.accounts.contains_key(pseudonym))
            .map(|pseudonym| pseudonym.0.to_vec())
            .collect();
        if !accounts.is_empty() {
            let rows: Vec<AccountRow> = statement(
                "SELECT a.account, l.account_seq AS seq FROM (SELECT DISTINCT unnest($3) AS account) a, LATERAL \
                 (SELECT account_seq FROM log_entries WHERE log = $1 AND month = $2 AND account = a.account \
                  ORDER BY account_seq DESC LIMIT 1) l",
            )
            .bind::<Text, _>(log)
            .bind::<Date, _>(month.first_day())
            .bind::<Array<Binary>, _>(accounts)
            .load(&mut self.connection)
            .await?;
            for row in rows {
                let pseudonym = Hash::try_from(row.account.as_slice()).map_err(|_| LogError::Malformed)?;
                self.accounts.insert(pseudonym, u64::try_from(row.seq).map_err(|_| LogError::Malformed)?);
            }
        }
        let agencies: Vec<Uuid> = headers()
            .filter_map(|h| h.agency.map(|agency| agency.0))
            .filter(|agency| !self.agencies.contains_key(agency))
            .collect();
        if !agencies.is_empty() {
            let rows: Vec<AgencyRow> = statement(
                "SELECT a.agency_id, l.agency_seq AS seq FROM (SELECT DISTINCT unnest($3) AS agency_id) a, LATERAL \
                 (SELECT agency_seq FROM log_entries WHERE log = $1 AND month = $2 AND agency_id = a.agency_id \
                  ORDER BY agency_seq DESC LIMIT 1) l",
            )
            .bind::<Text, _>(log)
            .bind::<Date, _>(month.first_day())
            .bind::<Array<SqlUuid>, _>(agencies)
            .load(&mut self.connection)
            .await?;
            for row in rows {
                self.agencies.insert(row.agency_id, u64::try_from(row.seq).map_err(|_| LogError::Malformed)?);
            }
        }
        Ok(())
    }
}

impl Laid {
    fn push(&mut self, header: Header, body: Option<&SealedBody>, index: i64) -> Result<(), LogError> {
        let signed = |n: u64| i64::try_from(n).map_err(|_| LogError::Invalid("a counter is out of range"));
        let bytes = header.to_bytes()?;
        let leaf = Hash::leaf(&bytes);
        self.chain = Hash::chain(self.chain, leaf);
        let columns = &mut self.statement;
        columns.index.push(index);
        columns.kind.push(header.kind.as_str());
        columns.occurred_at.push(header.at);
        columns.agency.push(header.agency.map(|id| id.0));
        columns.agency_seq.push(header.agency_seq.map(signed).transpose()?);
        columns.account.push(header.account.map(|mark| mark.pseudonym.0.to_vec()));
        columns.account_seq.push(header.account.map(|mark| signed(mark.seq)).transpose()?);
        columns.application.push(header.application.map(|id| id.0));
        columns.query.push(header.query.map(|id| id.0));
        columns.closes.push(header.closes.map(signed).transpose()?);
        columns.header.push(bytes);
        columns.leaf.push(leaf.0.to_vec());
        columns.chain.push(self.chain.0.to_vec());
        if let Some(body) = body {
            columns.body_index.push(index);
            columns.body.push(body.bytes.clone());
            if let Some(subject) = body.subject {
                columns.subject_index.push(index);
                columns.subject.push(subject.0.to_vec());
            }
        }
        self.receipts.push(Receipt {
            log: header.log,
            index: header.index,
            leaf_hash: leaf,
            chain_hash: self.chain,
            recorded_at: header.recorded_at,
        });
        Ok(())
    }
}
