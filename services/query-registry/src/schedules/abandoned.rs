//! Queries whose process died between intent and outcome: recorded as failed, their delivery free again. Their intents
//! stay open in the log and show in the next daily report (invariant 2).

use chassis::{Context, Result};
use kernel::Instant;
use query_registry_types::events::{Decision, QueryRecorded};
use query_registry_types::queries::QueryRecord;

use crate::store::queries::{self, Settlement};
use crate::store::records;

/// Settles what is abandoned.
pub async fn run(context: &Context, _: Instant) -> Result<()> {
    context
        .transaction(async |tx| {
            for record in records::abandoned(tx.conn()).await? {
                let settlement = Settlement {
                    decision: "failed",
                    fields_returned: &[],
                    records: 0,
                    digest: None,
                    intent_index: record.intent_index,
                    log_index: record.log_index,
                };
                if queries::settle(tx.conn(), record.id, &settlement).await? {
                    tx.emit(&event(record)).await?;
                }
            }
            Ok(())
        })
        .await
}

fn event(record: QueryRecord) -> QueryRecorded {
    QueryRecorded {
        query: record.id,
        application: record.application,
        account: record.account,
        person: record.person,
        agency: record.agency,
        unit: record.unit,
        case: record.case,
        programme: record.programme,
        regulation: record.regulation,
        decision: Decision::Failed,
        refusal: None,
        items: record.items,
        records: 0,
        at: record.at,
        log: record.log,
        log_index: record.log_index.unwrap_or(-1),
        marks: record.marks,
    }
}
