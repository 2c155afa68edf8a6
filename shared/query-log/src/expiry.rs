//! The end of a month (H6.6, I3.8): partition dropped, data key destroyed, destruction recorded.

use diesel::sql_types::{BigInt, Date, Text};
use diesel_async::RunQueryDsl as _;
use statement::statement;

use crate::entry::{NewEntry, Receipt};
use crate::error::LogError;
use crate::header::{Kind, MonthRange};
use crate::log::QueryLog;
use crate::month::Month;
use crate::reading::signed;
use crate::{APPROVED, DESTRUCTION, DESTRUCTION_ORDER, GOVERNANCE};

impl QueryLog {
    /// The governance entry that orders the destruction of a closed month; append it once two persons approved, with
    /// the digests of their endorsements added.
    pub fn destruction_order(&self, range: MonthRange) -> NewEntry {
        NewEntry {
            action: Some(DESTRUCTION_ORDER.to_owned()),
            decision: Some(APPROVED.to_owned()),
            range: Some(range),
            ..NewEntry::new(Kind::Governance, self.now())
        }
    }

    /// Destroys the oldest month of `log` under the approved order at `order_index` of the governance log: drops its
    /// partitions, destroys its data key, appends the destruction entry and returns that entry's receipt.
    /// [`LogError::Refused`] without such an order. May be repeated after a failure midway.
    pub async fn expire_month(&self, log: &str, month: Month, order_index: u64) -> Result<Receipt, LogError> {
        let range = self.month_manifest(log, month).await?;
        self.drop_month(log, month, order_index).await?;
        let fingerprint = self.inner.keys.destroy(log, month).await?;
        self.forget_pseudonyms(log, month);
        let mut entry = NewEntry {
            action: Some(DESTRUCTION.to_owned()),
            range: Some(range),
            closes: Some(order_index),
            ..NewEntry::new(Kind::Governance, self.now())
        };
        if let Some(fingerprint) = fingerprint {
            entry.digests.insert("key-fingerprint".to_owned(), fingerprint);
        }
        self.append(&self.current(GOVERNANCE), entry).await
    }

    /// Drops the partitions of a month alone; the database checks the order itself.
    pub async fn drop_month(&self, log: &str, month: Month, order_index: u64) -> Result<(), LogError> {
        self.handle(log)?;
        let drop_month = statement("SELECT log_drop_month($1, $2, $3)")
            .bind::<Text, _>(log)
            .bind::<Date, _>(month.first_day())
            .bind::<BigInt, _>(signed(order_index));
        let done = drop_month.execute(&mut self.connection().await?).await;
        done.map(drop).map_err(refused)
    }
}

/// What a function of the owner role answers when the order does not fit.
pub(crate) fn refused(error: diesel::result::Error) -> LogError {
    match LogError::from(error) {
        LogError::Database(error @ diesel::result::Error::DatabaseError(..)) => {
            LogError::Refused(error.to_string())
        }
        other => other,
    }
}
