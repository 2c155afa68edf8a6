//! Between HTTP and the rules: who acts, does his card hold, which pack is followed.

use std::sync::Arc;

use account_types::ActContent;
use audit_sampling_types::SignedAct;
use chassis::endorsements::{self, Matter, Taken};
use chassis::{Caller, Context, Problem, Result, Stored, Tx};
use chrono::NaiveDate;
use identity::{Endorsement, Usage};
use kernel::ids::PersonId;
use rule_pack::{Regulation, RulePack};
use serde::Serialize;
use uuid::Uuid;

use crate::acts;
use crate::domain::projection::PersonView;
use crate::problems;

/// Verifies that `endorsement` is the caller's own card's signature over [`ActContent`] of `act`, `subject` and `body`, keeps it
/// for court and enters its record's digest for the governance log.
pub async fn signed<T: Serialize>(
    tx: &mut Tx,
    caller: &Caller,
    endorsement: &Endorsement,
    (act, subject, clause): (&str, Uuid, &str),
    (body, matter): (&T, Matter<'_>),
) -> Result<SignedAct> {
    let (person, post) = (caller.person()?, caller.post()?);
    let content = ActContent::new(act, subject, post, body);
    let usage = Usage::CitizenSignature;
    let card = endorsements::verify(&tx.context(), endorsement, &content, usage).await.map_err(|error| {
        Problem::new(&problems::ENDORSEMENT_INVALID, format!("{error}. Sign the content as it is now."))
            .with("reason", error.code())
    })?;
    let known = tx.find::<PersonView>(person).await?;
    if !known.is_some_and(|p| p.in_service && p.cards.contains(&card.subject())) {
        let detail = "Sign with the card that is bound to you.";
        return Err(Problem::new(&problems::CARD_NOT_BOUND, detail).into());
    }
    let taken = Taken::with_content(endorsement, &content, usage, (&card, matter))?;
    let digest = endorsements::keep(tx, taken).await?;
    acts::record_digest(tx, subject, "endorsement", digest, clause).await?;
    Ok(SignedAct { person, post, at: tx.now(), endorsement: endorsement.clone() })
}

/// The caller as the account service announced him; nobody who is unknown here audits.
pub async fn person(tx: &mut Tx, id: PersonId) -> Result<Stored<PersonView>> {
    match tx.find::<PersonView>(id).await? {
        Some(person) => Ok(person),
        None => Err(crate::domain::Fault::NotAuditor.into()),
    }
}

/// The pack of `regulation` that is followed on `day`.
pub fn pack(context: &Context, regulation: &str, day: NaiveDate) -> Result<Arc<RulePack>> {
    let known: Regulation =
        regulation.parse().map_err(|_| Problem::invalid("/regulation", "household, immigration or tax"))?;
    context.packs().on(known, day).cloned().ok_or_else(|| no_rule(&format!("{regulation} on {day}")))
}

/// The pack that `reference` names.
pub fn pack_of(context: &Context, reference: &str) -> Result<Arc<RulePack>> {
    context.packs().by_reference(reference).cloned().ok_or_else(|| no_rule(reference))
}

/// No rule for this.
pub fn no_rule(what: &str) -> chassis::Error {
    Problem::new(&problems::CLAUSE_UNKNOWN, format!("No rule for {what} is in force.")).into()
}

/// A text that must be there, at most `limit` characters.
pub fn text(pointer: &str, value: &str, limit: usize) -> Result<()> {
    let length = value.trim().chars().count();
    if length == 0 || length > limit {
        return Err(Problem::invalid(pointer, format!("1 to {limit} characters")).into());
    }
    Ok(())
}
