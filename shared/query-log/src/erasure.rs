//! Early erasure of one entry (invariants 4 and 8): its key is destroyed, no row of it is changed, every proof stays.
//!
//! In an order in which each step may be repeated after a crash, and nothing is lost that is not ordered to be:
//! 1. the database notes the erasure, or refuses: the governance log must hold the approved order for exactly this entry;
//! 2. the key store destroys the entry's key and makes a fresh matching key;
//! 3. the subject index is opened anew for that key. For this the leader's lock is taken: it hands over within a moment,
//!    and with its lead the keys that it held are gone; whoever leads next loads what the key store has left;
//! 4. the index is filled from the bodies of the month (of the erased ones nothing opens);
//! 5. the old index is dropped, the old matching key destroyed;
//! 6. the erasure is entered in the governance log.

use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Binary, Date, Text};
use diesel_async::RunQueryDsl as _;
use statement::statement;
use transparency::Hash;

use crate::body::{self, Place};
use crate::entry::{Entry, NewEntry};
use crate::error::LogError;
use crate::expiry::refused;
use crate::finding::LARGEST_PAGE;
use crate::header::{Header, Kind, MonthRange};
use crate::key_tree::{Walker, leaf_of};
use crate::keys;
use crate::log::QueryLog;
use crate::month::Month;
use crate::reading::{signed, unsigned};
use crate::{APPROVED, ERASURE, ERASURE_ORDER, GOVERNANCE};

#[derive(QueryableByName)]
struct BodyRow {
    #[diesel(sql_type = BigInt)]
    entry_index: i64,
    #[diesel(sql_type = Binary)]
    body: Vec<u8>,
}

#[derive(QueryableByName)]
struct ErasureRow {
    #[diesel(sql_type = Text)]
    log: String,
    #[diesel(sql_type = BigInt)]
    entry_index: i64,
    #[diesel(sql_type = BigInt)]
    order_index: i64,
}

#[derive(QueryableByName)]
struct HeaderRow {
    #[diesel(sql_type = Binary)]
    header: Vec<u8>,
}

impl QueryLog {
    /// The governance entry that orders the early erasure of an entry; append it once two persons approved, with the
    /// digests of their endorsements added.
    pub fn erasure_order(&self, entry: &Entry) -> NewEntry {
        NewEntry {
            action: Some(ERASURE_ORDER.to_owned()),
            decision: Some(APPROVED.to_owned()),
            range: Some(only(entry)),
            ..NewEntry::new(Kind::Governance, self.now())
        }
    }

    /// Erases the entry at `index` of `log` under the approved order at `order_index` of the governance log, and returns
    /// the index of the erasure entry there, which names the day when the key store's last backup expires.
    /// [`LogError::Refused`] without such an order. May be repeated after a failure midway, and does nothing afterwards.
    pub async fn erase_entry(
        &self,
        log: &str,
        index: u64,
        order_index: u64,
        backups_expire: NaiveDate,
    ) -> Result<u64, LogError> {
        let entry = self.read(log, index).await?;
        if entry.header.body.is_none() {
            return Err(LogError::Invalid("the entry has no personal values"));
        }
        self.note_erasure(&entry, order_index).await?;
        if let Some(index) = self.erased_under(&entry, order_index).await? {
            return Ok(index);
        }
        let fingerprint = self.destroy_key(&entry, order_index).await?;
        let mut erasure = NewEntry {
            action: Some(ERASURE.to_owned()),
            range: Some(only(&entry)),
            closes: Some(order_index),
            backups_expire: Some(backups_expire),
            ..NewEntry::new(Kind::Governance, self.now())
        };
        erasure.digests.insert("key-fingerprint".to_owned(), fingerprint);
        Ok(self.append(&self.current(GOVERNANCE), erasure).await?.index)
    }

    /// Destroys again the keys of erased entries that a restored key store brought back, and gives their number. Until then
    /// such a month cannot be written: its subject index stands under a key that the store does not know.
    pub async fn repeat_erasures(&self) -> Result<usize, LogError> {
        let rows: Vec<ErasureRow> = statement(
            "SELECT e.log, e.entry_index, e.order_index FROM log_erasures e JOIN log_months m USING (log, month) \
             WHERE m.dropped_by_order IS NULL ORDER BY e.log, e.entry_index",
        )
        .load(&mut self.connection().await?)
        .await?;
        let mut repeated = 0;
        for row in rows {
            let (index, order_index) = (unsigned(row.entry_index)?, unsigned(row.order_index)?);
            let entry = self.read(&row.log, index).await?;
            let keys = self.inner.keys.existing_keys(&row.log, entry.month()).await?;
            let is_back = keys.is_some_and(|keys| Walker::new(keys.tree).leaf(leaf_of(index)).is_some());
            // Without its erasure entry it is under way: whoever carries it out goes on with it.
            if is_back && self.erased_under(&entry, order_index).await?.is_some() {
                self.destroy_key(&entry, order_index).await?;
                repeated += 1;
            }
        }
        Ok(repeated)
    }

