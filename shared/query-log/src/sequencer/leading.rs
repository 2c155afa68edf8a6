//! What a leader knows, and how one becomes leader: the lock, the epoch, the head.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::sql_types::{Array, BigInt, Binary, Date, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension as _, QueryableByName};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use kernel::Instant;
use statement::{NOTICE_DEAD_CLIENTS, statement};
use tokio::time;
use transparency::note::Signer;
use transparency::{Frontier, Hash};
use uuid::Uuid;

use super::prepared::{Prepared, Waiting};
use super::sealing::{SealedBody, Sealing};
use crate::body::UnsealedBody;
use crate::entry::{Head, NewEntry};
use crate::error::LogError;
use crate::header::{Header, Kind, MonthRange};
use crate::month::Month;
use crate::reading::unsigned;
use crate::succession::{Ending, ends_of};

/// What a leader knows; dropped as soon as anything goes wrong.
pub struct Leading {
    /// Before the connection: the keys leave memory before the lock is given up.
    pub sealing: Option<Sealing>,
    pub connection: AsyncPgConnection,
    pub signer: Arc<Signer>,
    pub server: Server,
    /// How the log before it ended, if it is a successor.
    pub follows: Option<Ending>,
    pub epoch: i64,
    pub size: i64,
    pub edge: Frontier,
    pub month: Option<Month>,
    pub month_first: i64,
    pub subject_generation: i64,
    pub accounts: HashMap<Hash, u64>,
    pub agencies: HashMap<Uuid, u64>,
    pub glanced: time::Instant,
}

/// A run of a database server on its timeline: a restored or promoted one is another, and so is one that was started
/// again, because its files may have been changed for older ones.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Server {
    #[diesel(sql_type = BigInt)]
    system_identifier: i64,
    #[diesel(sql_type = Text)]
    timeline: String,
    #[diesel(sql_type = Timestamptz)]
    started: Instant,
}

/// What a leader's session is like. Durability is the point of the log: a database-wide setting must not weaken it. And
/// a leader looks for others four times a second: one that is silent for two seconds (stopped, swapped out, behind a cut
/// network) loses its session, and with it the lead, to those who wait no longer than four. Its few statements are planned
/// once, and none scans a table: a plan that was made while a month was empty must serve when it is full.
const SESSION: &str = "SET synchronous_commit = on; SET lock_timeout = '4s'; SET statement_timeout = '5s'; \
     SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
     SET idle_session_timeout = '2s'; SET idle_in_transaction_session_timeout = '2s'";

