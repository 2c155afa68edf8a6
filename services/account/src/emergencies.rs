//! Break-glass between the rules and the world: cards to custodians, one code path for the operations over HTTP and for
//! the command line on the spot.

use account_types::{EmergencyContent, EmergencyTerms};
use chassis::document::{self, Filter};
use chassis::endorsements::{self, Matter};
use chassis::{Caller, Context, Result, Stored, Tx};
use diesel_async::AsyncPgConnection;
use identity::{Endorsement, Usage};
use kernel::ids::{EmergencyGrantId, PersonId};
use kernel::{canonical, days};
use obligations::NewObligation;

use crate::domain::emergency::{
    CustodianHand, Custodians, EmergencyError, EmergencyGrant, fits_as_custodian,
};
use crate::domain::person::Person;
use crate::{acts, edge, store};

/// The clause under which everything about break-glass is recorded.
const CLAUSE: &str = "invariant-11";
/// Duty id of the review (＋: ours).
const REVIEW: &str = "emergency-review";
/// Grants of one person that are looked at.
const MOST: i64 = 1_000;

/// The grants that `person` was given and that nobody has reviewed yet.
pub async fn given_to(conn: &mut AsyncPgConnection, person: PersonId) -> Result<Vec<EmergencyGrant>> {
    let filter =
        Filter::all().eq("receiver_id", person).one_of("status", &["given", "reviewed"]).newest_first();
    let grants: Vec<Stored<EmergencyGrant>> = document::select(conn, filter, MOST).await?;
    Ok(grants.into_iter().map(|stored| stored.doc).collect())
}

/// Fails when the grant under which `caller` acts has ended: a token may be minutes old.
pub async fn still_given(tx: &mut Tx, caller: &Caller) -> Result<()> {
    let Some(id) = caller.principal.emergency else { return Ok(()) };
    let grant = tx.load::<EmergencyGrant>(id).await?;
    if grant.is_in_effect(tx.now()) { Ok(()) } else { Err(EmergencyError::Settled.into()) }
}

/// The custodian whose card signed `terms`. Over HTTP it is the caller's own card.
async fn hand(
    tx: &mut Tx,
    terms: &EmergencyTerms,
    endorsement: &Endorsement,
    caller: Option<PersonId>,
) -> Result<CustodianHand> {
    let (content, usage) = (EmergencyContent::new(terms), Usage::CitizenSignature);
    let card = endorsements::verify(&tx.context(), endorsement, &content, usage).await;
    let card = card.map_err(edge::refused)?;
    let person = store::people::by_thumbprint(tx.conn(), &card.thumbprint_sha256).await?;
    let person = person.ok_or(EmergencyError::NotCustodian)?.doc;
    person.active_card(&card)?;
    let named = tx.find::<Custodians>(Custodians::ID).await?;
    let is_named = named.is_some_and(|custodians| custodians.people.contains(&person.id));
    let is_caller = caller.is_none_or(|caller| caller == person.id);
    if !is_named || !is_caller || !fits_as_custodian(&person, days::taipei_date(tx.now())) {
        return Err(EmergencyError::NotCustodian.into());
    }
    edge::keep(tx, endorsement, (&content, &card, usage), (CLAUSE, Matter::default())).await?;
    Ok(CustodianHand { person: person.id, at: tx.now(), endorsement: endorsement.clone() })
}

/// The first custodian asks for a grant.
pub async fn propose(
    tx: &mut Tx,
    terms: &EmergencyTerms,
    endorsement: &Endorsement,
    caller: Option<PersonId>,
) -> Result<Stored<EmergencyGrant>> {
    if tx.find::<EmergencyGrant>(terms.grant).await?.is_some() {
        return Err(EmergencyError::Settled.into());
    }
    let hand = hand(tx, terms, endorsement, caller).await?;
    let receiver = tx.find::<Person>(terms.receiver).await?.ok_or(EmergencyError::Receiver)?.doc;
    let grant = EmergencyGrant::propose(terms.clone(), hand, &receiver, days::taipei_date(tx.now()))?;
    let version = tx.insert(&grant).await?;
    record(tx, &grant, "emergency-proposed").await?;
    Ok(Stored { version, doc: grant })
}

