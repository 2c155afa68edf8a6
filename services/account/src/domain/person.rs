//! People with their posts and cards. One person, one record; several posts; deputies hold posts in somebody's place.

use std::collections::BTreeSet;

use account_types::events::{PersonChanged, PostSnapshot};
use account_types::{CardBinding, NewPost};
use chassis::{Document, Problem};
use chrono::{DateTime, NaiveDate, Utc};
use identity::{CertificateIdentity, Role};
use kernel::Sealed;
use kernel::ids::{AgencyId, PersonId, PostId, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::problems;

/// Where a card stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CardStatus {
    /// In use.
    Active,
    /// Reported lost (I3.7).
    Lost,
}

/// A bound card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Card {
    /// The certificate.
    pub binding: CardBinding,
    /// State.
    pub status: CardStatus,
    /// Since when it is bound.
    pub bound_at: DateTime<Utc>,
}

/// A post, held or stood in for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Post {
    /// Its id.
    pub id: PostId,
    /// Agency.
    pub agency: AgencyId,
    /// Unit.
    pub unit: UnitId,
    /// Title (職稱).
    pub title: String,
    /// Roles, snake_case names.
    pub roles: BTreeSet<String>,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub until: Option<NaiveDate>,
    /// For a deputy: the post that is stood in for.
    pub deputy_for: Option<PostId>,
}

impl Post {
    /// Whether it is held on `day`.
    pub fn is_held(&self, day: NaiveDate) -> bool {
        self.from <= day && self.until.is_none_or(|until| day <= until)
    }

    /// Its roles.
    pub fn roles(&self) -> BTreeSet<Role> {
        self.roles.iter().filter_map(|r| r.parse().ok()).collect()
    }
}

/// A person. Name and national id are sealed; answers never hold the national id.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Its id.
    pub id: PersonId,
    /// Staff number (員工代號).
    pub staff_number: String,
    /// Name.
    pub name: Sealed,
    /// National id.
    pub national_id: Sealed,
    /// Last four of the national id, as the card carries them.
    pub last_four: Sealed,
    /// False after leaving or retirement.
    pub in_service: bool,
    /// Present and past posts, the main one first.
    pub posts: Vec<Post>,
    /// Cards.
    pub cards: Vec<Card>,
    /// Keyed hashes of own and relatives' national ids.
    pub declared_subjects: BTreeSet<String>,
    /// Agency of the main post: for lists.
    pub agency_id: Option<AgencyId>,
    /// Counts changes.
    pub revision: i64,
}

impl Document for Person {
    const TABLE: &'static str = "people";
    fn id(&self) -> Uuid {
        self.id.0
    }
}

/// Why a person or post cannot be had for an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PersonError {
    /// Left or retired.
    #[error("the person is no longer in service")]
    NotInService,
    /// No such post, or not held now.
    #[error("the person does not hold this post now")]
    NoPost,
    /// A role that does not exist.
    #[error("there is no such role")]
    UnknownRole,
    /// The card is not bound to the person, or lost.
    #[error("the card is not bound to this person, or was reported lost")]
    ForeignCard,
    /// The deputy is the one who is stood in for.
    #[error("nobody is his own deputy")]
    OwnDeputy,
    /// Roles beyond the post's.
    #[error("a deputy gets no role that the post does not have, and hands on none")]
    BeyondPost,
    /// Days in the wrong order or past.
    #[error("the days are in the wrong order or past")]
    Days,
    /// The one who orders it is the deputy, or has no say over the post.
    #[error(
        "only the holder of the post, the unit's supervisor or the agency's head may do this, never the deputy"
    )]
    NotSuperior,
}

impl From<PersonError> for chassis::Error {
    fn from(error: PersonError) -> Self {
        let kind = match error {
            PersonError::ForeignCard => &problems::FOREIGN_CARD,
            PersonError::OwnDeputy | PersonError::NotSuperior => &problems::OWN_MATTER,
            _ => &problems::PERSON_UNFIT,
        };
        Problem::new(kind, error.to_string()).into()
    }
}

impl Person {
    /// State as others see it.
    pub fn event(&self) -> PersonChanged {
        let posts = self
            .posts
            .iter()
            .map(|p| PostSnapshot {
                id: p.id,
                agency: p.agency,
                unit: p.unit,
                roles: p.roles.clone(),
                from: p.from,
                until: p.until,
                deputy_for: p.deputy_for,
            })
            .collect();
        PersonChanged {
            person: self.id,
            in_service: self.in_service,
            posts,
            declared_subjects: self.declared_subjects.clone(),
            cards: self
                .cards
                .iter()
                .filter(|c| c.status == CardStatus::Active)
                .map(|c| format!("{}:{}", c.binding.issuer_key_id, c.binding.certificate_serial))
                .collect(),
            revision: self.revision,
        }
    }