#[derive(QueryableByName)]
struct HeadRow {
    #[diesel(sql_type = BigInt)]
    size: i64,
    #[diesel(sql_type = Binary)]
    edge: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    epoch: i64,
    #[diesel(sql_type = Nullable<Date>)]
    month: Option<chrono::NaiveDate>,
    #[diesel(sql_type = BigInt)]
    month_first: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last_at: Option<Instant>,
    #[diesel(sql_type = BigInt)]
    subject_generation: i64,
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

/// Connects, takes the lock, raises the epoch and loads the head, with the time of the last entry.
pub async fn take_lead(
    log: &str,
    database_url: &str,
    signer: Arc<Signer>,
) -> Result<(Leading, Option<Instant>), LogError> {
    let mut connection =
        AsyncPgConnection::establish(database_url).await.map_err(|_| LogError::Unavailable)?;
    connection.batch_execute(SESSION).await?;
    connection.batch_execute(NOTICE_DEAD_CLIENTS).await?;
    statement("SELECT log_create($1)").bind::<Text, _>(log).execute(&mut connection).await?;
    statement("SELECT pg_advisory_lock(hashtext('query-log:' || $1)::bigint & 4294967295)")
        .bind::<Text, _>(log)
        .execute(&mut connection)
        .await?;
    let (ended, follows) = ends_of(&mut connection, log).await?;
    if ended.is_some() {
        return Err(LogError::Ended);
    }
    let server: Server = statement(
        // Not the timeline of pg_control_checkpoint: right after a promotion that is still the old one.
        "SELECT system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8) AS timeline, \
         pg_postmaster_start_time() AS started FROM pg_control_system()",
    )
    .get_result(&mut connection)
    .await?;
    let head: HeadRow = statement(
        "UPDATE log_heads SET epoch = epoch + 1 WHERE log = $1 \
         RETURNING size, edge, epoch, month, month_first, last_at, COALESCE((SELECT subject_generation \
         FROM log_months WHERE log_months.log = log_heads.log AND log_months.month = log_heads.month), 0) \
         AS subject_generation",
    )
    .bind::<Text, _>(log)
    .get_result(&mut connection)
    .await
    .optional()?
    .ok_or(LogError::Malformed)?;
    let leading = Leading {
        sealing: None,
        connection,
        signer,
        server,
        follows,
        epoch: head.epoch,
        size: head.size,
        edge: edge(unsigned(head.size)?, &head.edge)?,
        month: head.month.map(Month::containing),
        month_first: head.month_first,
        subject_generation: head.subject_generation,
        accounts: HashMap::new(),
        agencies: HashMap::new(),
        glanced: time::Instant::now(),
    };
    Ok((leading, head.last_at))
}

/// The header of an entry of the log's own.
fn placed(log: &str, month: Month, entry: &NewEntry, index: u64, recorded_at: Instant) -> Header {
    let mut header = Prepared::new(log, month, entry, None, None).header;
    header.index = index;
    header.recorded_at = recorded_at;
    header
}

/// A right edge as the database keeps it.
pub(crate) fn edge(size: u64, bytes: &[u8]) -> Result<Frontier, LogError> {
    let nodes =
        bytes.chunks(32).map(Hash::try_from).collect::<Result<_, _>>().map_err(|_| LogError::Malformed)?;
    Frontier::from_parts(size, nodes).ok_or(LogError::Malformed)
}

impl Leading {
    /// The head as the leader has it.
    pub fn head(&self, log: &str) -> Head {
        Head { log: log.to_owned(), size: self.edge.size(), root_hash: self.edge.root() }
    }

    /// The entry that a successor begins with.
    pub fn opening(&self, log: &str, month: Month, recorded_at: Instant) -> Result<Option<Header>, LogError> {
        let Some(ending) = self.follows.as_ref().filter(|_| self.size == 0) else { return Ok(None) };
        Ok(Some(placed(log, month, &ending.entry(recorded_at)?, 0, recorded_at)))
    }

    /// The entry that closes the month so far, as the first of the next.
    pub fn manifest(&self, log: &str, recorded_at: Instant) -> Option<Header> {
        let month = self.month?;
        let (first, size) = (u64::try_from(self.month_first).ok()?, u64::try_from(self.size).ok()?);
        let range = MonthRange {
            log: log.to_owned(),
            month,
            first,
            last: size.checked_sub(1)?,
            count: size.checked_sub(first)?,
            root: self.edge.root(),
        };
        let entry = NewEntry { range: Some(range), ..NewEntry::new(Kind::Manifest, recorded_at) };
        Some(placed(log, month, &entry, size, recorded_at))
    }

    /// Seals the body of the entry at `index`, if it has one.
    pub fn seal(&mut self, index: u64, body: Option<&UnsealedBody>) -> Result<Option<SealedBody>, LogError> {
        let Some(body) = body else { return Ok(None) };
        let sealing = self.sealing.as_mut().ok_or(LogError::Fenced)?;
        Ok(Some(sealing.seal(index, body)?))
    }

    /// Sets the dense counters of the entry.
    pub fn count(&mut self, header: &mut Header) {
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
    pub async fn load_counters(
        &mut self,
        log: &str,
        month: Month,
        batch: &[Waiting],
    ) -> Result<(), LogError> {
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
                  ORDER BY entry_index + 0 DESC LIMIT 1) l",
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
                  ORDER BY entry_index + 0 DESC LIMIT 1) l",
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
