//! Each habit of misuse becomes its kind, and honest work becomes none.

use account_types::events::{AccountSnapshot, AccountStatus, PostSnapshot};
use uuid::Uuid;

use super::*;

fn id<T: From<Uuid>>(n: u128) -> T {
    Uuid::from_u128(n).into()
}

fn query(decision: Decision, refusal: Option<&str>, marks: &[(&str, i64)]) -> QueryRecorded {
    QueryRecorded {
        query: id(1),
        application: None,
        account: Some(id(5)),
        person: id(10),
        agency: id(1),
        unit: None,
        case: None,
        programme: None,
        regulation: "household".into(),
        decision,
        refusal: refusal.map(str::to_owned),
        items: vec![],
        records: 0,
        at: "2026-05-10T02:00:00Z".parse().unwrap(),
        log: "three-year".into(),
        log_index: 1,
        marks: marks.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect(),
    }
}

fn account(status: AccountStatus, cause: &str, clause: &str) -> AccountView {
    AccountView {
        account: AccountSnapshot {
            id: id(5),
            number: "H0001".into(),
            regulation: "household".into(),
            person: id(10),
            post: id(50),
            agency: id(1),
            unit: id(1),
            status,
            permission_items: [].into(),
            valid_from: "2026-01-01".parse().unwrap(),
            valid_until: None,
            opened_by: id(99),
            revision: 1,
        },
        cause: cause.into(),
        clause: clause.into(),
    }
}

fn person(until: Option<&str>) -> PersonView {
    let post = PostSnapshot {
        id: id(50),
        agency: id(1),
        unit: id(1),
        roles: ["user".to_owned()].into(),
        from: "2026-01-01".parse().unwrap(),
        until: until.map(|u| u.parse().unwrap()),
        deputy_for: None,
    };
    PersonView { person: id(10), in_service: true, posts: vec![post], cards: [].into(), revision: 1 }
}

fn active() -> AccountView {
    account(AccountStatus::Active, "opened", "H5.1.2")
}

#[test]
fn honest_work_and_everyday_refusals_accuse_nobody() {
    let kinds = |query: &QueryRecorded| of_query(query, Some(&active()), Some(&person(None)));
    assert!(kinds(&query(Decision::Answered, None, &[])).is_empty());
    assert!(kinds(&query(Decision::Answered, None, &[("second-delivery", 1)])).is_empty());
    for code in [
        "application-expired",
        "reason-missing",
        "items-not-covered",
        "case-closed",
        "query-already-answered",
    ] {
        assert!(kinds(&query(Decision::Refused, Some(code), &[])).is_empty(), "{code}");
    }
}

#[test]
fn each_mark_becomes_its_kind_once() {
    let kinds = |marks: &[(&str, i64)]| {
        of_query(&query(Decision::Answered, None, marks), Some(&active()), Some(&person(None)))
    };
    assert_eq!(kinds(&[("night", 2)]), [MisuseKind::NightQueries]);
    assert_eq!(kinds(&[("declared-relative", 1)]), [MisuseKind::OwnRelatives]);
    assert_eq!(kinds(&[("sequential-ids", 4)]), [MisuseKind::SequentialIds]);
    assert_eq!(kinds(&[("copied-reason", 10), ("meaningless-reason", 1)]), [MisuseKind::CopiedReasons]);
    assert_eq!(kinds(&[("many-in-an-hour", 60), ("repeated-subject", 5)]), [MisuseKind::UnusualFrequency]);
}

#[test]
fn a_refusal_is_judged_by_how_the_account_stands() {
    let refused = |code: &str, account: Option<&AccountView>| {
        of_query(&query(Decision::Refused, Some(code), &[]), account, Some(&person(None)))
    };
    let lost = account(AccountStatus::Suspended, "suspended", "H5.2.3");
    assert_eq!(refused("account-not-active", Some(&lost)), [MisuseKind::LostCardUsed]);
    let stopped = account(AccountStatus::Stopped, "stopped", "H5.2.2");
    assert_eq!(refused("account-not-active", Some(&stopped)), [MisuseKind::TransferredStillQuerying]);
    let held = account(AccountStatus::Suspended, "finding", "H9");
    assert!(refused("account-not-active", Some(&held)).is_empty(), "its own finding follows the reason");
    assert!(refused("account-not-active", None).is_empty(), "an account not known yet proves nothing");
    assert_eq!(refused("no-account", None), [MisuseKind::NeverAuthorisedAttempt]);
    assert_eq!(refused("outside-case", Some(&active())), [MisuseKind::PersonOutsideCase]);
}

#[test]
fn a_query_after_the_last_day_in_the_post_is_found_and_one_on_it_is_not() {
    let answered = query(Decision::Answered, None, &[]);
    let kinds = |until| of_query(&answered, Some(&active()), Some(&person(Some(until))));
    assert_eq!(kinds("2026-05-09"), [MisuseKind::TransferredStillQuerying]);
    assert!(kinds("2026-05-10").is_empty());
}

#[test]
fn only_who_has_no_right_any_more_is_locked_out_on_suspicion() {
    assert!(MisuseKind::LostCardUsed.suspends() && MisuseKind::TransferredStillQuerying.suspends());
    assert!(!MisuseKind::NightQueries.suspends() && !MisuseKind::OwnRelatives.suspends());
}

#[test]
fn items_wait_for_their_explanation_where_the_rule_gives_one() {
    assert_eq!(of_item("missing-tax-query"), Some((MisuseKind::MissingTaxFollowup, true)));
    assert_eq!(of_item("past-the-gate"), Some((MisuseKind::ProviderCallPastGate, false)));
    assert_eq!(of_item("misuse-mark"), None, "marks are followed from the queries themselves");
}
