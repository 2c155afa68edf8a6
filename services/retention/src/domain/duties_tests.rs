//! Invariant 9 over every pair of roles; the table is `testkit::duties`.

use chassis::Error;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::Sealed;
use kernel::ids::{OrderId, PersonId, PostId};
use retention_types::{DestructionMethod, ErasureBasis, ErasureTarget, HoldScope, OutputKind};
use testkit::duties::{Case, Hand, sweep};
use uuid::Uuid;

use super::erasure::{ErasureOrder, ErasureState};
use super::hold::{Hold, HoldAct};
use super::order::tests::{approval, holdings};
use super::order::{Act, Approval, DestructionOrder, propose};
use super::output::tests::output;
use super::output::{Destruction, DestructionAct};

const STRANGER: PersonId = PersonId(Uuid::from_u128(0xC));

fn today() -> NaiveDate {
    "2026-02-02".parse().unwrap()
}

fn now() -> DateTime<Utc> {
    kernel::days::at(today(), 10, 0)
}

fn order(requested_by: PersonId) -> DestructionOrder {
    let mut order = propose(OrderId(Uuid::nil()), &holdings(), &[], now()).unwrap();
    let act = Act { person: requested_by, post: PostId(Uuid::nil()), at: now() };
    order.request(&holdings(), &[], act).unwrap();
    order
}

fn approve(order: &mut DestructionOrder, by: PersonId) -> Result<(), Error> {
    order.may_approve(by, &holdings(), &[], today())?;
    let act = Act { person: by, post: PostId(Uuid::nil()), at: now() };
    Ok(order.approve(Approval { act, ..approval(1, today()) })?)
}

fn erasure(requested_by: PersonId) -> ErasureOrder {
    let target = ErasureTarget {
        log: "three-year".to_owned(),
        regulation: "household".to_owned(),
        month: today(),
        query: None,
        index: Some(1),
    };
    ErasureOrder {
        id: OrderId(Uuid::nil()),
        target,
        basis: ErasureBasis::CourtOrder,
        document: "115訴字第12號".to_owned(),
        reason: Sealed { hash: String::new(), value: String::new() },
        state: ErasureState::Requested,
        requested: Act { person: requested_by, post: PostId(Uuid::nil()), at: now() },
        approval: None,
        digest: None,
        returned: None,
        fault: None,
    }
}

fn hold(placed_by: PersonId) -> Hold {
    let scope = HoldScope::default();
    Hold { id: Uuid::nil(), scope, document: None, placed: hold_act(placed_by), lifted: None, active: true }
}

fn hold_act(person: PersonId) -> HoldAct {
    let reason = Sealed { hash: String::new(), value: String::new() };
    HoldAct { person, post: PostId(Uuid::nil()), at: now(), reason }
}

/// The output of `user`, destroyed by somebody else before `witness`.
fn destroy(user: PersonId, witness: PersonId) -> Result<(), Error> {
    let mut output = output(OutputKind::Paper);
    output.person = user;
    let on = output.made_on;
    output.confirm_no_need(user, now()).unwrap();
    let destruction = Destruction {
        method: DestructionMethod::Shredded,
        witness: Some(witness),
        witness_endorsement: None,
    };
    let act = DestructionAct { by: STRANGER, on, destruction, witness_needed: true, witness_known: true };
    output.destroy(act, on).map_err(|error| error.for_regulation("household"))
}

fn second_act(case: &Case, hand: &Hand) -> Result<(), Error> {
    let first = case.first_hand().person;
    match case.rule.first {
        ["retention.request_destruction"] => approve(&mut order(first), hand.person),
        ["retention.request_erasure"] => Ok(erasure(first).may_approve(hand.person, &[])?),
        ["retention.approve_destruction"] => {
            let mut order = order(STRANGER);
            approve(&mut order, first)?;
            approve(&mut order, hand.person)
        }
        ["retention.place_hold"] => Ok(hold(first).lift(hold_act(hand.person))?),
        ["retention.register_output"] => destroy(first, hand.person),
        other => panic!("no test does {other:?}"),
    }
}

#[test]
fn in_whatever_roles_nobody_does_the_second_act_after_the_first() {
    sweep("retention", &[], |case, hand| Some(second_act(case, hand)));
}
