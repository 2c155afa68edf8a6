//! Invariant 9 over every pair of roles; the table is `testkit::duties`.

use account_types::events::AccountStatus;
use account_types::{AgencyKind, DeputyTerms, EmergencyTerms, InventoryEffect};
use chassis::Error;
use identity::Role;
use kernel::ids::{AccountId, AgencyId, PersonId, PostId, UnitId};
use rule_pack::{ApplicationKind, ApplicationPath, Regulation, StageAction};
use testkit::duties::{APART, Case, Hand, Posts, cases, sweep};
use uuid::Uuid;

use super::actor::Actor;
use super::agency_act::{AgencyAct, AgencyActKind, AgencyActStatus, Confirmed, Recorded};
use super::application::tests::{application, input, pack};
use super::application::{ApplicationError, PermissionApplication};
use super::emergency::tests::{day, endorsement, now, person, terms};
use super::emergency::{CustodianHand, EmergencyGrant, Review};
use super::governed::tests::card;
use super::governed::{GovernedChange, Hand as GovernedHand};
use super::inventory::InventoryLine;
use super::inventory::tests::{inventory, line};
use super::person::deputise;

const STRANGER: u128 = 0xC;
const APPLYING: &[&str] = &["account.create_application", "account.resubmit_application"];

fn stranger() -> PersonId {
    PersonId(Uuid::from_u128(STRANGER))
}

/// `hand` in a unit of the office (agency 10) or of the bureau (11).
fn actor(hand: &Hand, agency: u128, unit: u128) -> Actor {
    Actor {
        person: hand.person,
        post: hand.post(),
        acting_for: hand.acting_for(),
        agency: AgencyId(Uuid::from_u128(agency)),
        agency_kind: if agency == 10 { AgencyKind::DistrictOffice } else { AgencyKind::Bureau },
        unit: UnitId(Uuid::from_u128(unit)),
        emergency: None,
        roles: hand.roles().clone(),
    }
}

/// Where a hand may have to be to have a part in an application of the office's unit 20: there, or in the bureau, in the
/// section (31) that was asked to endorse too.
const PLACES: [(u128, u128); 2] = [(10, 20), (11, 31)];

/// Does `operation` at the stage at which `it` is.
fn take_part(
    operation: &str,
    mut it: PermissionApplication,
    path: &ApplicationPath,
    actor: &Actor,
) -> Option<Result<(), ApplicationError>> {
    let stage = &path.stages[it.next];
    let asked = input(path, it.next);
    let opens = stage.action == StageAction::Open;
    Some(match operation {
        "account.endorse_application" if stage.endorsed && !opens => {
            it.act(path, actor, asked, now()).map(drop)
        }
        "account.record_stage" if !stage.endorsed && !opens => it.act(path, actor, asked, now()).map(drop),
        "account.open_account" if opens => it.act(path, actor, asked, now()).map(drop),
        "account.return_application" => it.send_back(path, actor, "x", now()),
        "account.refuse_application" => {
            let sealed = super::application::StageInput { endorsement: Some(endorsement()), ..asked };
            it.refuse(path, actor, sealed, now())
        }
        "account.add_joint_unit" => it.ask_joint(path, UnitId(Uuid::from_u128(32)), actor),
        _ => return None,
    })
}

/// What comes of it when `hand` has a part in the application of the person `applicant` in the post `applying`: at the
/// first stage of any path at which somebody else in his role may have it.
fn in_application(
    case: &Case,
    applicant: PersonId,
    applying: PostId,
    hand: &Hand,
) -> Option<Result<(), ApplicationError>> {
    let kinds = [ApplicationKind::Add, ApplicationKind::Change, ApplicationKind::Cancel];
    for regulation in [Regulation::Household, Regulation::Immigration, Regulation::Tax] {
        let pack = pack(regulation);
        for path in kinds.iter().filter_map(|kind| pack.path_for("district-office", *kind)) {
            for (next, (agency, unit)) in
                (1..path.stages.len()).flat_map(|next| PLACES.map(|place| (next, place)))
            {
                let joint_units =
                    if path.stages[next].joint { vec![UnitId(Uuid::from_u128(31))] } else { vec![] };
                let it = PermissionApplication {
                    person_id: applicant,
                    post_id: applying,
                    next,
                    joint_units,
                    ..application(path, AgencyKind::DistrictOffice)
                };
                let does = |hand: &Hand| take_part(case.second, it.clone(), path, &actor(hand, agency, unit));
                if does(&case.other_hand()).is_some_and(|done| done.is_ok()) {
                    return does(hand);
                }
            }
        }
    }
    None
}

