//! A violation: the account is held back at once, and the evidence of it closes the duty (H9, I6).

use audit_sampling_types::events::FindingRaised;
use chassis::{EventMeta, Result, Stored, Tx};
use kernel::days;

use crate::domain::account::Account;
use crate::{acts, duties, edge};

/// Holds back the account of the finding, or every account of its person.
pub async fn finding_raised(tx: &mut Tx, event: FindingRaised, _: EventMeta) -> Result<()> {
    if !event.suspend {
        return Ok(());
    }
    let accounts: Vec<Stored<Account>> = match (event.account, event.person) {
        (Some(account), _) => tx.find::<Account>(account).await?.into_iter().collect(),
        (None, Some(person)) => acts::live_accounts(tx, person).await?,
        (None, None) => vec![],
    };
    let cause = format!("finding/{}", event.finding);
    let context = tx.context();
    for mut account in accounts {
        if !acts::suspend(tx, &mut account, &cause, &event.kind, &event.clause).await? {
            continue;
        }
        let regulation = account.regulation.clone();
        let pack = edge::pack(&context, edge::regulation(&regulation)?, days::taipei_date(tx.now()))?;
        let subject = format!("{cause}/{}", account.doc.id);
        let url = format!("/v1/accounts/{}", account.doc.id);
        duties::open_event(
            tx,
            &pack,
            "unauthorised_access",
            &subject,
            Some(account.agency_id),
            Some(url.clone()),
        )
        .await?;
        duties::close_event(tx, &regulation, "unauthorised_access", &subject, "suspended at once", &url)
            .await?;
    }
    Ok(())
}
