use kernel::ids::{PostId, UnitId};
use rule_pack::{PackSet, Regulation};
use std::sync::Arc;
use uuid::Uuid;

use super::*;

fn pack() -> Arc<RulePack> {
    let packs = PackSet::embedded().unwrap();
    packs.on(Regulation::Immigration, "2026-03-02".parse().unwrap()).unwrap().clone()
}

fn account() -> AccountSnapshot {
    AccountSnapshot {
        id: AccountId(Uuid::from_u128(1)),
        number: "u1".into(),
        regulation: "immigration".into(),
        person: PersonId(Uuid::from_u128(2)),
        post: PostId(Uuid::from_u128(3)),
        agency: AgencyId(Uuid::from_u128(4)),
        unit: UnitId(Uuid::from_u128(5)),
        status: AccountStatus::Active,
        permission_items: ["entry-exit".to_owned()].into(),
        valid_from: "2026-01-01".parse().unwrap(),
        valid_until: None,
        opened_by: PersonId(Uuid::from_u128(6)),
        revision: 1,
    }
}

fn line(n: u32) -> CheckedLine {
    let day: NaiveDate = "2026-03-02".parse().unwrap();
    CheckedLine {
        query: QueryId(Uuid::from_u128(n.into())),
        at: days::at(day, 9, 0) + chrono::Duration::minutes((n % 400).into()),
        agency: account().agency,
        number: "u1".into(),
        account: Some(account()),
        subject: format!("s{n}"),
        item: "entry-exit".into(),
        fields: vec!["name".into(), "entries".into()],
    }
}

fn codes(lines: &[CheckedLine], earlier: &[u32]) -> Vec<&'static str> {
    let calendar = rule_pack::working_calendar().unwrap();
    check(lines, &pack(), &calendar, earlier).iter().map(|f| f.code).collect()
}

#[test]
fn an_approved_use_has_no_findings_and_each_deviation_is_found() {
    assert!(codes(&[line(1)], &[]).is_empty());
    let cases: [(&str, fn(&mut CheckedLine)); 8] = [
        ("no-account", |l| l.account = None),
        ("other-office", |l| l.agency = AgencyId(Uuid::from_u128(9))),
        ("outside-validity", |l| l.account.as_mut().unwrap().valid_from = "2026-03-03".parse().unwrap()),
        ("not-active", |l| l.account.as_mut().unwrap().status = AccountStatus::Stopped),
        ("item-not-approved", |l| l.account.as_mut().unwrap().permission_items.clear()),
        ("field-beyond-item", |l| l.fields.push("photo".into())),
        ("outside-hours", |l| l.at += chrono::Duration::hours(13)),
        ("outside-hours", |l| l.at += chrono::Duration::days(5)),
    ];
    for (code, change) in cases {
        let mut it = line(1);
        change(&mut it);
        assert_eq!(codes(&[it], &[]), [code]);
    }
}

#[test]
fn more_than_is_usual_is_found_against_earlier_months_and_other_accounts() {
    let many: Vec<CheckedLine> = (0..45).map(|n| line(n * 8)).collect();
    assert_eq!(codes(&many, &[4; 30]), ["more-than-usual"]);
    assert!(codes(&many, &[]).is_empty(), "alone it is its own measure");
    assert!(codes(&many, &[4; 20]).is_empty(), "a few months do not show what is usual");
    let mut others = many.clone();
    others.extend((1000..1030).map(|n| CheckedLine { number: format!("u{n}"), ..line(n) }));
    assert_eq!(codes(&others, &[]), ["more-than-usual"]);
}

#[test]
fn many_in_an_hour_and_the_same_person_again_and_again_are_found() {
    let hour: Vec<CheckedLine> = (0..61)
        .map(|n| CheckedLine {
            at: line(0).at + chrono::Duration::seconds(n),
            ..line(1000 + u32::try_from(n).unwrap())
        })
        .collect();
    assert_eq!(codes(&hour, &[60; 9]), ["many-in-an-hour"]);
    let same: Vec<CheckedLine> = (0..6).map(|n| CheckedLine { subject: "s".into(), ..line(n) }).collect();
    assert_eq!(codes(&same, &[]), ["repeated-subject"]);
    assert!(codes(&same[..5], &[]).is_empty());
}

#[test]
fn a_line_is_judged_by_the_account_as_it_was_then() {
    let at = |day: u32| days::at(NaiveDate::from_ymd_opt(2026, 3, day).unwrap(), 9, 0);
    let stopped = AccountSnapshot { status: AccountStatus::Stopped, ..account() };
    let states = [(at(2), account()), (at(10), stopped)];
    assert_eq!(state_at(&states, at(1)).unwrap().status, AccountStatus::Active);
    assert_eq!(state_at(&states, at(9)).unwrap().status, AccountStatus::Active);
    assert_eq!(state_at(&states, at(10)).unwrap().status, AccountStatus::Stopped);
}

#[test]
fn annex_two_gets_scope_frequency_and_fields_of_each_office() {
    let calendar = rule_pack::working_calendar().unwrap();
    let lines: Vec<CheckedLine> = (0..3).map(line).collect();
    let offices = summaries(&lines, &check(&lines, &pack(), &calendar, &[]), &pack(), &calendar);
    let office = &offices[&account().agency];
    assert_eq!((office.lines, office.accounts, office.most_per_day, office.outside_hours), (3, 1, 3, 0));
    assert_eq!((office.items["entry-exit"], office.fields["name"]), (3, 3));
}
