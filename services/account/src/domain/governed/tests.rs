//! Every pair of hands, and what time does to a proposal.

use super::*;
use account_types::{CardBinding, NewPost};
use identity::{SignatureAlgorithm, SignatureForm};
use kernel::configuration::{ConfigurationItem, ConfigurationKind};

const DAYS: u32 = 14;

fn person(n: u128) -> PersonId {
    PersonId(Uuid::from_u128(n))
}

fn hand(n: u128, at: DateTime<Utc>) -> Hand {
    let endorsement = Endorsement {
        content_digest: String::new(),
        certificate: vec![],
        algorithm: SignatureAlgorithm::Es256,
        form: SignatureForm::Raw,
        signature: String::new(),
        signed_at: at,
    };
    Hand { person: person(n), post: PostId(Uuid::from_u128(n)), at, emergency: None, endorsement }
}

pub(crate) fn card(of: u128) -> GovernedAct {
    let card = CardBinding {
        issuer_key_id: String::new(),
        certificate_serial: String::new(),
        thumbprint: String::new(),
    };
    GovernedAct::BindCard { person: person(of), card }
}

fn proposed(change: GovernedAct, by: u128, at: DateTime<Utc>) -> Result<GovernedChange, GovernedError> {
    GovernedChange::propose(Uuid::nil(), change, "x".into(), hand(by, at), DAYS)
}

#[test]
fn of_every_pair_only_two_others_than_the_one_concerned_change_anything() {
    let now = DateTime::UNIX_EPOCH;
    for proposer in 1..=3 {
        for approver in 1..=3 {
            for concerned in 1..=3 {
                let change = proposed(card(concerned), proposer, now);
                if proposer == concerned {
                    assert_eq!(change.unwrap_err(), GovernedError::Own);
                    continue;
                }
                let outcome = change.unwrap().approve(hand(approver, now));
                let wanted = match approver {
                    a if a == proposer => Err(GovernedError::SamePerson),
                    a if a == concerned => Err(GovernedError::Own),
                    _ => Ok(()),
                };
                assert_eq!(outcome, wanted, "{proposer} {approver} {concerned}");
            }
        }
    }
}

#[test]
fn custodians_are_not_named_by_one_of_them() {
    let now = DateTime::UNIX_EPOCH;
    let named = || GovernedAct::NameCustodians { custodians: [person(2), person(3)].into() };
    assert_eq!(proposed(named(), 2, now).unwrap_err(), GovernedError::Own);
    assert_eq!(proposed(named(), 1, now).unwrap().approve(hand(3, now)), Err(GovernedError::Own));
    assert_eq!(proposed(named(), 1, now).unwrap().approve(hand(4, now)), Ok(()));
}

#[test]
fn a_proposal_ends_by_itself_whether_or_not_the_night_has_marked_it() {
    let now = DateTime::UNIX_EPOCH;
    let last = now + Duration::days(DAYS.into());
    let mut change = proposed(card(3), 1, now).unwrap();
    assert!(!change.expire(last - Duration::seconds(1)));
    assert_eq!(change.clone().approve(hand(2, last - Duration::seconds(1))), Ok(()));
    assert_eq!(change.clone().approve(hand(2, last)), Err(GovernedError::Expired));
    assert!(change.expire(last) && !change.expire(last));
    assert_eq!(change.approve(hand(2, now)), Err(GovernedError::Expired));
    let dropping = Dropping { person: person(1), post: PostId(Uuid::nil()), at: now };
    assert_eq!(change.turn_down(dropping), Err(GovernedError::Settled));
}

#[test]
fn under_a_grant_administrators_are_let_in_and_nothing_else_is_opened() {
    let now = DateTime::UNIX_EPOCH;
    let emergency = Some(EmergencyGrantId(Uuid::from_u128(9)));
    let roles = |roles: &[&str]| roles.iter().map(|r| (*r).to_owned()).collect::<BTreeSet<_>>();
    let change_roles = |names: &[&str]| GovernedAct::ChangeRoles {
        person: person(3),
        post: PostId(Uuid::nil()),
        roles: roles(names),
    };
    let appoint = |names: &[&str]| GovernedAct::AppointPerson {
        person: person(3),
        post: NewPost {
            agency: Uuid::nil().into(),
            unit: Uuid::nil().into(),
            title: String::new(),
            roles: roles(names),
            from: "2026-03-02".parse().unwrap(),
            until: None,
        },
    };
    let item = || ConfigurationItem {
        kind: ConfigurationKind::TrustRoot,
        name: "citizen".into(),
        digest: "a".repeat(64),
        effective_on: "2026-03-02".parse().unwrap(),
    };
    let cases = [
        (card(3), true),
        (change_roles(&["administrator"]), true),
        (change_roles(&["user"]), false),
        (change_roles(&["administrator", "responsible_supervisor"]), false),
        (appoint(&["it_unit"]), true),
        (appoint(&["auditor"]), false),
        (GovernedAct::NameCustodians { custodians: [person(5), person(6)].into() }, false),
        (GovernedAct::ApproveConfiguration { item: item() }, false),
        (GovernedAct::WithdrawConfiguration { item: item() }, false),
        (GovernedAct::ChangeNetworks { agency: Uuid::nil().into(), networks: vec![] }, false),
    ];
    for (change, open) in cases {
        let wanted = if open { Ok(()) } else { Err(GovernedError::BeyondEmergency) };
        let first = Hand { emergency, ..hand(1, now) };
        let begun = GovernedChange::propose(Uuid::nil(), change.clone(), "x".into(), first, DAYS);
        assert_eq!(begun.map(|_| ()), wanted, "{change:?}");
        let second = Hand { emergency, ..hand(2, now) };
        assert_eq!(proposed(change.clone(), 1, now).unwrap().approve(second), wanted, "{change:?}");
    }
}
