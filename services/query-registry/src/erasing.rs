//! Carries out approved early erasures (H6.6, I3.8; invariants 4, 8 and 9): order entry in the governance log → key
//! destroyed, erasure entry → values in the registers overwritten → told. A job: after a crash at any point it goes on
//! where it was, and nothing is entered twice.

use std::time::Duration;

use chassis::document::{self, Filter};
use chassis::jobs::JobKind;
use chassis::{Context, EventMeta, Result, Tx};
use chrono::{Days, NaiveDate};
use kernel::ids::{OrderId, PersonId, QueryId};
use kernel::{Instant, days};
use query_log::{ERASURE_ORDER, Entry, GOVERNANCE, Header, Kind, LogError, QueryLog, ValueKeys};
use query_registry_types::events::{ErasedEntry, ErasureCarriedOut, ErasureRefused};
use retention_types::events::ErasureApproved;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::gate;
use crate::governance::{ORDER, digest_of, entries_since, ordered};
use crate::state::Registry;
use crate::store::erasures::{self, Overwritten};
use crate::store::records;

const JOB: &str = "carry-out-erasure";
/// Entries of one query at most: intent and outcome, or one refusal.
const MOST: u32 = 100;
/// Erasures that are looked at after a start.
const MOST_ERASURES: i64 = 100_000;
/// What a certificate says of how it was done.
const METHOD: &str =
    "keys destroyed, subject index written anew, register values overwritten and their keys destroyed";
/// Real time between two looks at a start.
const PAUSE: Duration = Duration::from_secs(10);

/// An erasure and how far it is carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// The order as it was approved.
    pub order: ErasureApproved,
    /// When it came.
    pub at: Instant,
    /// `open`, `done` or `refused`.
    pub state: String,
    /// What was overwritten in the registers, once it was.
    pub overwritten: Option<Overwritten>,
}

impl chassis::Document for Erasure {
    const TABLE: &'static str = "erasures";
    fn id(&self) -> Uuid {
        self.order.order.0
    }
}

/// Takes an order.
pub async fn take_order(tx: &mut Tx, event: ErasureApproved, _: EventMeta) -> Result<()> {
    if tx.find::<Erasure>(event.order).await?.is_some() {
        return Ok(());
    }
    let (order, at) = (event.order, tx.now());
    tx.insert(&Erasure { at, order: event, state: "open".to_owned(), overwritten: None }).await?;
    tx.enqueue(JOB, &order, at).await
}

/// The job. Orders are carried out one after another: two in one month would wait for each other's subject index.
pub fn job() -> JobKind {
    JobKind::new(JOB, async |context: &Context, order: OrderId| {
        let found = {
            let mut conn = context.connection().await?;
            document::find::<Erasure>(&mut conn, order.0, false).await?
        };
        match found {
            Some(erasure) if erasure.state == "open" => carry_out(context, &erasure).await,
            _ => Ok(()),
        }
    })
}

async fn carry_out(context: &Context, erasure: &Erasure) -> Result<()> {
    let registry = context.state::<Registry>();
    let order = &erasure.order;
    let entries = personal_entries(&registry, order).await?;
    if let Some(fault) = fault(context, &registry, order, &entries).await? {
        let refused = ErasureRefused { order: order.order, fault: fault.to_owned() };
        return context
            .transaction(async |tx| {
                if settle(tx, order.order, "refused").await? {
                    tx.emit(&refused).await?;
                }
                Ok(())
            })
            .await;
    }
    let today = days::taipei_date(context.now());
    let expire = today + Days::new(context.settings().log.backup_days.into());
    let governed = entries_since(&registry, erasure.at).await?;
    let mut erased = vec![];
    for entry in &entries {
        erased.push(erase(&registry, order, &governed, entry, expire).await?);
    }
    let overwritten = overwrite(context, &registry, erasure).await?;
    for value in &overwritten.values {
        registry.values.destroy(value).await.map_err(anyhow::Error::from)?;
    }
    context
        .transaction(async |tx| {
            if !settle(tx, order.order, "done").await? {
                return Ok(());
            }
            tx.emit(&ErasureCarriedOut {
                order: order.order,
                entries: erased.clone(),
                rows: overwritten.rows,
                method: METHOD.to_owned(),
                backups_expire_on: expire,
            })
            .await
        })
        .await
}

/// Overwrites the values in the registers, once, and keeps which keys are still to be destroyed.
async fn overwrite(context: &Context, registry: &Registry, erasure: &Erasure) -> Result<Overwritten> {
    if let Some(before) = &erasure.overwritten {
        return Ok(before.clone());
    }
    context
        .transaction(async |tx| {
            let overwritten = match erasure.order.query {
                Some(query) => erasures::overwrite(tx, registry, query).await?,
                None => Overwritten::default(),
            };
            let mut stored = tx.load::<Erasure>(erasure.order.order).await?;
            stored.doc.overwritten = Some(overwritten.clone());
            tx.update(&stored).await?;
            Ok(overwritten)
        })
        .await
}

