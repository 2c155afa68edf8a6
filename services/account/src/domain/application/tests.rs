use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use rule_pack::{ApplicationKind, PackSet, Regulation, RulePack};

use super::*;

static PACKS: LazyLock<PackSet> = LazyLock::new(|| PackSet::embedded().unwrap());

pub(crate) fn pack(regulation: Regulation) -> Arc<RulePack> {
    PACKS.on(regulation, "2026-03-02".parse().unwrap()).unwrap().clone()
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn now() -> DateTime<Utc> {
    "2026-03-02T02:00:00Z".parse().unwrap()
}

pub(crate) fn application(path: &ApplicationPath, kind: AgencyKind) -> PermissionApplication {
    PermissionApplication {
        id: PermissionApplicationId(id(1)),
        regulation: "household".into(),
        kind: "add".into(),
        rule_pack: String::new(),
        path: path.id.clone(),
        form: path.form.clone(),
        person_id: PersonId(id(100)),
        post_id: PostId(id(1000)),
        agency_id: AgencyId(id(10)),
        agency_kind: kind,
        unit_id: UnitId(id(20)),
        account_id: None,
        fields: BTreeMap::new(),
        sealed_fields: BTreeMap::new(),
        items: BTreeSet::new(),
        form_digest: "00".into(),
        salt: String::new(),
        status: ApplicationStatus::InProgress,
        round: 1,
        next: 0,
        next_stage: None,
        joint_units: vec![],
        proposed: None,
        result: None,
        allotted: None,
        steps: vec![],
        filed_at: now(),
        closed_at: None,
    }
}

fn actor(person: u128, office: bool, unit: u128, roles: &[Role]) -> Actor {
    Actor {
        person: PersonId(id(person)),
        post: PostId(id(person * 10)),
        acting_for: None,
        emergency: None,
        agency: AgencyId(id(if office { 10 } else { 11 })),
        agency_kind: if office { AgencyKind::DistrictOffice } else { AgencyKind::Bureau },
        unit: UnitId(id(unit)),
        roles: roles.iter().copied().collect(),
    }
}

/// The cast: applicant first, then everyone who has a part, and some who have none.
fn cast() -> Vec<Actor> {
    vec![
        actor(100, true, 20, &[Role::User, Role::UnitSupervisor, Role::AgencyHead, Role::DesignatedOfficer]),
        actor(101, true, 20, &[Role::UnitSupervisor]),
        actor(102, true, 21, &[Role::AgencyHead, Role::UnitSupervisor]),
        actor(103, false, 30, &[Role::BusinessHandler]),
        actor(104, false, 30, &[Role::BusinessSupervisor]),
        actor(105, false, 31, &[Role::UnitSupervisor]),
        actor(106, false, 32, &[Role::ItUnit]),
        actor(107, true, 21, &[Role::DesignatedOfficer]),
        actor(108, false, 32, &[Role::DesignatedOfficer]),
        actor(109, false, 30, &[Role::BusinessHandler, Role::BusinessSupervisor]),
        Actor {
            acting_for: Some(PostId(id(1000))),
            ..actor(110, true, 20, &[Role::UnitSupervisor, Role::AgencyHead])
        },
    ]
}

fn seal() -> Endorsement {
    Endorsement {
        content_digest: String::new(),
        certificate: vec![],
        algorithm: identity::SignatureAlgorithm::Es256,
        form: identity::SignatureForm::Raw,
        signature: String::new(),
        signed_at: now(),
    }
}

fn granted() -> Outcome {
    Outcome { result: ResultKind::Granted, effective_on: Some("2026-03-05".parse().unwrap()), note: None }
}

pub(crate) fn input(path: &ApplicationPath, at: usize) -> StageInput {
    let stage = &path.stages[at.min(path.stages.len() - 1)];
    StageInput {
        stage: stage.id.clone(),
        outcome: (!stage.results.is_empty()).then(granted),
        joint_unit: stage.joint.then_some(UnitId(id(31))),
        on: None,
        number: Some("高市社字第1號".into()),
        account_number: (stage.action == StageAction::Allot).then(|| "NIA-1".into()),
        endorsement: stage.endorsed.then(seal),
    }
}

/// Walks the path with the first of the cast who may act at each stage.
fn walk(path: &ApplicationPath, it: &mut PermissionApplication) -> Progress {
    let mut last = Progress::Onward;
    while it.status == ApplicationStatus::InProgress {
        let input = input(path, it.next);
        let stage = &path.stages[it.next];
        let cast = cast();
        let actor =
            cast.iter().find(|a| it.may_act(path, stage, a, input.joint_unit).is_ok()).expect(&stage.id);
        last = it.act(path, actor, input, now()).unwrap();
    }
    last
}

#[test]
fn every_path_of_every_pack_can_be_walked_to_its_end() {
    for regulation in [Regulation::Household, Regulation::Immigration, Regulation::Tax] {
        let pack = pack(regulation);
        for kind in [ApplicationKind::Add, ApplicationKind::Change, ApplicationKind::Cancel] {
            let path = pack.path_for("district-office", kind).unwrap();
            let mut it = application(path, AgencyKind::DistrictOffice);
            assert_eq!(walk(path, &mut it), Progress::Effective, "{regulation} {kind:?}");
            assert!(it.is_complete(path));
            assert_eq!(it.status, ApplicationStatus::Done);
        }
    }
}

#[test]
fn a_joint_section_that_was_asked_must_sign() {
    let pack = pack(Regulation::Household);
    let path = pack.path_for("district-office", ApplicationKind::Add).unwrap();
    let mut it = application(path, AgencyKind::DistrictOffice);
    it.ask_joint(path, UnitId(id(31)), &cast()[3]).unwrap();
    walk(path, &mut it);
    assert!(it.steps.iter().any(|s| s.stage == "joint" && s.unit == Some(UnitId(id(31)))));
    let mut without = application(path, AgencyKind::DistrictOffice);
    walk(path, &mut without);
    assert!(without.steps.iter().all(|s| s.stage != "joint"));
}

#[test]
fn the_supervisor_signs_what_was_proposed_and_never_his_own_proposal() {
    let pack = pack(Regulation::Household);
    let path = pack.path_for("district-office", ApplicationKind::Add).unwrap();
    let at = path.stages.iter().position(|s| s.id == "proposal").unwrap();
    let both = &cast()[9];
    let mut it = application(path, AgencyKind::DistrictOffice);
    it.next = at;
    it.act(path, both, input(path, at), now()).unwrap();
    assert_eq!(it.act(path, both, input(path, at + 1), now()), Err(ApplicationError::OwnProposal));
    let mut other = input(path, at + 1);
    other.outcome = Some(Outcome { result: ResultKind::Refused, effective_on: None, note: Some("x".into()) });
    assert_eq!(it.act(path, &cast()[4], other, now()), Err(ApplicationError::NotAsProposed));
    it.act(path, &cast()[4], input(path, at + 1), now()).unwrap();
    assert_eq!(it.result, Some(granted()));
}

#[test]
fn a_returned_application_starts_over() {
    let pack = pack(Regulation::Household);
    let path = pack.path_for("district-office", ApplicationKind::Add).unwrap();
    let mut it = application(path, AgencyKind::DistrictOffice);
    it.act(path, &cast()[0], input(path, 0), now()).unwrap();
    it.act(path, &cast()[1], input(path, 1), now()).unwrap();
    it.send_back(path, &cast()[2], "補正", now()).unwrap();
    assert_eq!(it.act(path, &cast()[2], input(path, 2), now()), Err(ApplicationError::NotInProgress));
    it.status = ApplicationStatus::InProgress;
    it.round = 2;
    it.next = 0;
    assert!(!it.is_complete(path));
    walk(path, &mut it);
    assert!(it.is_complete(path));
}

#[test]
fn without_document_number_no_letter_goes_out() {
    let pack = pack(Regulation::Immigration);
    let path = pack.path_for("district-office", ApplicationKind::Add).unwrap();
    let at = path.stages.iter().position(|s| s.id == "letter").unwrap();
    let mut it = application(path, AgencyKind::DistrictOffice);
    it.next = at;
    let bare = StageInput { number: None, ..input(path, at) };
    assert_eq!(it.act(path, &cast()[7], bare, now()), Err(ApplicationError::NumberMissing));
}

proptest! {
    /// Whatever the cast tries in whatever order: an account is never due without every stage of the path, done in
    /// order, none by the applicant or his deputy but the first.
    #[test]
    fn no_account_without_every_stage_and_nobody_endorses_his_own(
        regulation in 0..3_usize,
        tries in prop::collection::vec((0..11_usize, 0..9_usize, any::<bool>(), 0..12_u8), 0..200),
    ) {
        let pack = pack([Regulation::Household, Regulation::Immigration, Regulation::Tax][regulation]);
        let path = pack.path_for("district-office", ApplicationKind::Add).unwrap();
        let mut it = application(path, AgencyKind::DistrictOffice);
        let cast = cast();
        for (who, what, sealed, odd) in tries {
            // Half of the tries are for the present stage, so that random walks get somewhere.
            let at = if what % 2 == 0 { it.next } else { what };
            let mut asked = input(path, at);
            if !sealed && odd == 0 {
                asked.endorsement = None;
            }
            let before = it.clone();
            match odd {
                1 => { let _ = it.ask_joint(path, UnitId(id(31)), &cast[who]); }
                2 if what == 7 => { let _ = it.send_back(path, &cast[who], "x", now()); }
                _ => match it.act(path, &cast[who], asked, now()) {
                    Ok(Progress::Effective) => prop_assert!(it.is_complete(path)),
                    Ok(_) => {}
                    Err(_) => prop_assert_eq!(&it, &before),
                },
            }
            if it.status == ApplicationStatus::Returned {
                it.status = ApplicationStatus::InProgress;
                it.round += 1;
                it.next = 0;
            }
        }
        if it.status == ApplicationStatus::Done {
            prop_assert!(it.is_complete(path));
        }
        for step in &it.steps {
            let own = step.person == it.person_id || step.acting_for == Some(it.post_id);
            prop_assert_eq!(own, step.stage == "apply");
        }
        let order: Vec<usize> = it.steps.iter().filter(|s| s.round == it.round && s.act == "done")
            .map(|s| path.stages.iter().position(|p| p.id == s.stage).unwrap()).collect();
        prop_assert!(order.is_sorted());
    }
}
