//! Every pair of hands on a grant, and what time does to it.

use super::*;
use crate::domain::person::{Card, CardStatus};
use account_types::CardBinding;
use identity::{SignatureAlgorithm, SignatureForm};
use kernel::RegisterKey;
use kernel::ids::{AgencyId, UnitId};

const DUE: &str = "2026-03-05";

pub(crate) fn now() -> DateTime<Utc> {
    "2026-03-02T01:00:00Z".parse().unwrap()
}

pub(crate) fn day() -> NaiveDate {
    "2026-03-02".parse().unwrap()
}

fn id(n: u128) -> PersonId {
    PersonId(Uuid::from_u128(n))
}

pub(crate) fn endorsement() -> Endorsement {
    Endorsement {
        content_digest: String::new(),
        certificate: vec![],
        algorithm: SignatureAlgorithm::Es256,
        form: SignatureForm::Raw,
        signature: String::new(),
        signed_at: now(),
    }
}

fn hand(n: u128, at: DateTime<Utc>) -> CustodianHand {
    CustodianHand { person: id(n), at, endorsement: endorsement() }
}

fn names(roles: &[&str]) -> BTreeSet<String> {
    roles.iter().map(|r| (*r).to_owned()).collect()
}

pub(crate) fn terms() -> EmergencyTerms {
    EmergencyTerms {
        grant: EmergencyGrantId(Uuid::from_u128(77)),
        written_at: now(),
        receiver: id(3),
        post: PostId(Uuid::from_u128(3)),
        roles: names(&["administrator"]),
        hours: Some(2),
        reason: "x".into(),
    }
}

pub(crate) fn person(n: u128, roles: &[&str]) -> Person {
    let key = RegisterKey::derive(&[1; 32], "people").unwrap();
    let sealed = || key.seal("x").unwrap();
    let binding = CardBinding {
        issuer_key_id: String::new(),
        certificate_serial: String::new(),
        thumbprint: n.to_string(),
    };
    Person {
        id: id(n),
        staff_number: n.to_string(),
        name: sealed(),
        national_id: sealed(),
        last_four: sealed(),
        in_service: true,
        posts: vec![Post {
            id: PostId(Uuid::from_u128(n)),
            agency: AgencyId(Uuid::nil()),
            unit: UnitId(Uuid::nil()),
            title: String::new(),
            roles: names(roles),
            from: "2025-01-01".parse().unwrap(),
            until: None,
            deputy_for: None,
        }],
        cards: vec![Card { binding, status: CardStatus::Active, bound_at: now() }],
        declared_subjects: BTreeSet::new(),
        agency_id: None,
        revision: 1,
    }
}

fn proposed(terms: EmergencyTerms, by: u128) -> Result<EmergencyGrant, EmergencyError> {
    EmergencyGrant::propose(terms, hand(by, now()), &person(3, &["it_unit"]), day())
}

fn given() -> EmergencyGrant {
    let mut grant = proposed(terms(), 1).unwrap();
    grant.complete(hand(2, now()), 4, DUE.parse().unwrap(), &[]).unwrap();
    grant
}

#[test]
fn of_every_pair_only_two_others_than_the_receiver_break_the_glass() {
    for first in 1..=3 {
        for second in 1..=3 {
            let grant = proposed(terms(), first);
            if first == 3 {
                assert_eq!(grant.unwrap_err(), EmergencyError::Own);
                continue;
            }
            let outcome = grant.unwrap().complete(hand(second, now()), 4, DUE.parse().unwrap(), &[]);
            let wanted = match second {
                s if s == first => Err(EmergencyError::SamePerson),
                3 => Err(EmergencyError::Own),
                _ => Ok(()),
            };
            assert_eq!(outcome, wanted, "{first} {second}");
        }
    }
}

#[test]
fn no_grant_gives_a_role_that_queries_endorses_audits_or_destroys() {
    for role in Role::ALL {
        let terms = EmergencyTerms { roles: names(&["administrator", role.code()]), ..terms() };
        let gives =
            matches!(role, Role::Administrator | Role::ItUnit | Role::ItCentre | Role::DesignatedOfficer);
        assert_eq!(proposed(terms, 1).is_ok(), gives, "{role}");
    }
    assert_eq!(proposed(EmergencyTerms { roles: names(&[]), ..terms() }, 1), Err(EmergencyError::Roles));
    assert_eq!(
        proposed(EmergencyTerms { roles: names(&["root"]), ..terms() }, 1),
        Err(EmergencyError::Roles)
    );
}