    /// The post `id`, held on `day`.
    pub fn held(&self, id: PostId, day: NaiveDate) -> Result<&Post, PersonError> {
        if !self.in_service {
            return Err(PersonError::NotInService);
        }
        self.posts.iter().find(|p| p.id == id && p.is_held(day)).ok_or(PersonError::NoPost)
    }

    /// The first own post held on `day`.
    pub fn main_post(&self, day: NaiveDate) -> Option<&Post> {
        self.posts.iter().find(|p| p.deputy_for.is_none() && p.is_held(day))
    }

    /// The post that a token is for: `wanted`, else the first one held on `day`.
    pub fn post_for_token(&self, wanted: Option<PostId>, day: NaiveDate) -> Result<&Post, PersonError> {
        if !self.in_service {
            return Err(PersonError::NotInService);
        }
        match wanted {
            Some(id) => self.held(id, day),
            None => self.main_post(day).ok_or(PersonError::NoPost),
        }
    }

    /// The active card with this certificate.
    pub fn active_card(&self, certificate: &CertificateIdentity) -> Result<&Card, PersonError> {
        self.cards
            .iter()
            .find(|c| c.status == CardStatus::Active && is_bound(&c.binding, certificate))
            .ok_or(PersonError::ForeignCard)
    }

    /// Whether a card is in use.
    pub fn has_card(&self) -> bool {
        self.cards.iter().any(|c| c.status == CardStatus::Active)
    }

    /// Marks cards lost: the one with `thumbprint`, else all. Gives how many were in use.
    pub fn lose_cards(&mut self, thumbprint: Option<&str>) -> usize {
        let lost = self.cards.iter_mut().filter(|c| {
            c.status == CardStatus::Active && thumbprint.is_none_or(|t| c.binding.thumbprint == t)
        });
        let mut count = 0;
        for card in lost {
            card.status = CardStatus::Lost;
            count += 1;
        }
        count
    }

    /// Adds a post after checking its roles and days.
    pub fn appoint(&mut self, id: PostId, new: &NewPost) -> Result<(), PersonError> {
        check_roles(&new.roles)?;
        if new.until.is_some_and(|until| until < new.from) {
            return Err(PersonError::Days);
        }
        self.posts.push(Post {
            id,
            agency: new.agency,
            unit: new.unit,
            title: new.title.clone(),
            roles: new.roles.clone(),
            from: new.from,
            until: new.until,
            deputy_for: None,
        });
        self.agency_id = self.agency_id.or(Some(new.agency));
        self.in_service = true;
        Ok(())
    }

    /// Ends the posts that `only` picks (all without it) on `last`, and deputyships with them.
    pub fn end_posts(&mut self, last: NaiveDate, only: Option<PostId>) {
        for post in &mut self.posts {
            if only.is_none_or(|id| post.id == id) && post.until.is_none_or(|until| until > last) {
                post.until = Some(last);
            }
        }
    }
}

/// Whether the certificate is the one that `binding` names.
pub fn is_bound(binding: &CardBinding, certificate: &CertificateIdentity) -> bool {
    binding.issuer_key_id == certificate.issuer_key_id
        && binding.certificate_serial == certificate.certificate_serial
        && binding.thumbprint == certificate.thumbprint_sha256
}

/// Fails on a role that does not exist.
pub fn check_roles(roles: &BTreeSet<String>) -> Result<(), PersonError> {
    if roles.iter().all(|r| r.parse::<Role>().is_ok()) { Ok(()) } else { Err(PersonError::UnknownRole) }
}

