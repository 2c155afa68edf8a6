//! Accounts, people, agencies. A late event never overwrites a newer one.

use account_types::events::{AccountChanged, AgencyChanged};
use chassis::document::{self, Filter};
use chassis::{EventMeta, Result, Tx};
use kernel::days;

use crate::consumers::queries::{Suspected, suspect};
use crate::domain::misuse::MisuseKind;
use crate::domain::projection::{AccountView, AgencyView, PersonView};
use crate::store::population;

/// Accounts of one person at most.
const MOST: i64 = 500;

pub async fn account_changed(tx: &mut Tx, event: AccountChanged, _: EventMeta) -> Result<()> {
    let known = tx.find::<AccountView>(event.account.id).await?;
    if known.is_some_and(|k| k.account.revision > event.account.revision) {
        return Ok(());
    }
    tx.put(&AccountView { account: event.account, cause: event.cause, clause: event.clause }).await
}

pub async fn agency_changed(tx: &mut Tx, event: AgencyChanged, _: EventMeta) -> Result<()> {
    let known = tx.find::<AgencyView>(event.agency).await?;
    if known.is_some_and(|k| k.agency.revision > event.revision) {
        return Ok(());
    }
    tx.put(&AgencyView { agency: event }).await
}

/// A change of duties may be told days after it happened: what was queried in between is found here (H5.2.2, H9).
pub async fn person_changed(tx: &mut Tx, event: PersonView, meta: EventMeta) -> Result<()> {
    let known = tx.find::<PersonView>(event.person).await?;
    if known.is_some_and(|k| k.revision > event.revision) {
        return Ok(());
    }
    tx.put(&event).await?;
    let filter = Filter::all().eq("person_id", event.person);
    for account in document::select::<AccountView>(tx.conn(), filter, MOST).await? {
        let account = account.doc.account;
        let post = event.posts.iter().find(|p| p.id == account.post);
        let Some(until) = post.and_then(|p| p.until) else { continue };
        for query in population::since(tx.conn(), account.id, days::end_of(until)).await? {
            let suspected = Suspected {
                regulation: &query.regulation,
                day: days::taipei_date(query.at),
                agency: query.agency_id.into(),
                account: Some(query.account_id.into()),
                person: Some(event.person),
                source: "query",
                source_id: query.query_id,
                queries: vec![query.query_id.into()],
                what: "query after the last day in the post".to_owned(),
            };
            suspect(tx, MisuseKind::TransferredStillQuerying, suspected, &meta).await?;
        }
    }
    Ok(())
}
