use std::sync::LazyLock;

use identity::{SignatureAlgorithm, SignatureForm};
use kernel::Sealed;
use proptest::prelude::*;
use retention_types::HoldScope;
use rule_pack::PackSet;

use super::*;
use crate::domain::hold::HoldAct;
use crate::domain::holding::Count;

static PACKS: LazyLock<PackSet> = LazyLock::new(|| PackSet::embedded().unwrap());

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn person(n: u128) -> PersonId {
    PersonId(Uuid::from_u128(n))
}

fn act(n: u128, on: NaiveDate) -> Act {
    Act { person: person(n), post: PostId(Uuid::from_u128(n)), at: days::at(on, 10, 0) }
}

pub(crate) fn approval(n: u128, on: NaiveDate) -> Approval {
    let endorsement = Endorsement {
        content_digest: String::new(),
        certificate: vec![],
        algorithm: SignatureAlgorithm::Es256,
        form: SignatureForm::Raw,
        signature: n.to_string(),
        signed_at: days::at(on, 10, 0),
    };
    Approval { act: act(n, on), endorsement }
}

pub(crate) fn holdings() -> Vec<Holding> {
    let count = |service| Count {
        service,
        record_kind: "violation".into(),
        regulation: "household".into(),
        month: day("2023-01-01"),
        count: 7,
        log: None,
        at: DateTime::UNIX_EPOCH,
    };
    vec![Holding::first(&count("query-registry"), &PACKS), Holding::first(&count("audit-sampling"), &PACKS)]
}

fn hold() -> Hold {
    let reason = Sealed { hash: String::new(), value: String::new() };
    let placed = HoldAct { person: person(9), post: PostId(Uuid::nil()), at: DateTime::UNIX_EPOCH, reason };
    let scope = HoldScope { record_kind: Some("violation".into()), ..HoldScope::default() };
    Hold { id: Uuid::from_u128(5), scope, document: None, placed, lifted: None, active: true }
}

fn requested() -> DestructionOrder {
    let on = day("2026-02-02");
    let mut order = propose(OrderId(Uuid::nil()), &holdings(), &[], days::at(on, 2, 0)).unwrap();
    order.request(&holdings(), &[], act(1, on)).unwrap();
    order
}

fn confirmation() -> Confirmation {
    Confirmation {
        count: 7,
        root: "ab".into(),
        method: "rows deleted".into(),
        entry: None,
        at: DateTime::UNIX_EPOCH,
    }
}

#[test]
fn an_order_before_the_term_is_refused_with_its_clause() {
    let early = propose(OrderId(Uuid::nil()), &holdings(), &[], days::at(day("2026-01-31"), 23, 59));
    assert_eq!(early, Err(OrderError::BeforeTerm { may_end_on: day("2026-02-01"), clause: "H8.5".into() }));
    assert!(propose(OrderId(Uuid::nil()), &holdings(), &[], days::at(day("2026-02-01"), 0, 0)).is_ok());
    assert_eq!(may_end(&[], &[], day("2026-02-01")), Err(OrderError::Nothing));
}

#[test]
fn records_without_a_term_are_never_destroyed() {
    let mut all = holdings();
    all[0].term = None;
    assert_eq!(may_end(&all, &[], day("2099-01-01")), Err(OrderError::NoTerm));
}

#[test]
fn a_hold_wins_at_every_step() {
    let on = day("2026-02-02");
    let under = Err(OrderError::UnderHold { hold: Uuid::from_u128(5), clause: "H8.5".into() });
    assert_eq!(propose(OrderId(Uuid::nil()), &holdings(), &[hold()], days::at(on, 0, 0)).map(|_| ()), under);
    let mut order = propose(OrderId(Uuid::nil()), &holdings(), &[], days::at(on, 0, 0)).unwrap();
    assert_eq!(order.request(&holdings(), &[hold()], act(1, on)), under);
    assert_eq!(requested().may_approve(person(2), &holdings(), &[hold()], on), under);
}

#[test]
fn two_persons_other_than_the_requester_approve() {
    let on = day("2026-02-02");
    let mut order = requested();
    assert_eq!(order.may_approve(person(1), &holdings(), &[], on), Err(OrderError::SamePerson));
    order.may_approve(person(2), &holdings(), &[], on).unwrap();
    order.approve(approval(2, on)).unwrap();
    assert_eq!((order.state, &order.digest), (OrderState::Requested, &None));
    assert_eq!(order.may_approve(person(2), &holdings(), &[], on), Err(OrderError::SamePerson));
    order.approve(approval(3, on)).unwrap();
    assert_eq!(order.state, OrderState::Approved);
    let events = order.approved_events();
    assert_eq!(
        events.iter().map(|e| e.service.as_str()).collect::<Vec<_>>(),
        ["audit-sampling", "query-registry"]
    );
    assert!(events.iter().all(|e| e.approved_by == [person(2), person(3)] && e.digest.len() == 64));
    assert_eq!(
        order.may_approve(person(4), &holdings(), &[], on),
        Err(OrderError::WrongState(OrderState::Approved))
    );
}

#[test]
fn it_is_carried_out_when_every_holder_confirmed_once() {
    let on = day("2026-02-02");
    let mut order = requested();
    assert!(!order.confirm("query-registry", confirmation()));
    order.approve(approval(2, on)).unwrap();
    order.approve(approval(3, on)).unwrap();
    assert!(order.confirm("query-registry", confirmation()));
    assert!(!order.confirm("query-registry", confirmation()));
    assert!(!order.confirm("account", confirmation()));
    assert!(!order.is_carried_out());
    assert!(order.confirm("audit-sampling", confirmation()));
    assert!(order.is_carried_out());
}

#[test]
fn a_returned_order_loses_its_approvals() {
    let on = day("2026-02-02");
    let mut order = requested();
    order.approve(approval(2, on)).unwrap();
    order.give_back(act(3, on), "wrong-scope".into()).unwrap();
    assert_eq!((order.state, order.approvals.len()), (OrderState::Proposed, 0));
    assert_eq!(order.content(PostId(Uuid::nil())), None);
}

proptest! {
    #[test]
    fn whoever_acts_an_approved_order_has_three_persons(actors in prop::collection::vec(1u128..5, 1..12)) {
        let on = day("2026-02-02");
        let mut order = requested();
        for n in actors {
            if order.may_approve(person(n), &holdings(), &[], on).is_ok() {
                order.approve(approval(n, on)).unwrap();
            }
        }
        let mut people: Vec<_> = order.approvals.iter().map(|a| a.act.person).collect();
        people.push(person(1));
        people.sort();
        people.dedup();
        prop_assert_eq!(people.len(), order.approvals.len() + 1);
        prop_assert_eq!(order.state == OrderState::Approved, order.approvals.len() == APPROVERS);
    }

    #[test]
    fn no_order_before_the_term(offset in 0u64..4000) {
        let on = day("2020-01-01").checked_add_days(chrono::Days::new(offset)).unwrap();
        let order = propose(OrderId(Uuid::nil()), &holdings(), &[], days::at(on, 12, 0));
        prop_assert_eq!(order.is_ok(), on >= day("2026-02-01"));
    }
}
