//! The account service's state as the gate needs it (invariant 6). Indexes in memory follow through the directory's
//! counter: each query compares it, so that a suspended account is refused as soon as its event is in.

use account_types::events::{AccountChanged, AgencyChanged, PersonChanged, SystemChanged};
use chassis::{EventMeta, Result, Tx};
use kernel::configuration::ConfigurationChanged;

use crate::store::changes;
use crate::store::directory::{self, kind};

/// Accounts; agencies' systems are told.
pub async fn take_account(tx: &mut Tx, event: AccountChanged, _: EventMeta) -> Result<()> {
    let account = &event.account;
    if directory::put(tx, kind::ACCOUNT, account.id.0, account.revision, account).await? {
        changes::add(tx, "account-changed", account.agency, account.id.0).await?;
    }
    Ok(())
}

/// People: posts, cards, declared subjects.
pub async fn take_person(tx: &mut Tx, event: PersonChanged, _: EventMeta) -> Result<()> {
    directory::put(tx, kind::PERSON, event.person.0, event.revision, &event).await?;
    Ok(())
}

/// Agencies: units and office networks.
pub async fn take_agency(tx: &mut Tx, event: AgencyChanged, _: EventMeta) -> Result<()> {
    directory::put(tx, kind::AGENCY, event.agency.0, event.revision, &event).await?;
    Ok(())
}

/// Systems.
pub async fn take_system(tx: &mut Tx, event: SystemChanged, _: EventMeta) -> Result<()> {
    directory::put(tx, kind::SYSTEM, event.system.0, event.revision, &event).await?;
    Ok(())
}

/// What two persons approved that services run on: kept for the comparison at the start, and in the index for each query.
pub async fn take_configuration(tx: &mut Tx, event: ConfigurationChanged, meta: EventMeta) -> Result<()> {
    directory::put(tx, kind::CONFIGURATION, event.item.id(), event.revision, &event).await?;
    chassis::configuration::take(tx, event, meta).await
}
