//! What each account was at what time: an imported line is judged by the account as it was then (I3.4).

use account_types::events::AccountChanged;
use chassis::{EventMeta, Result, Tx};

use crate::consumers::directory;
use crate::store::account_states;

/// Keeps the state, then takes it into the directory.
pub async fn take_account(tx: &mut Tx, event: AccountChanged, meta: EventMeta) -> Result<()> {
    account_states::note(tx, &event.account, meta.occurred_at).await?;
    directory::take_account(tx, event, meta).await
}