/// The handler proposes, his supervisor signs (H5.2.1).
fn sign_proposal(case: &Case, hand: &Hand) -> Option<Result<(), ApplicationError>> {
    let pack = pack(Regulation::Household);
    let path = pack.path_for("district-office", ApplicationKind::Add)?;
    let next = path.stages.iter().position(|s| s.action == StageAction::Propose)?;
    let mut it = PermissionApplication { next, ..application(path, AgencyKind::DistrictOffice) };
    it.act(path, &actor(&case.first_hand(), 11, 30), input(path, next), now()).ok()?;
    let signs = |hand: &Hand| {
        let mut it = it.clone();
        it.act(path, &actor(hand, 11, 30), input(path, next + 1), now()).map(drop)
    };
    if matches!(signs(&case.other_hand()), Err(ApplicationError::NotTheActor { .. })) {
        return None;
    }
    Some(signs(hand))
}

fn review_account(holder: PersonId, opener: PersonId, hand: &Hand) -> Result<(), Error> {
    let account = line(super::inventory::LineEvidence::default());
    let mut it = InventoryLine { person_id: holder, opened_by: opener, ..account };
    let by = actor(hand, it.agency_id.0.as_u128(), it.unit_id.0.as_u128());
    Ok(it.decide(&inventory(), &by, InventoryEffect::Keep, "x", now())?)
}

fn agency_act(holder: PersonId, status: AgencyActStatus) -> AgencyAct {
    AgencyAct {
        id: Uuid::nil(),
        kind: AgencyActKind::EndAccount,
        regulation: "immigration".into(),
        rule_pack: String::new(),
        account_id: AccountId(Uuid::nil()),
        mirrored: AccountStatus::Stopped,
        person_id: holder,
        agency_id: AgencyId(Uuid::nil()),
        cause: String::new(),
        status,
        opened_at: now(),
        recorded: None,
        confirmed: None,
    }
}

fn governed_hand(person: PersonId) -> GovernedHand {
    let (post, emergency) = (PostId(Uuid::nil()), None);
    GovernedHand { person, post, at: now(), emergency, endorsement: endorsement() }
}

fn govern(concerned: PersonId, proposer: PersonId, approver: PersonId) -> Result<(), Error> {
    let change = card(concerned.0.as_u128());
    let mut it = GovernedChange::propose(Uuid::nil(), change, "x".into(), governed_hand(proposer), 14)?;
    Ok(it.approve(governed_hand(approver))?)
}

fn custodian(person: PersonId) -> CustodianHand {
    CustodianHand { person, at: now(), endorsement: endorsement() }
}

fn grant(receiver: PersonId, first: PersonId, second: PersonId) -> Result<EmergencyGrant, Error> {
    let holder = person(receiver.0.as_u128(), &["it_unit"]);
    let terms = EmergencyTerms { receiver, post: holder.posts[0].id, ..terms() };
    let mut it = EmergencyGrant::propose(terms, custodian(first), &holder, day())?;
    it.complete(custodian(second), 2, day(), &[])?;
    Ok(it)
}

fn review(mut it: EmergencyGrant, by: PersonId) -> Result<(), Error> {
    it.end(stranger(), now() + chrono::Duration::minutes(5))?;
    let review = Review {
        person: by,
        post: PostId(Uuid::nil()),
        at: now() + chrono::Duration::minutes(6),
        proper: true,
        findings: String::new(),
        acts: 0,
        acts_digest: String::new(),
        endorsement: endorsement(),
    };
    Ok(it.close(review, "")?)
}

/// `by` lets `deputy` stand in for himself or, where he is the deputy, for a colleague of his.
fn appoint(deputy: PersonId, by: &Hand) -> Result<(), Error> {
    let number = if by.person == deputy { STRANGER } else { by.person.0.as_u128() };
    let principal = person(number, &["user"]);
    let terms = DeputyTerms {
        principal: principal.id,
        post: principal.posts[0].id,
        deputy,
        from: day(),
        until: day(),
        roles: ["user".to_owned()].into(),
    };
    let own = person(deputy.0.as_u128(), &["user"]);
    let place = principal.posts[0].clone();
    let by = actor(by, place.agency.0.as_u128(), place.unit.0.as_u128());
    deputise(&principal, &own, &terms, &by, (PostId(Uuid::nil()), day()))?;
    Ok(())
}

