//! What is late: escalated to the next superior, and suspended where the pack says so.

use account_types::events::AccountStatus;
use chassis::document::{self, Filter};
use chassis::{Context, Result, Stored, Tx};
use chrono::{DateTime, NaiveDate, Utc};
use kernel::days;
use obligations::Obligation;
use uuid::Uuid;

use crate::domain::account::Account;
use crate::domain::inventory::Inventory;
use crate::{acts, edge, store};

/// Most campaigns that are open at once.
const MOST: i64 = 10_000;

/// Marks late duties and undecided inventories.
pub async fn overdue(context: &Context, due: DateTime<Utc>) -> Result<()> {
    obligations::mark_overdue(context, superior).await?;
    let day = days::taipei_date(due);
    let mut conn = context.connection().await?;
    let open: Vec<Stored<Inventory>> =
        document::select(&mut conn, Filter::all().eq("status", "open"), MOST).await?;
    drop(conn);
    for id in open.into_iter().filter(|i| i.escalated_on.is_none() && day > i.decide_by).map(|i| i.doc.id) {
        context.transaction(async |tx| escalate(tx, id, day).await).await?;
    }
    Ok(())
}

/// The role that is told of a late duty.
fn superior(obligation: &Obligation) -> String {
    match obligation.actor.as_str() {
        "user" | "link_manager" => "unit_supervisor",
        "designated_officer" | "unit_supervisor" => "agency_head",
        "auditor" => "ethics_officer",
        _ => "auditor",
    }
    .to_owned()
}

async fn escalate(tx: &mut Tx, id: Uuid, day: NaiveDate) -> Result<()> {
    let mut inventory = tx.load::<Inventory>(id).await?;
    let lines = store::inventories::lines(tx, id).await?;
    inventory.escalated_on = Some(day);
    tx.update(&inventory).await?;
    let context = tx.context();
    let pack = edge::pack_of(&context, &inventory.rule_pack)?;
    if !edge::has_addition(&pack, "+suspend-undecided") {
        return Ok(());
    }
    for line in lines.iter().filter(|l| !l.decided) {
        let mut account = tx.load::<Account>(line.account_id).await?;
        if account.status != AccountStatus::Stopped {
            acts::suspend(tx, &mut account, &format!("inventory/{id}"), "逾期未決定", &inventory.clause)
                .await?;
        }
    }
    Ok(())
}
