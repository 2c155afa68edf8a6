//! What the registry's and the account service's own controls found (H8.1, H8.3).

use std::collections::BTreeMap;

use account_types::events::{InventoryClosed, TwoPlacesFound};
use chassis::{EventMeta, Result, Stored, Tx};
use kernel::days;
use query_registry_types::events::{ControlItemRaised, ControlItemSettled, ReportClosed};
use rule_pack::DeadlineKind;

use crate::consumers::queries::{Suspected, suspect, suspect_as};
use crate::domain::misuse::{MisuseKind, of_item};
use crate::domain::projection::{ControlItem, ControlRecord};
use crate::duties::{self, About};
use crate::edge;

/// The regulation of an item: told, or read from its clause.
fn regulation(event: &ControlItemRaised) -> String {
    let by_clause = if event.clause.starts_with('I') { "immigration" } else { "household" };
    event.detail.get("regulation").map_or(by_clause, String::as_str).to_owned()
}

pub async fn item_raised(tx: &mut Tx, event: ControlItemRaised, _: EventMeta) -> Result<()> {
    if tx.find::<ControlItem>(event.item).await?.is_some() {
        return Ok(());
    }
    let context = tx.context();
    let regulation = regulation(&event);
    let today = days::taipei_date(tx.now());
    let pack = edge::pack(&context, &regulation, today)?;
    let explain_by =
        pack.deadline(DeadlineKind::ReportExplanation).map_or(today, |d| d.due(today, context.calendar()));
    let known = of_item(&event.kind);
    let state = if known.is_some_and(|(_, waits)| waits) { "waiting" } else { "noted" };
    let item = ControlItem {
        id: event.item,
        kind: event.kind,
        regulation,
        agency_id: event.agency,
        account: event.account,
        person: event.person,
        queries: event.queries,
        clause: event.clause,
        day: event.day,
        explain_by,
        state: state.to_owned(),
        detail: event.detail,
    };
    tx.insert(&item).await?;
    if item.regulation == "immigration" {
        let subject = item.id.to_string();
        let url = format!("/v1/findings?kind={}", item.kind);
        let about = About { subject: &subject, agency: Some(item.agency_id), url };
        duties::open_event(tx, &pack, "imported_line_flagged", &about, today).await?;
    }
    if known.is_some_and(|(_, waits)| !waits) {
        let mut stored = tx.load::<ControlItem>(item.id).await?;
        item_to_finding(tx, &mut stored).await?;
    }
    Ok(())
}

/// Makes a finding of an item: at once, on its settlement as one, or when nobody explained it in time.
pub async fn item_to_finding(tx: &mut Tx, item: &mut Stored<ControlItem>) -> Result<()> {
    let doc = item.doc.clone();
    let (kind, suspends) = of_item(&doc.kind)
        .map_or((doc.kind.replace('-', "_"), false), |(k, _)| (k.as_str().to_owned(), k.suspends()));
    let detail: Vec<String> = doc.detail.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let suspected = Suspected {
        regulation: &doc.regulation,
        day: doc.day,
        agency: doc.agency_id,
        account: doc.account,
        person: doc.person,
        source: "control-item",
        source_id: doc.id,
        queries: doc.queries.clone(),
        what: detail.join(" "),
    };
    suspect_as(tx, &kind, &doc.clause, suspends, suspected).await?;
    "finding".clone_into(&mut item.doc.state);
    tx.update(item).await?;
    Ok(())
}

pub async fn item_settled(tx: &mut Tx, event: ControlItemSettled, _: EventMeta) -> Result<()> {
    let Some(mut item) = tx.find::<ControlItem>(event.item).await? else {
        // Both come on one topic under one key: the item cannot still be on its way.
        tracing::warn!(item = %event.item, "an unknown control item was settled");
        return Ok(());
    };
    let pack = edge::pack(&tx.context(), &item.regulation, days::taipei_date(tx.now()))?;
    let (subject, url) = (event.item.to_string(), format!("/v1/findings?kind={}", item.kind));
    duties::close_event(tx, &pack, "imported_line_flagged", &subject, ("the item was settled", &url)).await?;
    match (event.outcome.as_str(), item.state.as_str()) {
        ("finding", "waiting" | "noted") => item_to_finding(tx, &mut item).await,
        ("explained", "waiting" | "noted") => {
            "explained".clone_into(&mut item.doc.state);
            tx.update(&item).await?;
            Ok(())
        }
        _ => Ok(()),
    }
}

pub async fn report_closed(tx: &mut Tx, event: ReportClosed, meta: EventMeta) -> Result<()> {
    let counts = [("lines", event.lines), ("unmatched", event.unmatched), ("late", u32::from(event.late))];
    let record = ControlRecord {
        id: event.report,
        kind: event.kind.clone(),
        regulation: None,
        agency_id: Some(event.agency),
        day: event.day,
        state: event.state.clone(),
        digest: None,
        counts: counts.map(|(name, n)| (name.to_owned(), n)).into(),
    };
    tx.put(&record).await?;
    if !event.late && event.state != "overdue" {
        return Ok(());
    }
    let suspected = Suspected {
        regulation: "household",
        day: event.day,
        agency: event.agency,
        account: None,
        person: None,
        source: "report",
        source_id: event.report,
        queries: vec![],
        what: format!("{} report of {}: {}", event.kind, event.day, event.state),
    };
    suspect(tx, MisuseKind::ReportEndorsedLate, suspected, &meta).await
}

pub async fn inventory_closed(tx: &mut Tx, event: InventoryClosed, _: EventMeta) -> Result<()> {
    let counts: BTreeMap<String, u32> =
        [("reviewed", event.reviewed), ("changed", event.changed), ("undecided", event.undecided)]
            .map(|(name, n)| (name.to_owned(), n))
            .into();
    tx.put(&ControlRecord {
        id: event.inventory,
        kind: "inventory".to_owned(),
        regulation: Some(event.regulation),
        agency_id: None,
        day: event.closed_on,
        state: "closed".to_owned(),
        digest: Some(event.digest),
        counts,
    })
    .await
}

pub async fn two_places_found(tx: &mut Tx, event: TwoPlacesFound, meta: EventMeta) -> Result<()> {
    let suspected = Suspected {
        regulation: "household",
        day: days::taipei_date(meta.occurred_at),
        agency: event.agency,
        account: None,
        person: Some(event.person),
        source: "person",
        source_id: meta.id,
        queries: vec![],
        what: "a token was asked for from a second place".to_owned(),
    };
    suspect(tx, MisuseKind::TwoPlaces, suspected, &meta).await
}
