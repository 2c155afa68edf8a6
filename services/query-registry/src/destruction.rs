//! Carries out approved destruction orders (H4.3, H6.6, H8.3, I3.8). For a month of a log: order entry in the governance
//! log → partitions dropped, data key destroyed, destruction entry → told. For registers: rows deleted → entry → told.
//! A job: after a crash at any point it goes on where it was, and nothing is entered twice.

use chassis::jobs::JobKind;
use chassis::{Context, EventMeta, Result, Tx};
use chrono::Days;
use diesel_async::AsyncPgConnection;
use kernel::{Instant, canonical, days};
use query_log::succession::line;
use query_log::{DESTRUCTION, DESTRUCTION_ORDER, GOVERNANCE, Month, ValueKeys};
use query_registry_types::events::DestructionCarriedOut;
use retention_types::events::DestructionApproved;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::rules::FIVE_YEARS;
use crate::gate;
use crate::governance::{ORDER, digest_of, entries_since, ordered};
use crate::schedules::holdings::record_kind;
use crate::state::Registry;
use crate::store::holdings;

const JOB: &str = "carry-out-destruction";

/// An order and how far it is carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destruction {
    /// The order as it was approved.
    pub order: DestructionApproved,
    /// When it came.
    pub at: Instant,
    /// `open` or `done`.
    pub state: String,
}

impl chassis::Document for Destruction {
    const TABLE: &'static str = "destructions";
    fn id(&self) -> Uuid {
        self.order.order.0
    }
}

/// Takes an order for this service's records.
pub async fn take_order(tx: &mut Tx, event: DestructionApproved, _: EventMeta) -> Result<()> {
    if event.service != "query-registry" || tx.find::<Destruction>(event.order).await?.is_some() {
        return Ok(());
    }
    let order = event.order;
    // A log ends from its oldest month on: orders of one approval run in the order of their months.
    let run_at = days::start_of(event.month).min(tx.now());
    tx.insert(&Destruction { at: tx.now(), order: event, state: "open".to_owned() }).await?;
    tx.enqueue(JOB, &order, run_at).await
}

/// The job.
pub fn job() -> JobKind {
    JobKind::new(JOB, async |context: &Context, order: kernel::ids::OrderId| {
        let found = {
            let mut conn = context.connection().await?;
            chassis::document::find::<Destruction>(&mut conn, order.0, false).await?
        };
        match found {
            Some(destruction) if destruction.state == "open" => carry_out(context, &destruction).await,
            _ => Ok(()),
        }
    })
}

async fn carry_out(context: &Context, destruction: &Destruction) -> Result<()> {
    let order = &destruction.order;
    match (order.record_kind.replace('_', "-").as_str(), &order.log) {
        (record_kind::LOG, Some(log)) => end_log_month(context, destruction, log).await,
        (record_kind::REGISTER, _) => end_rows(context, destruction, true).await,
        (record_kind::CONTROL, _) => end_rows(context, destruction, false).await,
        _ => Err(anyhow::anyhow!("an order for records that this service does not hold").into()),
    }
}

/// Ends a month of a log.
async fn end_log_month(context: &Context, destruction: &Destruction, log: &str) -> Result<()> {
    let registry = context.state::<Registry>();
    let order = &destruction.order;
    let month = Month::containing(order.month);
    let digest = digest_of(&order.digest)?;
    let range = registry.log.month_manifest(log, month).await.map_err(anyhow::Error::from)?;
    let entries = entries_since(&registry, destruction.at).await?;
    let order_index = match ordered(&registry, &entries, (DESTRUCTION_ORDER, Some(&range), digest)) {
        Some(index) => index,
        None => {
            let mut entry = registry.log.destruction_order(range.clone());
            entry.digests.insert(ORDER.to_owned(), digest);
            gate::append(&registry, GOVERNANCE, entry).await?.index
        }
    };
    let ended = entries
        .iter()
        .find(|e| e.action.as_deref() == Some(DESTRUCTION) && e.range.as_ref() == Some(&range))
        .map(|e| e.index);
    let ended = match ended {
        Some(index) => index,
        None => {
            let receipt = registry.log.expire_month(log, month, order_index).await;
            receipt.map_err(anyhow::Error::from)?.index
        }
    };
    let outcome = Outcome {
        count: i64::try_from(range.count).unwrap_or(i64::MAX),
        root: range.root.to_string(),
        entry: i64::try_from(ended).ok(),
        method: "partitions dropped, data key destroyed",
    };
    context
        .transaction(async |tx| {
            if line(log) == FIVE_YEARS {
                // What the register of queries has of imported lines ends with them.
                holdings::end_register(tx.conn(), "immigration", order.month).await?;
            }
            settle(tx, order.order, &outcome).await
        })
        .await
}

