//! A year's facts under two packs.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use chrono::NaiveDate;
use rule_pack::{
    DeadlineKind, Decision, Difference, Fact, PackSet, RecordKind, Regulation, RhythmKind, RulePack,
    back_test, working_calendar,
};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn household() -> RulePack {
    RulePack::clone(PackSet::embedded().unwrap().on(Regulation::Household, day("2025-01-01")).unwrap())
}

fn facts() -> Vec<Fact> {
    let mut facts = vec![
        Fact::Account {
            id: "a1".into(),
            opened: day("2025-01-02"),
            used: vec![day("2025-01-10"), day("2025-12-30")],
        },
        Fact::HouseholdQuery { id: "q1".into(), on: day("2025-03-03"), tax_query: Some(day("2025-03-12")) },
        Fact::Event {
            id: "v1".into(),
            deadline: DeadlineKind::CorrectionReport,
            on: day("2025-05-12"),
            done: Some(day("2025-05-20")),
        },
        Fact::Record { id: "r1".into(), kind: RecordKind::QueryLog, made: day("2025-03-03"), closed: None },
    ];
    facts.extend((0..40).map(|n| Fact::Queries {
        account: format!("u{n:02}"),
        on: day("2025-02-03"),
        count: 12,
    }));
    facts
}

fn differences(change: impl FnOnce(&mut RulePack)) -> Vec<Difference> {
    let old = household();
    let new = old.changed(change).unwrap();
    back_test(&old, &new, &facts(), &working_calendar().unwrap())
}

fn only(decision: Decision, found: &[Difference]) -> Vec<(&str, Option<&str>, Option<&str>)> {
    assert!(found.iter().all(|d| d.decision == decision), "{found:#?}");
    found.iter().map(|d| (d.subject.as_str(), d.old.as_deref(), d.new.as_deref())).collect()
}

#[test]
fn the_same_rules_decide_the_same() {
    assert_eq!(differences(|_| ()), []);
    assert_eq!(differences(|p| p.version = 2), []);
}

#[test]
fn a_larger_ratio_draws_more_accounts() {
    let found = differences(|p| p.sampling.as_mut().unwrap().accounts.parts = 10);
    assert_eq!(only(Decision::AccountsDrawn, &found), [("2025-03-31", Some("2"), Some("4"))]);
}

#[test]
fn a_longer_follow_up_clears_a_finding() {
    let found = differences(|p| p.deadlines.get_mut(&DeadlineKind::TaxFollowUp).unwrap().days = 14);
    assert_eq!(only(Decision::TaxFollowUp, &found), [("q1", Some("true"), Some("false"))]);
}

#[test]
fn a_shorter_deadline_makes_a_report_late() {
    let found = differences(|p| {
        let deadline = p.deadlines.get_mut(&DeadlineKind::CorrectionReport).unwrap();
        (deadline.days, deadline.remind_days_before) = (5, vec![1]);
    });
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].old.as_deref(), found[0].new.as_deref()), (Some("2025-05-22"), Some("2025-05-19")));
    assert_eq!((found[1].decision, found[1].new.as_deref()), (Decision::Late, Some("true")));
}

#[test]
fn longer_retention_moves_the_first_day_of_destruction() {
    let found = differences(|p| p.retention.get_mut(&RecordKind::QueryLog).unwrap().years = 5);
    assert_eq!(only(Decision::RetentionEnd, &found), [("r1", Some("2028-03-04"), Some("2030-03-04"))]);
}

#[test]
fn a_slower_inventory_moves_due_dates_and_what_it_finds() {
    let found = differences(|p| p.rhythms.get_mut(&RhythmKind::AccountInventory).unwrap().every = 6);
    let dates = &found[0];
    assert_eq!((dates.decision, dates.subject.as_str()), (Decision::DueDates, "H5.1.3.inventory"));
    assert_eq!(dates.old.as_deref().map(|d| d.split(' ').count()), Some(4));
    assert_eq!(dates.new.as_deref().map(|d| d.split(' ').count()), Some(2));
    // The inventory at the end of September found a1 idle; with six months there is none then.
    assert!(
        found.iter().any(|d| d.subject == "2025-09-30" && d.old.as_deref() == Some("a1") && d.new.is_none())
    );
}