    /// Steps 2 to 5 of a noted erasure; gives the fingerprint of the destroyed key.
    async fn destroy_key(&self, entry: &Entry, order_index: u64) -> Result<Hash, LogError> {
        let (log, month) = (&entry.header.log, entry.month());
        let months = self.months(log).await?;
        let stands = months.iter().find(|m| m.month == month.first_day()).map(|m| m.subject_generation);
        let stands = stands.and_then(|n| u32::try_from(n).ok()).ok_or(LogError::Malformed)?;
        let punctured = self.inner.keys.puncture(log, month, entry.header.index, stands).await?;
        self.open_subjects(entry, order_index, punctured.generation).await?;
        self.fill_subjects(log, month, punctured.generation).await?;
        self.end_subjects(entry, order_index).await?;
        self.inner.keys.retire_matching(log, month, punctured.generation).await?;
        Ok(punctured.fingerprint)
    }

    /// Writes down that the erasure is under way; the database checks the order itself.
    async fn note_erasure(&self, entry: &Entry, order_index: u64) -> Result<(), LogError> {
        let note = statement("SELECT log_note_erasure($1, $2, $3, $4)")
            .bind::<Text, _>(&entry.header.log)
            .bind::<Date, _>(entry.month().first_day())
            .bind::<BigInt, _>(signed(entry.header.index))
            .bind::<BigInt, _>(signed(order_index));
        let done = note.execute(&mut self.connection().await?).await;
        done.map(drop).map_err(refused)
    }

    /// The erasure entry that closes the order, if it is there.
    async fn erased_under(&self, entry: &Entry, order_index: u64) -> Result<Option<u64>, LogError> {
        let rows: Vec<HeaderRow> = statement(
            "SELECT header FROM log_entries WHERE log = ANY($1) AND closes = $2 ORDER BY entry_index",
        )
        .bind::<Array<Text>, _>(self.line(GOVERNANCE))
        .bind::<BigInt, _>(signed(order_index))
        .load(&mut self.connection().await?)
        .await?;
        for row in rows {
            let header = Header::from_bytes(&row.header)?;
            if header.action.as_deref() == Some(ERASURE) && header.range.as_ref() == Some(&only(entry)) {
                return Ok(Some(header.index));
            }
        }
        Ok(None)
    }

    async fn open_subjects(&self, entry: &Entry, order_index: u64, generation: u32) -> Result<(), LogError> {
        let open = statement("SELECT log_open_subjects($1, $2, $3, $4)")
            .bind::<Text, _>(&entry.header.log)
            .bind::<BigInt, _>(signed(entry.header.index))
            .bind::<BigInt, _>(signed(order_index))
            .bind::<BigInt, _>(i64::from(generation));
        let done = open.execute(&mut self.connection().await?).await;
        done.map(drop).map_err(refused)
    }

    /// Writes the month's subjects under the matching key of `generation`: what was appended before it was opened, for
    /// later entries stand there already.
    async fn fill_subjects(&self, log: &str, month: Month, generation: u32) -> Result<(), LogError> {
        let found = self.inner.keys.existing_keys(log, month).await?.ok_or(LogError::Month(month))?;
        let matching = found.matching(generation).ok_or(LogError::Malformed)?.clone();
        let mut walker = Walker::new(found.tree);
        let mut after = -1;
        loop {
            let rows = self.bodies(log, month, after).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.entry_index;
            let (mut indices, mut subjects) = (Vec::new(), Vec::new());
            for row in rows {
                let place = Place { log, month, index: unsigned(row.entry_index)? };
                let Some(leaf) = walker.leaf(leaf_of(place.index)) else { continue };
                if let Some(subject) = body::open_subject(place, &leaf, &row.body)? {
                    indices.push(row.entry_index);
                    subjects.push(keys::subject(&matching, &subject).0.to_vec());
                }
            }
            statement(
                "INSERT INTO log_subjects (log, month, generation, entry_index, subject_hash) \
                 SELECT $1, $2, $3, * FROM unnest($4, $5) ON CONFLICT DO NOTHING",
            )
            .bind::<Text, _>(log)
            .bind::<Date, _>(month.first_day())
            .bind::<BigInt, _>(i64::from(generation))
            .bind::<Array<BigInt>, _>(indices)
            .bind::<Array<Binary>, _>(subjects)
            .execute(&mut self.connection().await?)
            .await?;
        }
    }

    async fn bodies(&self, log: &str, month: Month, after: i64) -> Result<Vec<BodyRow>, LogError> {
        let rows = statement(
            "SELECT entry_index, body FROM log_bodies WHERE log = $1 AND month = $2 AND entry_index > $3 \
             ORDER BY entry_index LIMIT $4",
        )
        .bind::<Text, _>(log)
        .bind::<Date, _>(month.first_day())
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(i64::from(LARGEST_PAGE))
        .load(&mut self.connection().await?)
        .await?;
        Ok(rows)
    }

    async fn end_subjects(&self, entry: &Entry, order_index: u64) -> Result<(), LogError> {
        let end = statement("SELECT log_end_subjects($1, $2, $3)")
            .bind::<Text, _>(&entry.header.log)
            .bind::<BigInt, _>(signed(entry.header.index))
            .bind::<BigInt, _>(signed(order_index));
        let done = end.execute(&mut self.connection().await?).await;
        done.map(drop).map_err(refused)
    }
}

/// The range of one entry.
fn only(entry: &Entry) -> MonthRange {
    MonthRange {
        log: entry.header.log.clone(),
        month: entry.month(),
        first: entry.header.index,
        last: entry.header.index,
        count: 1,
        root: entry.leaf_hash,
    }
}
