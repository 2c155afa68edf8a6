//! Between HTTP and the rules: who acts, does his card hold, which pack is followed.

use std::sync::Arc;

use chassis::document;
use chassis::endorsements::{self, Matter, Taken};
use chassis::{Caller, Context, Document, Problem, Result, Tx};
use chrono::NaiveDate;
use identity::{CertificateIdentity, Endorsement, Role, Usage};
use kernel::days;
use kernel::ids::AgencyId;
use rule_pack::{Regulation, RulePack};
use serde::Serialize;

use crate::domain::actor::Actor;
use crate::domain::agency::Agency;
use crate::domain::person::Person;
use crate::{acts, emergencies, problems, store};

/// The person who calls, as the rules need him. His session and posts are read afresh: a token may be ten minutes old.
pub async fn actor(tx: &mut Tx, caller: &Caller) -> Result<Actor> {
    let (person, post) = (caller.person()?, caller.post()?);
    let now = tx.now();
    if let Some(session) = caller.principal.session
        && !store::sessions::is_open(tx.conn(), session, now).await?
    {
        let detail = "The session has ended: sign in with the card.";
        return Err(Problem::new(&chassis::problem::UNAUTHENTICATED, detail).into());
    }
    // Read, not locked: who acts changes neither himself nor his agency by it, and others of the agency act meanwhile.
    let stored = document::find::<Person>(tx.conn(), person.0, false).await?;
    let stored = stored.ok_or_else(|| document::missing(Person::TABLE))?;
    stored.held(post, days::taipei_date(tx.now()))?;
    emergencies::still_given(tx, caller).await?;
    let agency = caller.agency()?;
    let unit = caller
        .principal
        .unit
        .ok_or_else(|| Problem::new(&problems::PERSON_UNFIT, "The token names no unit."))?;
    let stored = document::find::<Agency>(tx.conn(), agency.0, false).await?;
    let agency_kind = stored.ok_or_else(|| document::missing(Agency::TABLE))?.kind;
    Ok(Actor {
        person,
        post,
        acting_for: caller.principal.acting_for,
        agency,
        agency_kind,
        unit,
        emergency: caller.principal.emergency,
        roles: caller.principal.roles.clone(),
    })
}

/// Verifies that `endorsement` is over `content` by a card of `person` in use, and keeps it for
/// court (H5.2.1; invariant 11).
pub async fn endorsed<T: Serialize>(
    tx: &mut Tx,
    actor: &Actor,
    endorsement: &Endorsement,
    content: &T,
    (clause, matter): (&str, Matter<'_>),
) -> Result<()> {
    let usage = Usage::CitizenSignature;
    let card = endorsements::verify(&tx.context(), endorsement, content, usage).await.map_err(refused)?;
    tx.load::<Person>(actor.person).await?.active_card(&card)?;
    keep(tx, endorsement, (content, &card, usage), (clause, matter)).await
}

/// Verifies that `endorsement` is over `content` by an agency certificate of `agency` (I3.6).
pub async fn agency_signed<T: Serialize>(
    tx: &mut Tx,
    agency: AgencyId,
    endorsement: &Endorsement,
    content: &T,
    (clause, matter): (&str, Matter<'_>),
) -> Result<()> {
    let usage = Usage::AgencySignature;
    let certificate =
        endorsements::verify(&tx.context(), endorsement, content, usage).await.map_err(refused)?;
    if !tx.load::<Agency>(agency).await?.certificates.contains(&certificate.thumbprint_sha256) {
        let detail = "The certificate is none of this agency's: bind it by a governed change.";
        return Err(Problem::new(&problems::FOREIGN_CARD, detail).clause(clause).into());
    }
    keep(tx, endorsement, (content, &certificate, usage), (clause, matter)).await
}

/// Keeps an endorsement that holds, with its content and what it rests on, and enters its record's digest for the
/// governance log.
pub async fn keep<T: Serialize>(
    tx: &mut Tx,
    endorsement: &Endorsement,
    (content, card, usage): (&T, &CertificateIdentity, Usage),
    (clause, matter): (&str, Matter<'_>),
) -> Result<()> {
    let taken = Taken::with_content(endorsement, content, usage, (card, matter))?;
    let digest = endorsements::keep(tx, taken).await?;
    acts::record_governance(tx, "endorsement", &digest, clause).await
}

/// The problem of an endorsement that does not hold.
pub fn refused(error: identity::EndorsementError) -> Problem {
    tracing::info!(code = error.code(), "endorsement refused");
    Problem::new(&problems::ENDORSEMENT_INVALID, format!("{error}. Sign the content as it is now."))
        .with("reason", error.code())
}

/// The regulation `name`.
pub fn regulation(name: &str) -> Result<Regulation> {
    name.parse().map_err(|_| Problem::invalid("/regulation", "household, immigration or tax").into())
}

/// The pack of `regulation` that is followed on `day`.
pub fn pack(context: &Context, regulation: Regulation, day: NaiveDate) -> Result<Arc<RulePack>> {
    context.packs().on(regulation, day).cloned().ok_or_else(|| {
        Problem::new(
            &problems::CLAUSE_UNKNOWN,
            format!("No rule pack for {regulation} is in force on {day}."),
        )
        .into()
    })
}

/// The pack that `reference` names; a pack that is no longer installed is a fault of operation.
pub fn pack_of(context: &Context, reference: &str) -> Result<Arc<RulePack>> {
    context.packs().by_reference(reference).cloned().ok_or_else(|| {
        let detail = format!("The rule pack {reference} that this follows is not installed.");
        Problem::new(&problems::CLAUSE_UNKNOWN, detail).into()
    })
}

/// Whether an addition (＋) of this kind is switched on, whichever clause of the pack it belongs to.
pub fn has_addition(pack: &RulePack, kind: &str) -> bool {
    pack.additions.iter().any(|a| a.enabled && a.id.ends_with(kind))
}

/// A text that must be there, at most `limit` characters.
pub fn text(pointer: &str, value: &str, limit: usize) -> Result<()> {
    let length = value.trim().chars().count();
    if length == 0 || length > limit {
        return Err(Problem::invalid(pointer, format!("1 to {limit} characters")).into());
    }
    Ok(())
}

/// The agency to which `caller` is narrowed: the bureau's designated officer forwards for every office (I3.3) and sees
/// them all.
pub fn scope(caller: &Caller, asked: Option<AgencyId>) -> Result<Option<AgencyId>> {
    if caller.principal.oversees && caller.principal.has(Role::DesignatedOfficer) {
        return Ok(asked);
    }
    caller.scope(asked)
}

/// Whether the caller has a part in other people's applications; mere users see their own alone.
pub fn has_part_in_applications(caller: &Caller) -> bool {
    !caller
        .principal
        .roles
        .iter()
        .all(|r| matches!(r, Role::User | Role::LinkManager | Role::ResponsibleSupervisor))
}
