//! Guards and state machines, beside each other: plan, worksheet, finding, investigation.

use std::collections::BTreeMap;

use account_types::events::PostSnapshot;
use audit_sampling_types::{
    Conclusion, Course, DrawnQuery, InvestigationRecord, Liability, RandomnessSource, RecordLegalReferral,
    RecordOutcome, RecordReferralOutcome, RecordResult, RecordWorksheetResult, SignedAct, SourceKind,
};
use chrono::{DateTime, NaiveDate, Utc};
use identity::Role;
use kernel::ids::{AgencyId, PersonId, UnitId};
use proptest::prelude::*;
use rule_pack::{PackSet, Regulation, SamplingRules};
use uuid::Uuid;

use super::Fault;
use super::finding::{CorrectionOrder, Finding, FindingState};
use super::investigation::{Investigation, InvestigationState, Party};
use super::plan::{AuditPlan, PlanState};
use super::projection::PersonView;
use super::worksheet::{Worksheet, WorksheetState};

pub(super) fn id<T: From<Uuid>>(n: u128) -> T {
    Uuid::from_u128(n).into()
}

pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn rules() -> SamplingRules {
    let packs = PackSet::embedded().unwrap();
    packs.on(Regulation::Household, day("2026-04-02")).unwrap().sampling.clone().unwrap()
}

pub(super) fn act(person: u128) -> SignedAct {
    let endorsement = serde_json::json!({
        "content_digest": "", "certificate": [], "algorithm": "ES256", "signature": "",
        "signed_at": "2026-04-02T01:00:00Z",
    });
    SignedAct {
        person: id(person),
        post: id(person),
        at: at("2026-04-02T01:00:00Z"),
        endorsement: serde_json::from_value(endorsement).unwrap(),
    }
}

fn plan() -> AuditPlan {
    AuditPlan {
        id: id(1),
        regulation: "household".into(),
        period_start: day("2026-01-01"),
        period_end: day("2026-03-31"),
        due_on: day("2026-04-30"),
        rule_pack: "household-2017@1#0".into(),
        state: PlanState::Opened,
        commitment: None,
        plan_digest: None,
        frozen_by: None,
        randomness: None,
        sample: None,
        audit_record: None,
        closed_by: None,
        closed_on: None,
    }
}

fn source(publishes_at: &str) -> RandomnessSource {
    RandomnessSource { kind: SourceKind::Drand, name: "round 1".into(), publishes_at: at(publishes_at) }
}

const FROZEN: &str = "2026-04-02T01:00:00Z";
pub(super) const PUBLISHED: &str = "2026-04-05T01:00:00Z";

pub(super) fn frozen() -> AuditPlan {
    let mut plan = plan();
    plan.freeze(&[], &rules(), source(PUBLISHED), id(9), at(FROZEN)).unwrap().unwrap();
    plan
}

#[test]
fn a_population_is_frozen_after_its_period_and_before_its_randomness_is_published() {
    let freeze = |now: &str| plan().freeze(&[], &rules(), source(PUBLISHED), id(9), at(now)).err();
    assert_eq!(freeze("2026-03-31T15:59:59Z"), Some(Fault::PeriodRunning), "23:59 in Taipei on the last day");
    assert_eq!(freeze("2026-03-31T16:00:00Z"), None);
    assert_eq!(freeze(PUBLISHED), Some(Fault::SourceTooEarly));
}

#[test]
fn numbers_are_taken_only_after_freezing_and_publication() {
    assert_eq!(plan().record_numbers("12", id(9), at(PUBLISHED)), Err(Fault::WrongState));
    assert_eq!(
        frozen().record_numbers("12", id(9), at("2026-04-05T00:59:59Z")),
        Err(Fault::RandomnessTooEarly)
    );
    assert_eq!(frozen().record_numbers("", id(9), at(PUBLISHED)), Err(Fault::BadNumbers));
    assert_eq!(frozen().record_numbers("１２", id(9), at(PUBLISHED)), Err(Fault::BadNumbers));
    assert_eq!(frozen().record_numbers("12, 34", id(9), at(PUBLISHED)), Ok(()));
}

