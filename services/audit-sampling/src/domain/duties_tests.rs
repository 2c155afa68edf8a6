//! Invariant 9 over every pair of roles; the table is `testkit::duties`.

use std::collections::{BTreeMap, BTreeSet};

use account_types::events::PostSnapshot;
use audit_sampling_types::{
    Conclusion, Course, Liability, RecordLegalReferral, RecordOutcome, RecordReferralOutcome, SignedAct,
};
use chassis::Error;
use kernel::ids::{AgencyId, PersonId, UnitId};
use testkit::duties::{Case, Hand, HeldPost, sweep};

use super::fault::{Fault, not_own};
use super::finding::{CorrectionOrder, Finding, FindingState};
use super::guards_tests::{
    PUBLISHED, act, at, day, finding, frozen, id, investigation, order, record, results, sheet,
};
use super::internal_audit::{InternalAudit, InternalAuditState};
use super::investigation::{Investigation, Party};
use super::projection::PersonView;
use super::spot_check::{SpotCheck, SpotCheckState};
use super::worksheet::Worksheet;

const NOW: &str = "2026-05-01T02:00:00Z";
const STRANGER: u128 = 0xC;
/// Where whoever is audited works, and where auditors do.
const AUDITED: u128 = 1;
const BUREAU: u128 = 2;

/// `hand` as the account service announces him: the post acted in is at the bureau, the other one, or the only one of
/// somebody who holds both roles in it, in the audited office where `insider` says so.
fn view(hand: &Hand, insider: bool) -> PersonView {
    let snapshot = |(i, held): (usize, &HeldPost)| {
        let place = if insider && i + 1 == hand.posts.len() { AUDITED } else { BUREAU };
        PostSnapshot {
            id: held.post,
            agency: id(place),
            unit: id(place),
            roles: held.roles.iter().map(ToString::to_string).collect(),
            from: day("2026-01-01"),
            until: None,
            deputy_for: held.deputy_for,
        }
    };
    let posts = hand.posts.iter().enumerate().map(snapshot).collect();
    PersonView { person: hand.person, in_service: true, posts, cards: BTreeSet::new(), revision: 1 }
}

fn worksheet(holder: PersonId, opener: PersonId) -> Worksheet {
    let unit: UnitId = id(AUDITED);
    Worksheet { person: holder, opened_by: Some(opener), unit: Some(unit), ..sheet() }
}

/// `auditor` audits: the sheet is his, however he came by it.
fn audit(mut sheet: Worksheet, auditor: &PersonView) -> Result<(), Fault> {
    let colleague = PersonView { person: id(STRANGER), ..view_of_auditor() };
    sheet.assign(id(STRANGER), &colleague, day("2026-05-01")).unwrap();
    sheet.auditor = Some(auditor.person);
    let good = |n| (n, RecordOutcome::Ok, None);
    sheet.record(auditor, &results(&[good(0), good(1)]), at(NOW))
}

fn view_of_auditor() -> PersonView {
    let roles = [identity::Role::Auditor].into();
    let posts = vec![HeldPost { post: id(STRANGER), roles, deputy_for: None }];
    view(&Hand { person: id(STRANGER), posts }, false)
}

fn about(person: PersonId) -> Finding {
    Finding { person: Some(person), ..finding("household") }
}

/// A finding about `person` that is a violation, with a referral.
fn referred(person: PersonId) -> Finding {
    let mut it = Finding { violation: true, ..about(person) };
    it.refer(&referral(), id(STRANGER)).unwrap();
    it
}

fn referral() -> RecordLegalReferral {
    RecordLegalReferral {
        liability: Liability::Disciplinary,
        authority: "a".into(),
        referred_on: day("2026-05-03"),
        number: "1".into(),
    }
}

/// A finding with a report of `reporter` that waits to be accepted.
fn reported(concerned: PersonId, reporter: PersonId) -> Finding {
    let mut it = about(concerned);
    it.order_correction(order(STRANGER), false).unwrap();
    let office: AgencyId = id(AUDITED);
    it.report_correction("done", (reporter, office), at(NOW)).unwrap();
    it
}

fn signed(by: PersonId) -> SignedAct {
    SignedAct { person: by, ..act(0) }
}

/// An investigation about `person` with its record, endorsed by whoever `endorsed` names.
fn recorded(person: PersonId, endorsed: &[(PersonId, Option<Party>)]) -> Investigation {
    let mut it = Investigation { person: Some(person), ..investigation() };
    it.write_record(record(Conclusion::Violation), id(STRANGER), Some(Party::BusinessUnit)).unwrap();
    for (by, party) in endorsed {
        it.endorse(signed(*by), *party).unwrap();
    }
    it
}

fn internal_audit(auditor: PersonId) -> InternalAudit {
    InternalAudit {
        id: id(1),
        key: String::new(),
        annex: 2,
        form: String::new(),
        agency_id: id(AUDITED),
        period_start: day("2026-04-01"),
        period_end: day("2026-04-30"),
        due_on: day("2026-05-10"),
        rule_pack: String::new(),
        state: InternalAuditState::Recorded,
        audited_on: None,
        answers: BTreeMap::new(),
        auditor: Some(signed(auditor)),
        supervisor: None,
        findings: vec![],
        closed_on: None,
    }
}

