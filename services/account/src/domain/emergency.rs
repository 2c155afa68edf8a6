//! Break-glass (design, first start and emergency): for the case that administrators are not at hand. Two custodians,
//! named beforehand, give a person roles of administration for a few hours. It ends by time alone, opens no data, names
//! every act, and is reviewed by an auditor who took no part.

use std::collections::BTreeSet;

use account_types::EmergencyTerms;
use account_types::events::EmergencyChanged;
use chassis::{Document, Problem};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use identity::{Endorsement, Role};
use kernel::ids::{EmergencyGrantId, PersonId, PostId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::person::{Person, Post};
use crate::problems;

/// Roles that a grant may give: those that let administrators in again, hold accounts back and mend events. None of them
/// queries, endorses a query, reads the log, audits or destroys.
const GIVEN: [Role; 4] = [Role::Administrator, Role::ItUnit, Role::ItCentre, Role::DesignatedOfficer];
/// Longest grant in hours, whatever the settings say.
pub const MOST_HOURS: u32 = 24;
/// Hours for which signed terms hold.
const TERMS_HOURS: i64 = 8;
/// How far ahead the clock of whoever wrote the terms may be, in minutes.
const CLOCK_AHEAD: i64 = 5;

/// Whether a grant may give all of `roles`, or somebody under a grant may give them.
pub fn may_give(roles: &BTreeSet<String>) -> bool {
    !roles.is_empty() && roles.iter().all(|r| r.parse().is_ok_and(|role| GIVEN.contains(&role)))
}

/// Whether a card may be bound to `person` by somebody under a grant: not to one who may do more than a grant gives.
pub fn may_let_in(person: &Person, day: NaiveDate) -> bool {
    let mut held = person.posts.iter().filter(|post| post.is_held(day));
    held.all(|post| may_give(&post.roles))
}

/// Who may break the glass: one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Custodians {
    /// The people.
    pub people: BTreeSet<PersonId>,
}

impl Custodians {
    /// The id of the one document.
    pub const ID: Uuid = Uuid::from_u128(1);
}

impl Document for Custodians {
    const TABLE: &'static str = "custodians";
    fn id(&self) -> Uuid {
        Self::ID
    }
}

/// Where a grant stands. Whether it has effect is told by time, see [`EmergencyGrant::is_in_effect`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmergencyStatus {
    /// Waits for the second custodian.
    Proposed,
    /// Given: in effect until its end, then to be reviewed.
    Given,
    /// Reviewed.
    Reviewed,
}

/// One of the two custodians.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CustodianHand {
    /// Who.
    pub person: PersonId,
    /// When.
    pub at: DateTime<Utc>,
    /// The card signature.
    pub endorsement: Endorsement,
}

/// The review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Review {
    /// Who.
    pub person: PersonId,
    /// In which own post.
    pub post: PostId,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether there was an emergency and everything done was needed.
    pub proper: bool,
    /// Findings.
    pub findings: String,
    /// Acts under the grant.
    pub acts: usize,
    /// SHA-256 of their canonical bytes.
    pub acts_digest: String,
    /// The card signature.
    pub endorsement: Endorsement,
}

/// A break-glass grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EmergencyGrant {
    /// Its id, from the terms.
    pub id: EmergencyGrantId,
    /// What both signed.
    pub terms: EmergencyTerms,
    /// State.
    pub status: EmergencyStatus,
    /// The receiver: for the look-up at login.
    pub receiver_id: PersonId,
    /// First custodian.
    pub first: CustodianHand,
    /// Second custodian.
    pub second: Option<CustodianHand>,
    /// From when it has effect.
    pub from: Option<DateTime<Utc>>,
    /// From when it has none any more; moved forward when it is ended early.
    pub until: Option<DateTime<Utc>>,
    /// Who ended it early.
    pub ended_by: Option<PersonId>,
    /// Last day on which the review is in time.
    pub review_due_on: Option<NaiveDate>,
    /// The review.
    pub review: Option<Review>,
    /// Counts changes.
    pub revision: i64,
}

impl Document for EmergencyGrant {
    const TABLE: &'static str = "emergency_grants";
    fn id(&self) -> Uuid {
        self.id.0
    }
}