/// The entries that the order means and that hold personal values of the query. Who read them later stays on record.
async fn personal_entries(registry: &Registry, order: &ErasureApproved) -> Result<Vec<Entry>> {
    let found = match (order.query, order.index.and_then(|index| u64::try_from(index).ok())) {
        (Some(query), _) => {
            let filter = query_log::Filter { query: Some(query), ..query_log::Filter::default() };
            registry.log.find(&order.log, &filter, None, MOST).await.map(|page| page.entries)
        }
        (None, Some(index)) => registry.log.read(&order.log, index).await.map(|entry| vec![entry]),
        (None, None) => Ok(vec![]),
    };
    match found {
        Ok(entries) => Ok(entries.into_iter().filter(|e| e.body.is_some() && is_record(e)).collect()),
        Err(LogError::NotFound | LogError::UnknownLog(_)) => Ok(vec![]),
        Err(error) => Err(anyhow::Error::from(error).into()),
    }
}

fn is_record(entry: &Entry) -> bool {
    !matches!(entry.header.kind, Kind::Governance | Kind::Manifest)
}

/// Why nothing may be erased, if so: the order does not fit what is recorded, or is somebody's own matter.
async fn fault(
    context: &Context,
    registry: &Registry,
    order: &ErasureApproved,
    entries: &[Entry],
) -> Result<Option<&'static str>> {
    let Some(first) = entries.first().filter(|first| first.month().first_day() == order.month) else {
        return Ok(Some("not-found"));
    };
    let (official, regulation) = made_by(context, registry, first).await?;
    if regulation.is_some_and(|regulation| regulation != order.regulation) {
        return Ok(Some("not-found"));
    }
    let own = official.is_some_and(|official| [order.requested_by, order.approved_by].contains(&official));
    Ok(own.then_some("own-matter"))
}

/// Who made the query, and under which regulation: from the register, or from the entry while it can be read.
async fn made_by(
    context: &Context,
    registry: &Registry,
    entry: &Entry,
) -> Result<(Option<PersonId>, Option<String>)> {
    if let Some(query) = entry.header.query {
        let mut conn = context.connection().await?;
        if let Some(record) = records::find(&mut conn, query).await? {
            return Ok((Some(record.person), Some(record.regulation)));
        }
    }
    let values = registry.log.open_body(entry).await.map_err(anyhow::Error::from)?.values();
    let official = values.and_then(|values| values.get("official")?.expose().parse().ok());
    Ok((official.map(PersonId), None))
}

/// Erases one entry under its order entry, which is written first unless it is there.
async fn erase(
    registry: &Registry,
    order: &ErasureApproved,
    governed: &[Header],
    entry: &Entry,
    expire: NaiveDate,
) -> Result<ErasedEntry> {
    let mut new = registry.log.erasure_order(entry);
    let digest = digest_of(&order.digest)?;
    let order_index = match ordered(registry, governed, (ERASURE_ORDER, new.range.as_ref(), digest)) {
        Some(index) => index,
        None => {
            new.digests.insert(ORDER.to_owned(), digest);
            gate::append(registry, GOVERNANCE, new).await?.index
        }
    };
    let (log, index) = (&entry.header.log, entry.header.index);
    let erasure = registry.log.erase_entry(log, index, order_index, expire).await;
    let erasure = erasure.map_err(anyhow::Error::from)?;
    Ok(ErasedEntry {
        index: i64::try_from(index).unwrap_or(i64::MAX),
        leaf_hash: entry.leaf_hash.to_string(),
        erasure: i64::try_from(erasure).unwrap_or(i64::MAX),
    })
}

/// At a start: destroys again what a restored key store brought back, as often as it takes until the database answers.
pub async fn repeat(log: QueryLog, values: ValueKeys, context: Context) {
    loop {
        match destroyed_again(&log, &values, &context).await {
            Ok(0) => return,
            Ok(count) => {
                tracing::error!(
                    count,
                    "the key store was restored; keys of erased entries are destroyed again"
                );
                return;
            }
            Err(error) => tracing::warn!(?error, "whether erased entries stay erased is not known yet"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn destroyed_again(log: &QueryLog, values: &ValueKeys, context: &Context) -> Result<usize> {
    let mut count = log.repeat_erasures().await.map_err(anyhow::Error::from)?;
    let mut conn = context.connection().await?;
    let done = document::select::<Erasure>(&mut conn, Filter::all(), MOST_ERASURES).await?;
    for value in done.iter().filter_map(|erasure| erasure.overwritten.as_ref()).flat_map(|o| &o.values) {
        count += usize::from(values.destroy(value).await.map_err(anyhow::Error::from)?);
    }
    Ok(count)
}

/// False when it was settled before.
async fn settle(tx: &mut Tx, order: OrderId, state: &str) -> Result<bool> {
    let mut stored = tx.load::<Erasure>(order).await?;
    if stored.state != "open" {
        return Ok(false);
    }
    state.clone_into(&mut stored.doc.state);
    tx.update(&stored).await?;
    Ok(true)
}

/// Stands in registers where a keyed hash or a key of an erased query was.
pub fn placeholder(query: QueryId) -> String {
    format!("erased:{query}")
}
