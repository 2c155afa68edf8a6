//! The end of a finding: where the audit record says so, the account may be used again.

use audit_sampling_types::events::FindingClosed;
use chassis::document::{self, Filter};
use chassis::{EventMeta, Result, Stored, Tx};

use crate::acts;
use crate::domain::account::Account;

/// Most accounts that one finding held back.
const MOST: i64 = 10_000;

/// Ends the suspensions that the finding caused; others stay.
pub async fn finding_closed(tx: &mut Tx, event: FindingClosed, _: EventMeta) -> Result<()> {
    if !event.resume {
        return Ok(());
    }
    let cause = format!("finding/{}", event.finding);
    let accounts: Vec<Stored<Account>> = match event.account {
        Some(account) => tx.find::<Account>(account).await?.into_iter().collect(),
        None => document::select(tx.conn(), Filter::all().eq("status", "suspended"), MOST).await?,
    };
    for mut account in accounts {
        let now = tx.now();
        // Stopped meanwhile, or never held back for this: nothing to end.
        if account.resume(|c| c == cause, now).is_ok() {
            acts::save_account(tx, &account, "resumed", "H9").await?;
        }
    }
    Ok(())
}