fn second_act(case: &Case, hand: &Hand) -> Option<Result<(), Error>> {
    let (first, by) = (case.first_hand().person, hand.person);
    let [one, another] = [0xD1, 0xD2].map(|n| PersonId(Uuid::from_u128(n)));
    let recorded =
        Recorded { person: by, post: hand.post(), on: day(), number: None, endorsement: endorsement() };
    Some(match (case.rule.first, case.second) {
        (APPLYING, _) => in_application(case, first, case.first_hand().post(), hand)?.map_err(Error::from),
        (["account.endorse_application"], _) => sign_proposal(case, hand)?.map_err(Error::from),
        (["account.create_application"], "account.decide_inventory_line") => {
            review_account(first, stranger(), hand)
        }
        (["account.open_account"], "account.decide_inventory_line") => {
            review_account(stranger(), first, hand)
        }
        (_, "account.record_agency_act") => {
            agency_act(first, AgencyActStatus::Open).record(recorded, day()).map_err(Error::from)
        }
        (_, "account.confirm_agency_act") => {
            let confirmed = Confirmed { person: by, on: day(), number: None };
            agency_act(first, AgencyActStatus::Recorded).confirm(confirmed, day()).map_err(Error::from)
        }
        (["account.propose_governed_change"], _) => govern(stranger(), first, by),
        ([], "account.propose_governed_change") => govern(first, by, stranger()),
        ([], "account.approve_governed_change") => govern(first, stranger(), by),
        (["account.propose_emergency_grant"], "account.complete_emergency_grant") => {
            grant(stranger(), first, by).map(drop)
        }
        ([], "account.propose_emergency_grant") => grant(first, by, stranger()).map(drop),
        ([], "account.complete_emergency_grant") => grant(first, stranger(), by).map(drop),
        (["account.propose_emergency_grant"], _) => review(grant(stranger(), first, one).ok()?, by),
        (["account.complete_emergency_grant"], _) => review(grant(stranger(), one, first).ok()?, by),
        ([], "account.review_emergency_grant") => review(grant(first, one, another).ok()?, by),
        ([], "account.create_deputy") => appoint(first, hand),
        other => panic!("no test does {other:?}"),
    })
}

#[test]
fn in_whatever_roles_nobody_does_the_second_act_after_the_first() {
    let over_http = ["suspend_account", "resume_account", "stop_account", "change_account"]
        .map(|id| format!("account.{id}"));
    let over_http: Vec<&str> = over_http.iter().map(String::as_str).collect();
    sweep("account", &over_http, second_act);
}

#[test]
fn a_deputy_of_the_applicants_post_is_the_applicants_hand() {
    let mut tried = std::collections::BTreeSet::new();
    for case in cases("account").iter().filter(|c| c.rule.first == APPLYING && c.posts == Posts::One) {
        let (applicant, applying) = (stranger(), PostId(Uuid::from_u128(STRANGER)));
        let mut deputy = case.other_hand();
        deputy.posts[0].deputy_for = Some(applying);
        let Some(done) = in_application(case, applicant, applying, &deputy) else { continue };
        assert_eq!(done, Err(ApplicationError::OwnApplication), "{case}");
        tried.insert(case.second);
    }
    let wanted = APART.iter().find(|rule| rule.first == APPLYING).map(|rule| rule.second.len());
    assert_eq!(Some(tried.len()), wanted, "{tried:?}");
}

#[test]
fn every_role_that_endorses_has_a_stage_at_which_it_does() {
    let operations = testkit::duties::operations();
    let idle: Vec<Role> = operations["account.endorse_application"]
        .roles
        .iter()
        .copied()
        .filter(|role| {
            let all = cases("account");
            let mut his = all
                .iter()
                .filter(|c| c.rule.first == APPLYING && c.second == "account.endorse_application")
                .filter(|c| c.second_role == *role);
            let stage = his
                .next()
                .and_then(|case| in_application(case, stranger(), PostId(Uuid::nil()), &case.other_hand()));
            stage.is_none()
        })
        .collect();
    assert!(idle.is_empty(), "the matrix lets them in for nothing: {idle:?}");
}