#[test]
fn numbers_need_a_second_person_who_typed_in_the_same() {
    let mut plan = frozen();
    plan.record_numbers("12", id(9), at(PUBLISHED)).unwrap();
    assert_eq!(plan.confirm_numbers("12", id(9), at(PUBLISHED)), Err(Fault::SamePerson));
    assert_eq!(plan.confirm_numbers("13", id(8), at(PUBLISHED)), Err(Fault::NumbersDiffer));
    plan.withdraw_numbers().unwrap();
    plan.record_numbers("13", id(9), at(PUBLISHED)).unwrap();
    plan.confirm_numbers("13", id(8), at(PUBLISHED)).unwrap();
    assert_eq!(plan.withdraw_numbers(), Err(Fault::WrongState), "confirmed numbers stay");
    assert_eq!(plan.record_numbers("14", id(9), at(PUBLISHED)), Err(Fault::WrongState));
}

fn person(n: u128, unit: u128, role: &str) -> PersonView {
    let post = PostSnapshot {
        id: id(n),
        agency: id(1),
        unit: id(unit),
        roles: [role.to_owned()].into(),
        from: day("2026-01-01"),
        until: None,
        deputy_for: None,
    };
    PersonView { person: id(n), in_service: true, posts: vec![post], cards: [].into(), revision: 1 }
}

pub(super) fn sheet() -> Worksheet {
    let query = |n: u64| DrawnQuery { position: n, query: id(n.into()), log: "l".into(), log_index: 0 };
    Worksheet {
        id: id(1),
        plan_id: id(1),
        account: id(1),
        person: id(10),
        agency_id: id(1),
        unit: Some(id(100)),
        opened_by: Some(id(20)),
        count: 2,
        shortfall: 8,
        queries: vec![query(0), query(1)],
        state: WorksheetState::Unassigned,
        auditor: None,
        result: None,
    }
}

#[test]
fn nobody_audits_himself_an_account_that_he_opened_or_his_own_unit() {
    let today = day("2026-05-01");
    let assign = |auditor: PersonView| sheet().assign(id(50), &auditor, today);
    assert_eq!(assign(person(10, 200, "auditor")), Err(Fault::OwnMatter));
    assert_eq!(assign(person(20, 200, "auditor")), Err(Fault::OpenedByAuditor));
    assert_eq!(assign(person(30, 100, "auditor")), Err(Fault::Insider));
    assert_eq!(assign(person(30, 200, "user")), Err(Fault::NotAuditor));
    assert_eq!(
        assign(PersonView { in_service: false, ..person(30, 200, "auditor") }),
        Err(Fault::NotAuditor)
    );
    assert_eq!(assign(person(30, 200, "auditor")), Ok(()));
}

pub(super) fn results(outcomes: &[(u128, RecordOutcome, Option<&str>)]) -> RecordWorksheetResult {
    let record = |(query, outcome, remark): &(u128, RecordOutcome, Option<&str>)| RecordResult {
        query: id(*query),
        outcome: *outcome,
        remark: remark.map(str::to_owned),
    };
    RecordWorksheetResult {
        records: outcomes.iter().map(record).collect(),
        usage_in_order: true,
        account_use_in_order: true,
        register_in_order: true,
        anomalies: None,
        violation: false,
    }
}

#[test]
fn a_worksheet_takes_every_drawn_record_once_from_its_auditor_alone() {
    use RecordOutcome::{Finding as Wrong, Ok as Good};
    let (auditor, now) = (person(30, 200, "auditor"), at("2026-05-01T02:00:00Z"));
    let mut assigned = sheet();
    assigned.assign(id(50), &auditor, day("2026-05-01")).unwrap();
    let record = |by: &PersonView, body: &RecordWorksheetResult| assigned.clone().record(by, body, now);
    let whole = results(&[(0, Good, None), (1, Good, None)]);
    assert_eq!(record(&person(31, 200, "auditor"), &whole), Err(Fault::NotAssigned));
    assert_eq!(record(&auditor, &results(&[(0, Good, None)])), Err(Fault::RecordsIncomplete));
    let twice = results(&[(0, Good, None), (1, Good, None), (1, Good, None)]);
    assert_eq!(record(&auditor, &twice), Err(Fault::RecordsIncomplete));
    let foreign = results(&[(0, Good, None), (5, Good, None)]);
    assert_eq!(record(&auditor, &foreign), Err(Fault::RecordsIncomplete));
    let bare = results(&[(0, Good, None), (1, Wrong, Some(" "))]);
    assert_eq!(record(&auditor, &bare), Err(Fault::RecordsIncomplete), "a finding needs a remark");
    assert_eq!(record(&auditor, &whole), Ok(()));
    assigned.record(&auditor, &results(&[(0, Good, None), (1, Wrong, Some("no case"))]), now).unwrap();
    assert!(assigned.has_finding());
    assert_eq!(assigned.wrong(), [id(1)]);
}