/// The second custodian signs the same terms: the grant has effect, is told, and owes a review.
pub async fn complete(
    tx: &mut Tx,
    grant: &mut Stored<EmergencyGrant>,
    endorsement: &Endorsement,
    caller: Option<PersonId>,
) -> Result<i64> {
    let hand = hand(tx, &grant.terms.clone(), endorsement, caller).await?;
    // The receiver's row is written: of two grants completed at once for one person, one is done again and refused.
    let mut receiver = tx.load::<Person>(grant.receiver_id).await?;
    acts::save_person(tx, &mut receiver).await?;
    let others = given_to(tx.conn(), grant.receiver_id).await?;
    let context = tx.context();
    let terms = context.settings().governance;
    let today = days::taipei_date(tx.now());
    let due_on = context.calendar().working_days_after(today, terms.review_working_days);
    grant.complete(hand, terms.emergency_hours, due_on, &others)?;
    let version = tx.update(grant).await?;
    record(tx, grant, "emergency-grant").await?;
    tell(tx, grant, "in_effect").await?;
    obligations::open(
        tx,
        NewObligation {
            key: review_key(grant.id),
            duty: REVIEW.to_owned(),
            clause: CLAUSE.to_owned(),
            title: "Review of a break-glass grant".to_owned(),
            title_zh: "緊急授權覆核".to_owned(),
            rule_pack: "settings/governance".to_owned(),
            actor: "auditor".to_owned(),
            agency_id: None,
            subject: Some(url(grant.id)),
            due_on,
        },
    )
    .await?;
    Ok(version)
}

/// Breaks the glass with both cards at once: for the case that nobody can sign in. As [`propose`] and [`complete`].
pub async fn break_glass(
    context: &Context,
    terms: &EmergencyTerms,
    endorsements: &[Endorsement; 2],
) -> Result<EmergencyGrant> {
    edge::text("/terms/reason", &terms.reason, 500)?;
    let [first, second] = endorsements;
    let grant = context
        .transaction(async |tx| {
            let mut grant = propose(tx, terms, first, None).await?;
            complete(tx, &mut grant, second, None).await?;
            Ok(grant.doc)
        })
        .await?;
    sound_the_alarm(&grant);
    Ok(grant)
}

/// A line that alerts are made of, and a count. After the commit: what is rolled back alarms nobody.
pub fn sound_the_alarm(grant: &EmergencyGrant) {
    let roles = grant.terms.roles.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    tracing::error!(
        alert = "break-glass",
        grant = %grant.id,
        receiver = %grant.receiver_id,
        roles,
        until = ?grant.until,
        "the glass was broken: two custodians gave roles for an emergency"
    );
    chassis::telemetry::count("datawarden.emergency.grants");
}

/// Enters the grant's present state for the governance log.
pub async fn record(tx: &mut Tx, grant: &EmergencyGrant, kind: &str) -> Result<()> {
    let digest = canonical::sha256_hex(&canonical::bytes(grant)?);
    acts::record_governance(tx, kind, &digest, CLAUSE).await
}

/// Tells others.
pub async fn tell(tx: &mut Tx, grant: &EmergencyGrant, state: &str) -> Result<()> {
    match grant.event(state) {
        Some(event) => tx.emit(&event).await,
        None => Ok(()),
    }
}

/// SHA-256 of what was done under `grant`, with the acts.
pub async fn acts_under(
    conn: &mut AsyncPgConnection,
    grant: EmergencyGrantId,
) -> Result<(Vec<chassis::emergency::EmergencyAct>, String)> {
    let acts = chassis::emergency::acts(conn, grant).await?;
    let digest = canonical::sha256_hex(&canonical::bytes(&acts)?);
    Ok((acts, digest))
}

/// The key of the obligation to review `grant`.
pub fn review_key(grant: EmergencyGrantId) -> String {
    format!("{REVIEW}/{grant}")
}

/// Where the grant is shown.
pub fn url(grant: EmergencyGrantId) -> String {
    format!("/v1/emergency-grants/{grant}")
}

/// Names custodians anew (a governed change): each must fit, and two are the least.
pub async fn name_custodians(tx: &mut Tx, people: &std::collections::BTreeSet<PersonId>) -> Result<()> {
    check_custodians(tx, people).await?;
    tx.put(&Custodians { people: people.clone() }).await
}

/// Whether these people can be custodians.
pub async fn check_custodians(tx: &mut Tx, people: &std::collections::BTreeSet<PersonId>) -> Result<()> {
    let day = days::taipei_date(tx.now());
    let mut fit = people.len() >= 2;
    for id in people {
        let person = tx.find::<Person>(*id).await?;
        fit &= person.is_some_and(|person| fits_as_custodian(&person, day));
    }
    if fit { Ok(()) } else { Err(EmergencyError::UnfitCustodians.into()) }
}
