//! Reading entries back.

use chrono::NaiveDate;
use diesel::sql_types::{Array, BigInt, Binary, Date, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension as _, QueryableByName};
use diesel_async::RunQueryDsl as _;
use kernel::days;
use kernel::ids::AgencyId;
use statement::statement;
use std::collections::BTreeMap;
use transparency::Hash;
use uuid::Uuid;

use crate::body::{self, Place};
use crate::entry::{Body, Entry, Head};
use crate::error::LogError;
use crate::header::{Header, Kind, MonthRange};
use crate::key_tree::{Walker, leaf_of};
use crate::keys::{KeyError, MonthKeys};
use crate::log::QueryLog;
use crate::month::Month;

#[derive(QueryableByName)]
pub(crate) struct EntryRow {
    #[diesel(sql_type = BigInt)]
    pub entry_index: i64,
    #[diesel(sql_type = Date)]
    pub month: NaiveDate,
    #[diesel(sql_type = Binary)]
    pub header: Vec<u8>,
    #[diesel(sql_type = Binary)]
    pub leaf_hash: Vec<u8>,
    #[diesel(sql_type = Nullable<Binary>)]
    pub body: Option<Vec<u8>>,
}

#[derive(QueryableByName)]
struct HeadRow {
    #[diesel(sql_type = BigInt)]
    size: i64,
    #[diesel(sql_type = Binary)]
    root_hash: Vec<u8>,
}

#[derive(QueryableByName)]
pub(crate) struct MonthRow {
    #[diesel(sql_type = Date)]
    pub month: NaiveDate,
    #[diesel(sql_type = BigInt)]
    pub first_index: i64,
    #[diesel(sql_type = Binary)]
    pub start_root: Vec<u8>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub dropped_by_order: Option<i64>,
    #[diesel(sql_type = BigInt)]
    pub subject_generation: i64,
}

impl TryFrom<EntryRow> for Entry {
    type Error = LogError;

    fn try_from(row: EntryRow) -> Result<Self, LogError> {
        Ok(Self {
            header: Header::from_bytes(&row.header)?,
            header_bytes: row.header,
            leaf_hash: hash(&row.leaf_hash)?,
            body: row.body,
        })
    }
}

pub(crate) fn hash(bytes: &[u8]) -> Result<Hash, LogError> {
    Hash::try_from(bytes).map_err(|_| LogError::Malformed)
}

pub(crate) fn unsigned(n: i64) -> Result<u64, LogError> {
    u64::try_from(n).map_err(|_| LogError::Malformed)
}