pub(super) fn finding(regulation: &str) -> Finding {
    Finding {
        id: id(1),
        key: "k".into(),
        kind: "night_queries".into(),
        regulation: regulation.into(),
        clause: "H8.3".into(),
        rule_pack: String::new(),
        agency_id: id(1),
        account: Some(id(1)),
        person: Some(id(10)),
        found_on: day("2026-05-01"),
        state: FindingState::Open,
        violation: false,
        suspended: false,
        evidence: vec![],
        course: Course::default(),
        investigation: None,
        order: None,
        reports: vec![],
        referrals: vec![],
        outcome: None,
        closing_reason: None,
        closed_by: None,
        closed_on: None,
    }
}

pub(super) fn order(by: u128) -> CorrectionOrder {
    CorrectionOrder { order: "stop".into(), report_by: day("2026-05-11"), ordered: act(by) }
}

#[test]
fn a_correction_runs_from_order_to_accepted_report() {
    let (now, today) = (at("2026-05-02T02:00:00Z"), day("2026-05-02"));
    let (holder, office, stranger): (PersonId, AgencyId, AgencyId) = (id(10), id(1), id(2));
    let mut it = finding("household");
    assert_eq!(it.report_correction("done", (holder, office), now), Err(Fault::WrongState));
    assert_eq!(it.order_correction(order(10), true), Err(Fault::OwnMatter));
    it.order_correction(order(40), true).unwrap();
    assert!(it.violation && it.suspended);
    assert_eq!(
        it.close("none", id(40), today),
        Err(Fault::WrongState),
        "a violation is corrected, not waved through"
    );
    assert_eq!(it.report_correction("done", (id(11), stranger), now), Err(Fault::OtherAgency));
    it.report_correction("done", (holder, office), now).unwrap();
    assert_eq!(it.decide_report(true, None, holder, today), Err(Fault::OwnMatter));
    it.decide_report(false, Some("too little".into()), id(40), today).unwrap();
    assert_eq!(it.state, FindingState::CorrectionOrdered);
    it.report_correction("more", (id(11), office), now).unwrap();
    assert_eq!(
        it.decide_report(true, None, id(11), today),
        Err(Fault::OwnMatter),
        "nobody accepts his own report"
    );
    it.decide_report(true, None, id(40), today).unwrap();
    assert_eq!((it.state, it.outcome.as_deref()), (FindingState::Closed, Some("corrected")));
}

#[test]
fn a_referral_needs_a_violation_and_ends_once() {
    let referral = RecordLegalReferral {
        liability: Liability::Disciplinary,
        authority: "a".into(),
        referred_on: day("2026-05-03"),
        number: "1".into(),
    };
    let outcome =
        |n| RecordReferralOutcome { referral: n, outcome: "o".into(), decided_on: day("2026-06-01") };
    let mut it = finding("household");
    assert_eq!(it.refer(&referral, id(40)), Err(Fault::WrongState));
    it.order_correction(order(40), false).unwrap();
    it.refer(&referral, id(40)).unwrap();
    assert_eq!(it.referral_ended(&outcome(1), id(40)), Err(Fault::NoReferral));
    it.referral_ended(&outcome(0), id(40)).unwrap();
    assert_eq!(it.referral_ended(&outcome(0), id(40)), Err(Fault::WrongState));
}

#[test]
fn an_immigration_anomaly_is_closed_only_with_cause_effect_and_containment() {
    let today = day("2026-05-02");
    let mut it = finding("immigration");
    assert_eq!(it.close("explained", id(40), today), Err(Fault::CourseMissing));
    it.follow(Course { cause: Some("c".into()), ..Course::default() }, id(40)).unwrap();
    it.follow(Course { effect: Some("e".into()), containment: Some("k".into()), cause: None }, id(40))
        .unwrap();
    assert_eq!(it.course.cause.as_deref(), Some("c"), "what is absent stays");
    assert_eq!(it.close("explained", id(40), today), Ok(()));
}

pub(super) fn investigation() -> Investigation {
    Investigation {
        id: id(1),
        finding_id: id(1),
        agency_id: id(1),
        person: Some(id(10)),
        rule_pack: String::new(),
        lead: id(40),
        opened_on: day("2026-05-01"),
        state: InvestigationState::Open,
        contributions: vec![],
        record: None,
        endorsements: BTreeMap::new(),
        digest: None,
        closed_on: None,
    }
}

