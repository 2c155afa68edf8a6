//! Uses of accounts: evidence of inventories (H5.1.3, I4.1.3).

use std::collections::BTreeMap;

use chassis::{EventMeta, Result, Tx};
use query_registry_types::events::{Decision, QueryRecorded};

use crate::store;

/// Counts queries that were answered, or imported from an agency's log.
pub async fn queries_recorded(tx: &mut Tx, events: Vec<(QueryRecorded, EventMeta)>) -> Result<()> {
    let used = events.iter().filter_map(|(event, _)| match event.decision {
        Decision::Answered | Decision::NotFound | Decision::Imported => Some((event.account?, event.at)),
        _ => None,
    });
    let mut uses = BTreeMap::new();
    for (account, at) in used {
        let (times, last) = uses.entry(account).or_insert((0, at));
        *times += 1;
        *last = at.max(*last);
    }
    store::uses::count(tx, &uses).await
}
