//! Between operations and rules: whose card signed.

use chassis::endorsements::{self, Matter, Taken};
use chassis::{Problem, Result, Tx};
use identity::{Endorsement, Usage};
use kernel::ids::PersonId;
use retention_types::events::EndorsementTaken;
use serde::Serialize;

use crate::domain::directory::Person;
use crate::problems;

/// Checks that `endorsement` of `content` holds now and was made with a card of `person`, never a bare click; keeps it for
/// court and enters its record's digest for the governance log.
pub async fn own_card<T: Serialize>(
    tx: &mut Tx,
    person: PersonId,
    endorsement: &Endorsement,
    content: &T,
    (pointer, matter): (&str, Matter<'_>),
) -> Result<()> {
    let usage = Usage::CitizenSignature;
    let card = endorsements::verify(&tx.context(), endorsement, content, usage).await.map_err(|error| {
        Problem::new(&problems::ENDORSEMENT_INVALID, "Sign exactly what is endorsed, with your own card.")
            .field(pointer, error.code())
    })?;
    let known = tx.find::<Person>(person).await?;
    let is_own = |p: &Person| p.cards.contains(&card.subject()) || p.cards.contains(&card.thumbprint_sha256);
    if !known.is_some_and(|p| p.in_service && is_own(&p)) {
        let problem =
            Problem::new(&problems::FOREIGN_CARD, "Sign with the card that is bound to the person.");
        return Err(problem.field(pointer, "not a card of this person").into());
    }
    let taken = Taken::with_content(endorsement, content, usage, (&card, matter))?;
    let digest = endorsements::keep(tx, taken).await?;
    tx.emit(&EndorsementTaken { digest }).await
}