pub(super) fn record(conclusion: Conclusion) -> InvestigationRecord {
    let text = || "x".to_owned();
    InvestigationRecord { cause: text(), effect: text(), containment: text(), conclusion, reasons: text() }
}

#[test]
fn an_investigation_ends_with_the_endorsements_of_three_parties_by_three_persons() {
    use Party::{BusinessUnit, EthicsOffice, ItUnit};
    let today = day("2026-05-20");
    let mut it = investigation();
    assert_eq!(it.endorse(act(41), Some(EthicsOffice)), Err(Fault::WrongState), "there is no record yet");
    assert_eq!(
        it.write_record(record(Conclusion::Violation), id(41), Some(EthicsOffice)),
        Err(Fault::NotAParty)
    );
    it.write_record(record(Conclusion::Violation), id(40), Some(BusinessUnit)).unwrap();
    assert_eq!(it.endorse(act(10), Some(ItUnit)), Err(Fault::OwnMatter));
    assert_eq!(it.endorse(act(43), None), Err(Fault::NotAParty));
    it.endorse(act(40), Some(BusinessUnit)).unwrap();
    assert_eq!(it.endorse(act(44), Some(BusinessUnit)), Err(Fault::PartyTwice));
    assert_eq!(it.endorse(act(40), Some(ItUnit)), Err(Fault::OnePersonTwoParties));
    it.endorse(act(41), Some(EthicsOffice)).unwrap();
    assert_eq!(it.close(id(40), Some(BusinessUnit), true, today), Err(Fault::PartyMissing));
    it.endorse(act(42), Some(ItUnit)).unwrap();
    assert_eq!(it.close(id(42), Some(ItUnit), true, today), Err(Fault::NotAParty), "the business unit leads");
    assert_eq!(it.close(id(40), Some(BusinessUnit), true, today), Ok(Conclusion::Violation));
}

#[test]
fn another_text_of_the_record_needs_every_endorsement_anew() {
    let mut it = investigation();
    it.write_record(record(Conclusion::NoViolation), id(40), Some(Party::BusinessUnit)).unwrap();
    it.endorse(act(41), Some(Party::EthicsOffice)).unwrap();
    it.write_record(record(Conclusion::Violation), id(40), Some(Party::BusinessUnit)).unwrap();
    assert!(it.endorsements.is_empty());
}

#[test]
fn roles_stand_for_their_parties() {
    assert_eq!(Party::of(&[Role::User, Role::EthicsOfficer]), Some(Party::EthicsOffice));
    assert_eq!(Party::of(&[Role::Auditor]), None);
}

proptest! {
    /// Whatever is tried in whatever order: a closed investigation has three parties by three persons, none of them the
    /// person concerned.
    #[test]
    fn no_order_of_acts_closes_an_investigation_without_all_three(
        steps in proptest::collection::vec((0_u8..4, 40_u128..44, 0_usize..4), 1..40),
    ) {
        let mut it = investigation();
        let today = day("2026-05-20");
        for (step, by, party) in steps {
            let party = Party::ALL.get(party).copied();
            let by = if by == 43 { 10 } else { by };
            let _ = match step {
                0 => it.contribute("t", id(by), party, at("2026-05-02T00:00:00Z")),
                1 => it.write_record(record(Conclusion::NoViolation), id(by), party),
                2 => it.endorse(act(by), party),
                _ => it.close(id(by), party, true, today).map(|_| ()),
            };
        }
        if it.state == InvestigationState::Closed {
            let mut people: Vec<PersonId> = it.endorsements.values().map(|e| e.person).collect();
            people.sort_unstable();
            people.dedup();
            prop_assert_eq!(people.len(), 3);
            prop_assert!(!people.contains(&id(10)));
        }
        prop_assert!(it.contributions.iter().all(|c| c.by != id(10)));
    }
}

#[test]
fn a_person_belongs_to_a_unit_only_while_the_post_lasts() {
    let mut view = person(1, 100, "auditor");
    view.posts[0].until = Some(day("2026-05-01"));
    let unit: UnitId = id(100);
    assert!(view.belongs_to(unit, day("2026-05-01")));
    assert!(!view.belongs_to(unit, day("2026-05-02")));
}