#[test]
fn a_grant_ends_by_time_alone_and_the_usual_hours_count_where_none_are_named() {
    let grant = given();
    let end = now() + Duration::hours(2);
    assert!(grant.is_in_effect(now()) && grant.is_in_effect(end - Duration::seconds(1)));
    assert!(!grant.is_in_effect(now() - Duration::seconds(1)) && !grant.is_in_effect(end));
    for (named, usual, hours) in [(None, 4, 4), (Some(24), 4, 24), (None, 99, 24)] {
        let mut grant = proposed(EmergencyTerms { hours: named, ..terms() }, 1).unwrap();
        grant.complete(hand(2, now()), usual, DUE.parse().unwrap(), &[]).unwrap();
        assert_eq!(grant.until, Some(now() + Duration::hours(hours)));
    }
    for hours in [0, 25] {
        let long = EmergencyTerms { hours: Some(hours), ..terms() };
        assert_eq!(proposed(long, 1), Err(EmergencyError::Hours));
    }
}

#[test]
fn the_roles_are_the_posts_again_the_moment_the_grant_ends() {
    let (grants, holder) = ([given()], person(3, &["it_unit"]));
    let post = &holder.posts[0];
    let within = access(post, &grants, now());
    assert_eq!(within.roles, [Role::ItUnit, Role::Administrator].into());
    assert_eq!(within.emergency, Some(grants[0].id));
    assert_eq!(within.until, Some(now() + Duration::hours(2)));
    let after = access(post, &grants, now() + Duration::hours(2));
    assert_eq!((after.roles, after.emergency, after.until), ([Role::ItUnit].into(), None, None));
    let other = Post { id: PostId(Uuid::from_u128(8)), ..post.clone() };
    assert_eq!(access(&other, &grants, now()).emergency, None, "it is for one post");
}

#[test]
fn a_grant_is_not_prolonged_and_stale_terms_give_nothing() {
    let mut second = proposed(EmergencyTerms { grant: EmergencyGrantId(Uuid::nil()), ..terms() }, 1).unwrap();
    let due = DUE.parse().unwrap();
    assert_eq!(second.complete(hand(2, now()), 4, due, &[given()]), Err(EmergencyError::InEffect));
    let later = now() + Duration::hours(8) + Duration::seconds(1);
    assert_eq!(second.complete(hand(2, later), 4, due, &[]), Err(EmergencyError::Stale));
    let future = EmergencyTerms { written_at: now() + Duration::minutes(6), ..terms() };
    assert_eq!(proposed(future, 1), Err(EmergencyError::Stale));
    let mut done = given();
    assert_eq!(done.complete(hand(4, now()), 4, due, &[]), Err(EmergencyError::Settled));
}

#[test]
fn the_receiver_holds_the_post_as_his_own() {
    let mut left = person(3, &["it_unit"]);
    left.in_service = false;
    let mut deputy = person(3, &["it_unit"]);
    deputy.posts[0].deputy_for = Some(PostId(Uuid::nil()));
    let mut ended = person(3, &["it_unit"]);
    ended.posts[0].until = Some("2026-03-01".parse().unwrap());
    for receiver in [left, deputy, ended] {
        let refused = EmergencyGrant::propose(terms(), hand(1, now()), &receiver, day());
        assert_eq!(refused, Err(EmergencyError::Receiver));
    }
}

#[test]
fn custodians_have_cards_and_are_no_administrators() {
    assert!(fits_as_custodian(&person(1, &["agency_head"]), day()));
    assert!(!fits_as_custodian(&person(1, &["administrator"]), day()));
    let mut lost = person(1, &["agency_head"]);
    lost.lose_cards(None);
    assert!(!fits_as_custodian(&lost, day()));
}

#[test]
fn nobody_who_took_part_reviews_and_only_after_the_end_on_what_was_done() {
    let end = now() + Duration::hours(2);
    let review = |n: u128, at, acts_digest: &str| Review {
        person: id(n),
        post: PostId(Uuid::nil()),
        at,
        proper: true,
        findings: "x".into(),
        acts: 0,
        acts_digest: acts_digest.into(),
        endorsement: endorsement(),
    };
    let mut grant = given();
    assert_eq!(grant.close(review(5, now(), "a"), "a"), Err(EmergencyError::NotEnded));
    for participant in 1..=3 {
        assert_eq!(grant.close(review(participant, end, "a"), "a"), Err(EmergencyError::Participant));
    }
    assert_eq!(grant.close(review(5, end, "b"), "a"), Err(EmergencyError::OtherActs));
    assert_eq!(grant.close(review(5, end, "a"), "a"), Ok(()));
    assert_eq!(grant.close(review(5, end, "a"), "a"), Err(EmergencyError::Settled));
    let mut early = given();
    early.end(id(1), now() + Duration::minutes(1)).unwrap();
    assert_eq!(early.close(review(5, now() + Duration::minutes(1), "a"), "a"), Ok(()));
    assert!(!early.is_in_effect(now() + Duration::minutes(1)));
}