/// Why a grant is not given, ended or reviewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmergencyError {
    /// Fewer than two custodians, or one of them an administrator.
    #[error("name at least two people in service with cards, none of them an administrator")]
    UnfitCustodians,
    /// The signer is not named, left, or is an administrator by now.
    #[error("the card belongs to nobody who is named as custodian")]
    NotCustodian,
    /// Both signatures are one person's.
    #[error("a second custodian signs, never the first one again")]
    SamePerson,
    /// A custodian gives himself roles.
    #[error("nobody who signs the grant receives it")]
    Own,
    /// Roles that no grant gives.
    #[error(
        "a grant gives roles of administration alone: administrator, it_unit, it_centre, designated_officer"
    )]
    Roles,
    /// Hours out of range.
    #[error("a grant lasts 1 to 24 hours")]
    Hours,
    /// Terms too old, or from the future.
    #[error("terms hold for eight hours: write them anew")]
    Stale,
    /// The receiver has left or does not hold the post.
    #[error("the receiver does not hold this post now")]
    Receiver,
    /// The receiver has one already.
    #[error("the receiver acts under a grant already; it cannot be prolonged")]
    InEffect,
    /// Not in the state for this step.
    #[error("the grant is not where this step begins")]
    Settled,
    /// It still has effect.
    #[error("a grant is reviewed after its end: end it first")]
    NotEnded,
    /// The reviewer took part.
    #[error("neither a custodian nor the receiver reviews the grant")]
    Participant,
    /// More was done than the reviewer saw.
    #[error("read the acts under the grant again: `acts_digest` is of others")]
    OtherActs,
}

impl EmergencyError {
    /// The field of the request that is at fault.
    fn pointer(self) -> Option<&'static str> {
        Some(match self {
            Self::Roles => "/terms/roles",
            Self::Hours => "/terms/hours",
            Self::Stale => "/terms/written_at",
            Self::Receiver => "/terms/post",
            Self::OtherActs => "/words/acts_digest",
            Self::UnfitCustodians => "/change/custodians",
            _ => return None,
        })
    }
}

impl From<EmergencyError> for chassis::Error {
    fn from(error: EmergencyError) -> Self {
        use EmergencyError as E;
        let kind = match error {
            E::NotCustodian | E::SamePerson => &problems::NOT_CUSTODIAN,
            E::Own => &problems::OWN_MATTER,
            E::Participant => &problems::REVIEWED_BY_PARTICIPANT,
            E::Settled | E::NotEnded | E::InEffect => &problems::EMERGENCY_SETTLED,
            E::UnfitCustodians | E::Roles | E::Hours | E::Stale | E::Receiver | E::OtherActs => {
                &problems::EMERGENCY_TERMS
            }
        };
        let problem = Problem::new(kind, error.to_string()).clause("invariant-11");
        match error.pointer() {
            Some(pointer) => problem.field(pointer, error.to_string()).into(),
            None => problem.into(),
        }
    }
}

/// Whether `person` can be a custodian on `day`: in service, with a card, no administrator. The two kinds of people who
/// can change everything stay apart.
pub fn fits_as_custodian(person: &Person, day: NaiveDate) -> bool {
    let administers = |post: &Post| post.is_held(day) && post.roles().contains(&Role::Administrator);
    person.in_service && person.has_card() && !person.posts.iter().any(administers)
}

impl EmergencyGrant {
    /// The grant as the first custodian asks for it.
    pub fn propose(
        terms: EmergencyTerms,
        hand: CustodianHand,
        receiver: &Person,
        day: NaiveDate,
    ) -> Result<Self, EmergencyError> {
        if !may_give(&terms.roles) {
            return Err(EmergencyError::Roles);
        }
        if terms.hours.is_some_and(|hours| !(1..=MOST_HOURS).contains(&hours)) {
            return Err(EmergencyError::Hours);
        }
        check_fresh(&terms, hand.at)?;
        if hand.person == terms.receiver {
            return Err(EmergencyError::Own);
        }
        let post = receiver.held(terms.post, day).map_err(|_| EmergencyError::Receiver)?;
        if post.deputy_for.is_some() {
            return Err(EmergencyError::Receiver);
        }
        Ok(Self {
            id: terms.grant,
            receiver_id: terms.receiver,
            terms,
            status: EmergencyStatus::Proposed,
            first: hand,
            second: None,
            from: None,
            until: None,
            ended_by: None,
            review_due_on: None,
            review: None,
            revision: 1,
        })
    }