/// The post that `deputy` gets under `terms`: only by the holder or a superior (the supervisor of the post's unit, the head
/// of its agency), never by the deputy, never more than the post has, never backwards in time. Who stands in for somebody
/// hands that on to nobody.
pub fn deputise(
    principal: &Person,
    deputy: &Person,
    terms: &account_types::DeputyTerms,
    actor: &crate::domain::actor::Actor,
    (id, today): (PostId, NaiveDate),
) -> Result<Post, PersonError> {
    if principal.id == deputy.id {
        return Err(PersonError::OwnDeputy);
    }
    if !deputy.in_service || deputy.main_post(terms.from).is_none() {
        return Err(PersonError::NotInService);
    }
    let post = principal.held(terms.post, terms.from)?;
    if terms.until < terms.from || terms.from < today {
        return Err(PersonError::Days);
    }
    if post.deputy_for.is_some() || terms.roles.is_empty() || !terms.roles.is_subset(&post.roles) {
        return Err(PersonError::BeyondPost);
    }
    let unit_head = actor.unit == post.unit && actor.has_any(&[Role::UnitSupervisor]);
    let superior = actor.agency == post.agency && (unit_head || actor.has_any(&[Role::AgencyHead]));
    if actor.person == deputy.id || !(actor.person == principal.id || superior) {
        return Err(PersonError::NotSuperior);
    }
    Ok(Post {
        id,
        agency: post.agency,
        unit: post.unit,
        title: post.title.clone(),
        roles: terms.roles.clone(),
        from: terms.from,
        until: Some(terms.until),
        deputy_for: Some(post.id),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::Actor;
    use account_types::{AgencyKind, DeputyTerms};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn post(number: u128, unit: u128, roles: &[&str]) -> Post {
        Post {
            id: Uuid::from_u128(number).into(),
            agency: Uuid::from_u128(100).into(),
            unit: Uuid::from_u128(unit).into(),
            title: "科員".into(),
            roles: roles.iter().map(|r| (*r).to_owned()).collect(),
            from: day("2026-01-01"),
            until: None,
            deputy_for: None,
        }
    }

    fn person(number: u128, post: Post) -> Person {
        let sealed = || Sealed { hash: String::new(), value: String::new() };
        Person {
            id: Uuid::from_u128(number).into(),
            staff_number: number.to_string(),
            name: sealed(),
            national_id: sealed(),
            last_four: sealed(),
            in_service: true,
            posts: vec![post],
            cards: vec![],
            declared_subjects: BTreeSet::new(),
            agency_id: None,
            revision: 1,
        }
    }

    fn actor(number: u128, unit: u128, roles: &[Role]) -> Actor {
        Actor {
            person: Uuid::from_u128(number).into(),
            post: Uuid::from_u128(10 * number).into(),
            acting_for: None,
            agency: Uuid::from_u128(100).into(),
            agency_kind: AgencyKind::DistrictOffice,
            emergency: None,
            unit: Uuid::from_u128(unit).into(),
            roles: roles.iter().copied().collect(),
        }
    }

    #[test]
    fn a_deputy_is_appointed_by_the_holder_the_units_supervisor_or_the_agencys_head_within_the_posts_bounds()
    {
        let (principal, deputy) =
            (person(1, post(10, 200, &["user", "auditor"])), person(2, post(20, 200, &["user"])));
        let terms = DeputyTerms {
            principal: principal.id,
            post: principal.posts[0].id,
            deputy: deputy.id,
            from: day("2026-03-02"),
            until: day("2026-03-06"),
            roles: ["auditor".to_owned()].into(),
        };
        let today = (Uuid::from_u128(99).into(), day("2026-03-02"));
        let by = |actor: Actor| {
            deputise(&principal, &deputy, &terms, &actor, today).map(|p| (p.until, p.deputy_for))
        };
        let granted = Ok((Some(terms.until), Some(terms.post)));
        assert_eq!(by(actor(1, 200, &[Role::User])), granted);
        assert_eq!(by(actor(3, 200, &[Role::UnitSupervisor])), granted);
        assert_eq!(by(actor(3, 201, &[Role::AgencyHead])), granted);
        for stranger in [
            actor(2, 200, &[Role::UnitSupervisor]),
            actor(3, 201, &[Role::UnitSupervisor]),
            actor(3, 200, &[Role::User]),
        ] {
            assert_eq!(by(stranger), Err(PersonError::NotSuperior));
        }
        let refused = |terms: DeputyTerms| {
            deputise(&principal, &deputy, &terms, &actor(1, 200, &[]), today).map(|p| p.id).unwrap_err()
        };
        let roles = ["it_unit".to_owned()].into();
        assert_eq!(refused(DeputyTerms { roles, ..terms.clone() }), PersonError::BeyondPost);
        assert_eq!(refused(DeputyTerms { roles: BTreeSet::new(), ..terms.clone() }), PersonError::BeyondPost);
        assert_eq!(refused(DeputyTerms { until: day("2026-03-01"), ..terms.clone() }), PersonError::Days);
        assert_eq!(refused(DeputyTerms { from: day("2026-03-01"), ..terms.clone() }), PersonError::Days);
        let mut stands_in = principal.clone();
        stands_in.posts[0].deputy_for = Some(Uuid::from_u128(11).into());
        let handed_on = deputise(&stands_in, &deputy, &terms, &actor(1, 200, &[]), today);
        assert_eq!(handed_on.map(|p| p.id), Err(PersonError::BeyondPost));
    }
}
