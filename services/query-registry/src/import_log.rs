//! Writes imported lines into the five-year log, each once (I3.8, I4.1.1). A job: after a crash it goes on with the
//! lines that the log does not have.

use chassis::jobs::JobKind;
use chassis::{Context, Result, Tx};
use kernel::Personal;
use kernel::ids::QueryId;
use query_log::{Kind, NewEntry, SUBJECT};
use query_registry_types::events::{Decision, QueryRecorded};
use query_registry_types::queries::QueryRecord;
use uuid::Uuid;

use crate::domain::import_file::{ImmigrationLine, KeptImport};
use crate::domain::rules::FIVE_YEARS;
use crate::gate;
use crate::state::Registry;
use crate::store::imports::{self, OpenLine, Place};
use crate::store::records;

const JOB: &str = "log-import";
/// Lines that go into the log side by side.
const BATCH: i64 = 200;
/// Files of as many offices that are written side by side.
const AT_ONCE: u32 = 4;

/// Puts the writing of an import into the queue.
pub async fn enqueue(tx: &mut Tx, import: Uuid) -> Result<()> {
    let now = tx.now();
    tx.enqueue(JOB, &import, now).await
}

/// The job.
pub fn job() -> JobKind {
    JobKind::new(JOB, async |context: &Context, import: Uuid| write(context, import).await)
        .side_by_side(AT_ONCE)
}

async fn write(context: &Context, import: Uuid) -> Result<()> {
    let registry = context.state::<Registry>();
    loop {
        let mut conn = context.connection().await?;
        let lines = imports::open(&mut conn, import, registry.log.line(FIVE_YEARS), BATCH).await?;
        drop(conn);
        if lines.is_empty() {
            break;
        }
        let appended =
            futures::future::try_join_all(lines.iter().map(|line| append(&registry, line))).await?;
        context
            .transaction(async |tx| {
                for (query, entry) in &appended {
                    if imports::settle(tx.conn(), *query, entry).await?
                        && let Some(record) = records::find(tx.conn(), *query).await?
                    {
                        tx.emit(&recorded(record, entry.index)).await?;
                    }
                }
                Ok(())
            })
            .await?;
    }
    context
        .transaction(async |tx| {
            let mut stored = tx.load::<KeptImport>(import).await?;
            if stored.0.state != "done" {
                "done".clone_into(&mut stored.doc.0.state);
                tx.update(&stored).await?;
            }
            Ok(())
        })
        .await
}

/// The entry of a line: what a header may show in clear, everything personal sealed in its body.
async fn append(registry: &Registry, line: &OpenLine) -> Result<(QueryId, Place)> {
    if let Some(entry) = &line.entry {
        return Ok((line.query, entry.clone()));
    }
    let values: ImmigrationLine = serde_json::from_str(registry.register.open(&line.sealed)?.expose())?;
    let mut entry = NewEntry::new(Kind::Import, values.at);
    entry.agency = Some(values.agency);
    entry.query = Some(line.query);
    entry.decision = Some("imported".to_owned());
    entry.action = Some(values.item);
    entry.fields = values.fields.into_iter().collect();
    for (name, value) in [
        (SUBJECT, values.condition),
        ("official", values.user_name),
        ("account", values.account),
        ("purpose", values.purpose),
    ] {
        entry.personal.insert(name.to_owned(), Personal::new(value));
    }
    let receipt = gate::append(registry, FIVE_YEARS, entry).await?;
    let index = i64::try_from(receipt.index).unwrap_or(i64::MAX);
    Ok((line.query, Place { log: receipt.log, index }))
}

fn recorded(record: QueryRecord, log_index: i64) -> QueryRecorded {
    QueryRecorded {
        query: record.id,
        application: None,
        account: record.account,
        person: record.person,
        agency: record.agency,
        unit: record.unit,
        case: None,
        programme: None,
        regulation: record.regulation,
        decision: Decision::Imported,
        refusal: None,
        items: record.items,
        records: u32::try_from(record.records).unwrap_or_default(),
        at: record.at,
        log: record.log,
        log_index,
        marks: record.marks,
    }
}
