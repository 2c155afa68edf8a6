//! Queries whose process died before they were settled: settled by what the log holds of them. An outcome that became
//! durable stands, though its answer may never have arrived: the official asks for a second delivery. Without an
//! outcome the query failed and its delivery is free again; its intent stays open in the log and shows in the next
//! daily report (invariant 2).

use chassis::outbox::Outgoing;
use chassis::{Context, Result};
use kernel::Instant;
use query_log::{Entry, Filter, Kind};
use query_registry_types::events::{Decision, QueryRecorded};
use query_registry_types::queries::QueryRecord;
use statement::Json;

use crate::problems;
use crate::state::Registry;
use crate::store::queries::{self, Settlement};
use crate::store::records;

/// Settles what is abandoned. A process that is alive after all may do so at the same moment: whoever is first counts.
pub async fn run(context: &Context, _: Instant) -> Result<()> {
    let registry = context.state::<Registry>();
    let abandoned = records::abandoned(&mut *context.connection().await?).await?;
    for record in abandoned {
        let found = logged(&registry, &record).await?;
        let settlement = Settlement {
            id: record.id,
            decision: found.word(),
            fields_returned: &found.fields,
            records: found.records(),
            digest: found.digest.as_deref(),
            intent_index: found.intent.or(record.intent_index),
            log_index: found.outcome.or(found.intent).or(record.log_index),
        };
        let (query, written) = (record.id, Json::of(&settlement)?);
        let event = Outgoing::of(&event(record, &found, settlement.log_index), context.now())?;
        queries::settle(context, &[&written], &[(query.0, &event)]).await?;
    }
    Ok(())
}

/// What the log holds of a query.
#[derive(Default)]
struct Found {
    intent: Option<i64>,
    outcome: Option<i64>,
    decision: Option<Decision>,
    digest: Option<String>,
    fields: Vec<String>,
}

impl Found {
    fn decision(&self) -> Decision {
        self.decision.unwrap_or(Decision::Failed)
    }

    fn word(&self) -> &'static str {
        match self.decision() {
            Decision::Answered => "answered",
            Decision::NotFound => "not_found",
            _ => "failed",
        }
    }

    fn records(&self) -> i32 {
        i32::from(self.decision() == Decision::Answered)
    }

    fn note(&mut self, entry: &Entry) {
        let index = i64::try_from(entry.header.index).ok();
        match entry.header.kind {
            Kind::Intent => self.intent = index,
            Kind::Outcome => {
                self.outcome = index;
                self.decision = match entry.header.decision.as_deref() {
                    Some("answered") => Some(Decision::Answered),
                    Some("not_found") => Some(Decision::NotFound),
                    _ => None,
                };
                self.digest = entry.header.digests.get("answer").map(ToString::to_string);
                if self.decision.is_some() {
                    self.fields = entry.header.fields.iter().cloned().collect();
                }
            }
            _ => {}
        }
    }
}

async fn logged(registry: &Registry, record: &QueryRecord) -> Result<Found> {
    let filter = Filter { query: Some(record.id), ..Filter::default() };
    let page = registry.log.find(&record.log, &filter, None, 10).await;
    let page = page.map_err(|error| problems::log_unavailable(&error))?;
    let mut found = Found::default();
    for entry in &page.entries {
        found.note(entry);
    }
    Ok(found)
}

fn event(record: QueryRecord, found: &Found, log_index: Option<i64>) -> QueryRecorded {
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
        decision: found.decision(),
        refusal: None,
        items: record.items,
        records: found.records().unsigned_abs(),
        at: record.at,
        log: record.log,
        log_index: log_index.unwrap_or(-1),
        marks: record.marks,
    }
}