/// An index as the database counts; past its range means "beyond the end".
pub(crate) fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl QueryLog {
    /// The head of `log`; size 0 and the root of the empty tree before its first entry.
    pub async fn head(&self, log: &str) -> Result<Head, LogError> {
        self.handle(log)?;
        let row: Option<HeadRow> = statement("SELECT size, root_hash FROM log_heads WHERE log = $1")
            .bind::<Text, _>(log)
            .get_result(&mut self.connection().await?)
            .await
            .optional()?;
        let (size, root_hash) = match row {
            Some(row) => (unsigned(row.size)?, hash(&row.root_hash)?),
            None => (0, Hash::empty_tree()),
        };
        Ok(Head { log: log.to_owned(), size, root_hash })
    }

    /// The entry at `index` of `log`; [`LogError::NotFound`] past the head or in a destroyed month.
    pub async fn read(&self, log: &str, index: u64) -> Result<Entry, LogError> {
        self.handle(log)?;
        let row: Option<EntryRow> = statement(
            "SELECT e.entry_index, e.month, e.header, e.leaf_hash, b.body FROM log_entries e \
             LEFT JOIN log_bodies b USING (log, month, entry_index) \
             WHERE e.log = $1 AND e.entry_index = $2 AND e.month = \
               (SELECT month FROM log_months WHERE log = $1 AND first_index <= $2 ORDER BY first_index DESC LIMIT 1)",
        )
        .bind::<Text, _>(log)
        .bind::<BigInt, _>(signed(index))
        .get_result(&mut self.connection().await?)
        .await
        .optional()?;
        row.ok_or(LogError::NotFound)?.try_into()
    }

    /// The personal values of an entry, each checked against its commitment. For auditors: the caller checks the right
    /// and records the reading.
    pub async fn open_body(&self, entry: &Entry) -> Result<Body, LogError> {
        let Some(body) = &entry.body else { return Ok(Body::Values(BTreeMap::new())) };
        let place = Place { log: &entry.header.log, month: entry.month(), index: entry.header.index };
        let tree = self.month_keys(place.log, place.month).await?.tree;
        match Walker::new(tree).leaf(leaf_of(place.index)) {
            Some(leaf) => Ok(Body::Values(body::open(place, &leaf, body, &entry.header.commitments)?)),
            None => Ok(Body::Erased),
        }
    }

    /// The keys of a month that has entries. It had its data key before its first entry: a store that never heard of it
    /// is away, or another's, and nothing may look as if it had been destroyed.
    pub(crate) async fn month_keys(&self, log: &str, month: Month) -> Result<MonthKeys, LogError> {
        let away = || KeyError::Unavailable(std::io::ErrorKind::NotFound.into());
        Ok(self.inner.keys.existing_keys(log, month).await?.ok_or_else(away)?)
    }

    /// Intents of `agency` recorded on `day` (Taipei), in any log, that no entry closes: items of its next daily
    /// report (H8.1.1, invariant 2).
    pub async fn open_intents(&self, agency: AgencyId, day: NaiveDate) -> Result<Vec<Entry>, LogError> {
        let logs = self.names();
        let rows: Vec<EntryRow> = statement(
            "SELECT e.entry_index, e.month, e.header, e.leaf_hash, b.body FROM log_entries e \
             LEFT JOIN log_bodies b USING (log, month, entry_index) \
             WHERE e.log = ANY($1) AND e.month = $2 AND e.kind = $3 AND e.agency_id = $4 \
               AND e.recorded_at >= $5 AND e.recorded_at < $6 \
               AND NOT EXISTS (SELECT FROM log_entries o \
                 WHERE o.log = e.log AND o.closes = e.entry_index AND o.month >= $2) \
             ORDER BY e.log, e.entry_index",
        )
        .bind::<Array<Text>, _>(logs)
        .bind::<Date, _>(Month::containing(day).first_day())
        .bind::<Text, _>(Kind::Intent.as_str())
        .bind::<SqlUuid, _>(Uuid::from(agency))
        .bind::<Timestamptz, _>(days::start_of(day))
        .bind::<Timestamptz, _>(days::end_of(day))
        .load(&mut self.connection().await?)
        .await?;
        rows.into_iter().map(Entry::try_from).collect()
    }

    /// First and last index, count and root hash of a month of `log`, closed or (then: so far) running. Still
    /// answered after the month was destroyed. [`LogError::Month`] if the log has nothing in it.
    pub async fn month_manifest(&self, log: &str, month: Month) -> Result<MonthRange, LogError> {
        let months = self.months(log).await?;
        let place = months.iter().position(|m| m.month == month.first_day()).ok_or(LogError::Month(month))?;
        let first = unsigned(months.get(place).map_or(0, |m| m.first_index))?;
        let (size, root) = match months.get(place + 1) {
            Some(next) => (unsigned(next.first_index)?, hash(&next.start_root)?),
            None => self.head(log).await.map(|head| (head.size, head.root_hash))?,
        };
        let last = size.checked_sub(1).ok_or(LogError::Malformed)?;
        let count = size.checked_sub(first).ok_or(LogError::Malformed)?;
        Ok(MonthRange { log: log.to_owned(), month, first, last, count, root })
    }

    /// The first index whose entry was not destroyed with its month.
    pub async fn first_kept(&self, log: &str) -> Result<u64, LogError> {
        let months = self.months(log).await?;
        match months.iter().find(|month| month.dropped_by_order.is_none()) {
            Some(kept) => unsigned(kept.first_index),
            None if months.is_empty() => Ok(0),
            // Of a log that ended nothing is left.
            None => Ok(self.head(log).await?.size),
        }
    }

    /// The months of `log` in order, destroyed ones too.
    pub(crate) async fn months(&self, log: &str) -> Result<Vec<MonthRow>, LogError> {
        self.handle(log)?;
        let months = statement(
            "SELECT month, first_index, start_root, dropped_by_order, subject_generation FROM log_months \
             WHERE log = $1 ORDER BY month",
        )
        .bind::<Text, _>(log)
        .load(&mut self.connection().await?)
        .await?;
        Ok(months)
    }
}
