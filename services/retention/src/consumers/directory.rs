//! People and agencies as the account service tells them.

use account_types::events::{AgencyChanged, PersonChanged};
use chassis::{EventMeta, Result, Tx};

use crate::domain::directory::{Agency, Person};

pub async fn on_person_changed(tx: &mut Tx, event: PersonChanged, _: EventMeta) -> Result<()> {
    let person = Person::from(event);
    let known = tx.find::<Person>(person.id).await?;
    if known.is_some_and(|k| k.revision >= person.revision) {
        return Ok(());
    }
    tx.put(&person).await
}

pub async fn on_agency_changed(tx: &mut Tx, event: AgencyChanged, _: EventMeta) -> Result<()> {
    let agency = Agency::from(event);
    let known = tx.find::<Agency>(agency.id).await?;
    if known.is_some_and(|k| k.revision >= agency.revision) {
        return Ok(());
    }
    tx.put(&agency).await
}
