//! Uses of accounts: evidence of inventories (H5.1.3, I4.1.3).

use chassis::{EventMeta, Result, Tx};
use query_registry_types::events::{Decision, QueryRecorded};

use crate::store;

/// Counts a query that was answered, or imported from an agency's log.
pub async fn query_recorded(tx: &mut Tx, event: QueryRecorded, _: EventMeta) -> Result<()> {
    match (event.account, event.decision) {
        (Some(account), Decision::Answered | Decision::NotFound | Decision::Imported) => {
            store::uses::count(tx, account, event.at).await
        }
        _ => Ok(()),
    }
}
