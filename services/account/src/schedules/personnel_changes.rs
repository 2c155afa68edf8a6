//! Personnel changes take effect on their day; who did not apply himself is stopped ex officio when the pack's days are
//! over (H5.2.2, I3.6).

use chassis::document::{self, Filter};
use chassis::{Context, Result, Stored, Tx};
use chrono::{DateTime, NaiveDate, Utc};
use kernel::days;
use uuid::Uuid;

use crate::acts;
use crate::domain::account::Account;
use crate::domain::person::Person;
use crate::domain::personnel::{PersonnelChange, PersonnelStatus};

/// Most changes that one night looks at.
const MOST: i64 = 100_000;

/// Does what is due on the day of `due`, each change in a transaction of its own.
pub async fn personnel_changes(context: &Context, due: DateTime<Utc>) -> Result<()> {
    let day = days::taipei_date(due);
    let filter = Filter::all().one_of("status", &["reported", "pending"]).op("effective_on", "<=", day);
    let mut conn = context.connection().await?;
    let waiting: Vec<Stored<PersonnelChange>> = document::select(&mut conn, filter, MOST).await?;
    drop(conn);
    for id in waiting.into_iter().map(|c| c.doc.id) {
        context.transaction(async |tx| follow(tx, id, day).await).await?;
    }
    Ok(())
}

async fn follow(tx: &mut Tx, id: Uuid, day: NaiveDate) -> Result<()> {
    let mut change = tx.load::<PersonnelChange>(id).await?;
    if change.status == PersonnelStatus::Reported {
        take_effect(tx, &mut change).await?;
    }
    let due: Vec<_> =
        change.stops.iter().filter(|s| s.state == "proposed" && day > s.due_on).cloned().collect();
    for stop in due {
        let mut account = tx.load::<Account>(stop.account_id).await?;
        let clause = if stop.regulation == "immigration" { "I3.6" } else { "H5.2.2" };
        let reason = format!("職務異動後未申請，依職權停止（personnel-changes/{id}）");
        acts::stop(tx, &mut account, &reason, clause, "stopped").await?;
    }
    Ok(())
}

/// Puts a change into effect: posts end, service ends. What is left to do are the accounts.
pub async fn take_effect(tx: &mut Tx, change: &mut Stored<PersonnelChange>) -> Result<()> {
    let mut person = tx.load::<Person>(change.person_id).await?;
    let last = change.effective_on.pred_opt().unwrap_or(change.effective_on);
    if change.kind.ends_posts() {
        person.end_posts(last, None);
    }
    if change.kind.ends_service() {
        person.in_service = false;
    }
    if change.kind.ends_posts() || change.kind.ends_service() {
        acts::narrow_person(tx, &mut person).await?;
    }
    change.status = if change.stops.iter().any(|s| s.state == "proposed") {
        PersonnelStatus::Pending
    } else {
        PersonnelStatus::Settled
    };
    change.version = tx.update(change).await?;
    Ok(())
}