/// Ends a month of register rows or control results. The rows go and the order is settled in one transaction; the
/// destruction entry is a job of that transaction.
async fn end_rows(context: &Context, destruction: &Destruction, register: bool) -> Result<()> {
    let (order, registry) = (&destruction.order, context.state::<Registry>());
    context
        .transaction(async |tx| {
            let conn = tx.conn();
            let mut gone = if register {
                let gone = holdings::end_register(conn, &order.regulation, order.month).await?;
                end_keys(conn, &registry.values, order).await?;
                gone
            } else {
                holdings::end_control(conn, &order.regulation, order.month).await?
            };
            gone.sort_unstable();
            let ids: Vec<String> = gone.iter().map(ToString::to_string).collect();
            let root = canonical::sha256_hex(ids.join("\n").as_bytes());
            let count = i64::try_from(gone.len()).unwrap_or(i64::MAX);
            crate::governance::enter(tx, "rows-destroyed", &destroyed_digest(order, &root)?).await?;
            settle(tx, order.order, &Outcome { count, root, entry: None, method: "rows deleted" }).await
        })
        .await
}

/// Ends the keys of what was written in applications of the month, and of the month before, of which some may have stayed
/// until now. Before the rows are committed: rows without keys go with the next try, keys without rows would stay.
async fn end_keys(conn: &mut AsyncPgConnection, keys: &ValueKeys, order: &DestructionApproved) -> Result<()> {
    for first_day in [order.month, days::first_of_month(order.month - Days::new(1))] {
        if !holdings::has_applications(conn, &order.regulation, first_day).await? {
            let ended = keys.end_month(&order.regulation, Month::containing(first_day)).await;
            ended.map_err(anyhow::Error::from)?;
        }
    }
    Ok(())
}

/// What the governance log holds of rows that went: the order and the digest of their ids.
fn destroyed_digest(order: &DestructionApproved, root: &str) -> Result<String> {
    let bytes = canonical::bytes(&(order.order, &order.digest, root))?;
    Ok(canonical::sha256_hex(&bytes))
}

struct Outcome {
    count: i64,
    root: String,
    entry: Option<i64>,
    method: &'static str,
}

async fn settle(tx: &mut Tx, order: kernel::ids::OrderId, outcome: &Outcome) -> Result<()> {
    let mut stored = tx.load::<Destruction>(order).await?;
    if stored.state == "done" {
        return Ok(());
    }
    "done".clone_into(&mut stored.doc.state);
    tx.update(&stored).await?;
    tx.emit(&DestructionCarriedOut {
        order,
        count: outcome.count,
        root: outcome.root.clone(),
        entry: outcome.entry,
        method: outcome.method.to_owned(),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_names_order_and_rows() {
        let order = DestructionApproved {
            order: kernel::ids::OrderId(Uuid::nil()),
            service: "query-registry".into(),
            record_kind: "query_register".into(),
            regulation: "household".into(),
            month: "2023-03-01".parse().unwrap(),
            log: None,
            approved_by: vec![],
            digest: "00".repeat(32),
        };
        let one = destroyed_digest(&order, "a").unwrap();
        assert_ne!(one, destroyed_digest(&order, "b").unwrap());
        let other = DestructionApproved { digest: "01".repeat(32), ..order };
        assert_ne!(one, destroyed_digest(&other, "a").unwrap());
        assert!(digest_of(&one).is_ok() && digest_of("x").is_err());
    }
}