fn visited() -> SpotCheck {
    SpotCheck {
        id: id(1),
        checking: id(BUREAU),
        offices: vec![id(AUDITED)],
        visit_on: day("2026-05-01"),
        rule_pack: String::new(),
        state: SpotCheckState::Drawn,
        planned_by: id(STRANGER),
        seed: None,
        office: Some(id(AUDITED)),
        visited_on: None,
        result: None,
        in_order: None,
        visited_by: None,
        recorded_at: None,
        finding: None,
    }
}

/// What is done about a finding or investigation that concerns `person`.
fn handle(case: &Case, person: PersonId, hand: &Hand) -> Result<(), Fault> {
    let (by, today) = (hand.person, day("2026-05-02"));
    let party = Party::of(hand.roles());
    match case.second {
        "audit-sampling.create_finding" => not_own(Some(person), by),
        "audit-sampling.record_anomaly_course" => about(person).follow(Course::default(), by),
        "audit-sampling.open_investigation" => about(person).investigate(id(1), by),
        "audit-sampling.create_contribution" => {
            let mut it = Investigation { person: Some(person), ..investigation() };
            it.contribute("t", by, party, at(NOW))
        }
        "audit-sampling.write_investigation_record" => {
            recorded(person, &[]).write_record(record(Conclusion::NoViolation), by, party)
        }
        "audit-sampling.endorse_investigation" => recorded(person, &[]).endorse(signed(by), party),
        "audit-sampling.close_investigation" => {
            let three = [0xD1, 0xD2, 0xD3].map(id).into_iter().zip(Party::ALL.map(Some)).collect::<Vec<_>>();
            recorded(person, &three).close(by, party, true, today).map(|_| ())
        }
        "audit-sampling.order_correction" => {
            about(person).order_correction(CorrectionOrder { ordered: signed(by), ..order(0) }, false)
        }
        "audit-sampling.accept_correction_report" => {
            reported(person, id(STRANGER)).decide_report(true, None, by, today)
        }
        "audit-sampling.record_legal_referral" => {
            Finding { violation: true, ..about(person) }.refer(&referral(), by)
        }
        "audit-sampling.record_referral_outcome" => {
            let body =
                RecordReferralOutcome { referral: 0, outcome: "o".into(), decided_on: day("2026-06-01") };
            referred(person).referral_ended(&body, by)
        }
        "audit-sampling.close_finding" => {
            Finding { state: FindingState::Open, ..about(person) }.close("none", by, today)
        }
        other => panic!("no test does {other}"),
    }
}

fn second_act(case: &Case, hand: &Hand) -> Option<Result<(), Fault>> {
    let first = case.first_hand();
    let (someone, today): (PersonId, _) = (id(STRANGER), day("2026-05-01"));
    let insider = hand.person == first.person && case.rule.problem == "audited-unit-insider";
    Some(match (case.rule.first, case.second) {
        (["query-registry.create_query"], "audit-sampling.assign_worksheet") => {
            worksheet(first.person, id(0xD1)).assign(hand.person, &view_of_auditor(), today)
        }
        (_, "audit-sampling.record_worksheet_result") => {
            let (holder, opener) = match case.rule.first {
                ["query-registry.create_query"] => (first.person, id(0xD1)),
                ["account.open_account"] => (id(0xD1), first.person),
                _ => (id(0xD1), id(0xD2)),
            };
            audit(worksheet(holder, opener), &view(hand, insider))
        }
        (["query-registry.create_query"], "audit-sampling.close_audit_plan") => {
            worksheet(first.person, someone).may_judge(hand.person)
        }
        (["account.open_account"], "audit-sampling.close_audit_plan") => {
            worksheet(someone, first.person).may_judge(hand.person)
        }
        (_, "audit-sampling.record_spot_check") => {
            visited().record(&view(hand, insider), today, "seen", true, at(NOW))
        }
        (_, "audit-sampling.confirm_draw_numbers") => {
            let mut plan = frozen();
            plan.record_numbers("12", first.person, at(PUBLISHED)).unwrap();
            plan.confirm_numbers("12", hand.person, at(PUBLISHED))
        }
        (_, "audit-sampling.endorse_internal_audit") => {
            internal_audit(first.person).endorse(signed(hand.person), id(AUDITED))
        }
        (["audit-sampling.endorse_investigation"], _) => {
            let (one, another) = (Party::of(first.roles()), Party::of(case.other_hand().roles()));
            if one == another {
                return None;
            }
            recorded(id(0xD1), &[(first.person, one)]).endorse(signed(hand.person), Party::of(hand.roles()))
        }
        (["audit-sampling.submit_correction_report"], _) => {
            reported(id(0xD1), first.person).decide_report(true, None, hand.person, today)
        }
        (["query-registry.create_query"], _) => handle(case, first.person, hand),
        other => panic!("no test does {other:?}"),
    })
}

#[test]
fn in_whatever_roles_nobody_does_the_second_act_after_the_first() {
    sweep("audit-sampling", &[], |case, hand| Some(second_act(case, hand)?.map_err(Error::from)));
}
