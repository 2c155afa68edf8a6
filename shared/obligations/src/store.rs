//! Opening and closing, inside the transaction of the act that does it.

use chassis::document::{self, Filter};
use chassis::{Context, Result, Stored, Tx};
use kernel::days;
use kernel::ids::ObligationId;

use crate::model::{Evidence, NewObligation, Obligation, ObligationState};

async fn by_key(tx: &mut Tx, key: &str) -> Result<Option<Stored<Obligation>>> {
    document::first(tx.conn(), Filter::all().eq("key", key)).await
}

/// Opens an obligation; one that is there under the same key stays as it is. Gives its id.
pub async fn open(tx: &mut Tx, new: NewObligation) -> Result<ObligationId> {
    if let Some(there) = by_key(tx, &new.key).await? {
        return Ok(there.doc.id);
    }
    let obligation = new.into_obligation(tx.new_id());
    tx.insert(&obligation).await?;
    Ok(obligation.id)
}

/// Closes the obligation under `key` with `evidence`, if there is one; gives it.
pub async fn close(tx: &mut Tx, key: &str, what: &str, url: &str) -> Result<Option<Obligation>> {
    let Some(mut stored) = by_key(tx, key).await? else { return Ok(None) };
    let evidence = Evidence { what: what.to_owned(), url: url.to_owned(), at: tx.now() };
    stored.doc.close(evidence, days::taipei_date(tx.now()));
    tx.update(&stored).await?;
    Ok(Some(stored.doc))
}

/// Ends the obligation under `key` without it having been done, with the reason as evidence.
pub async fn cancel(tx: &mut Tx, key: &str, why: &str, url: &str) -> Result<()> {
    let Some(mut stored) = by_key(tx, key).await? else { return Ok(()) };
    if stored.state == ObligationState::Open {
        stored.doc.state = ObligationState::Cancelled;
        stored.doc.closed_on = Some(days::taipei_date(tx.now()));
        stored.doc.evidence.push(Evidence { what: why.to_owned(), url: url.to_owned(), at: tx.now() });
        tx.update(&stored).await?;
    }
    Ok(())
}

/// Marks what is late now and escalates it to the role that `escalate_to` names for it; gives what is newly late, so
/// that the service can do what its pack says about it. For a daily schedule.
pub async fn mark_overdue(
    context: &Context,
    escalate_to: impl Fn(&Obligation) -> String,
) -> Result<Vec<Obligation>> {
    let today = days::taipei_date(context.now());
    context
        .transaction(async |tx| {
            let filter = Filter::all().eq("state", "open").op("due_on", "<", today);
            let late: Vec<Stored<Obligation>> = document::select(tx.conn(), filter, 10_000).await?;
            let mut news = vec![];
            for mut stored in late {
                let role = escalate_to(&stored.doc);
                if stored.doc.mark_overdue(today, &role) {
                    tx.update(&stored).await?;
                    news.push(stored.doc);
                }
            }
            Ok(news)
        })
        .await
}