    /// The second custodian's hand: the grant has effect at once. `usual_hours` count where the terms name none;
    /// `others` are the receiver's grants.
    pub fn complete(
        &mut self,
        hand: CustodianHand,
        usual_hours: u32,
        review_due_on: NaiveDate,
        others: &[Self],
    ) -> Result<(), EmergencyError> {
        if self.status != EmergencyStatus::Proposed {
            return Err(EmergencyError::Settled);
        }
        if self.first.person == hand.person {
            return Err(EmergencyError::SamePerson);
        }
        if hand.person == self.terms.receiver {
            return Err(EmergencyError::Own);
        }
        check_fresh(&self.terms, hand.at)?;
        if others.iter().any(|other| other.is_in_effect(hand.at)) {
            return Err(EmergencyError::InEffect);
        }
        let hours = self.terms.hours.unwrap_or(usual_hours).clamp(1, MOST_HOURS);
        self.from = Some(hand.at);
        self.until = Some(hand.at + Duration::hours(hours.into()));
        self.review_due_on = Some(review_due_on);
        self.second = Some(hand);
        self.status = EmergencyStatus::Given;
        self.revision += 1;
        Ok(())
    }

    /// Whether its roles count at `now`.
    pub fn is_in_effect(&self, now: DateTime<Utc>) -> bool {
        self.status != EmergencyStatus::Proposed
            && self.from.is_some_and(|from| from <= now)
            && self.until.is_some_and(|until| now < until)
    }

    /// Ends it before its time.
    pub fn end(&mut self, by: PersonId, now: DateTime<Utc>) -> Result<(), EmergencyError> {
        if !self.is_in_effect(now) {
            return Err(EmergencyError::Settled);
        }
        self.until = Some(now);
        self.ended_by = Some(by);
        self.revision += 1;
        Ok(())
    }

    /// Closes it with an auditor's findings on what was done under it.
    pub fn close(&mut self, review: Review, acts_digest: &str) -> Result<(), EmergencyError> {
        if self.status != EmergencyStatus::Given {
            return Err(EmergencyError::Settled);
        }
        if self.is_in_effect(review.at) {
            return Err(EmergencyError::NotEnded);
        }
        if review.person == self.terms.receiver || self.custodians().contains(&review.person) {
            return Err(EmergencyError::Participant);
        }
        if review.acts_digest != acts_digest {
            return Err(EmergencyError::OtherActs);
        }
        self.review = Some(review);
        self.status = EmergencyStatus::Reviewed;
        self.revision += 1;
        Ok(())
    }

    /// The custodians who signed.
    pub fn custodians(&self) -> BTreeSet<PersonId> {
        std::iter::once(&self.first).chain(&self.second).map(|hand| hand.person).collect()
    }

    /// Its state as others see it; nothing before the second signature.
    pub fn event(&self, state: &str) -> Option<EmergencyChanged> {
        Some(EmergencyChanged {
            grant: self.id,
            state: state.to_owned(),
            receiver: self.terms.receiver,
            roles: self.terms.roles.clone(),
            until: self.until?,
            custodians: self.custodians(),
            revision: self.revision,
        })
    }
}

fn check_fresh(terms: &EmergencyTerms, now: DateTime<Utc>) -> Result<(), EmergencyError> {
    let (oldest, newest) = (now - Duration::hours(TERMS_HOURS), now + Duration::minutes(CLOCK_AHEAD));
    if (oldest..=newest).contains(&terms.written_at) { Ok(()) } else { Err(EmergencyError::Stale) }
}

/// What a person may do in a post at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The post's roles, and those of a grant.
    pub roles: BTreeSet<Role>,
    /// The grant, where one adds a role.
    pub emergency: Option<EmergencyGrantId>,
    /// From when on this is no longer so: no session, and so no token, outlives it.
    pub until: Option<DateTime<Utc>>,
}

/// The roles that count for `post` at `now`, with the holder's `grants`.
pub fn access(post: &Post, grants: &[EmergencyGrant], now: DateTime<Utc>) -> Access {
    let mut access = Access { roles: post.roles(), emergency: None, until: None };
    // A person has one grant at a time, see `complete`.
    if let Some(grant) = grants.iter().find(|g| g.terms.post == post.id && g.is_in_effect(now)) {
        access.roles.extend(grant.terms.roles.iter().filter_map(|r| r.parse::<Role>().ok()));
        access.emergency = Some(grant.id);
        access.until = grant.until;
    }
    access
}

#[cfg(test)]
pub(crate) mod tests;
