//! Invariant 9 over every pair of roles; the table is `testkit::duties`.

use std::collections::BTreeMap;

use chassis::Error;
use chrono::NaiveDate;
use identity::{Endorsement, Role};
use kernel::ids::{AgencyId, PersonId, QueryId, UnitId};
use kernel::{Instant, Sealed};
use query_registry_types::applications::ApplicationState;
use query_registry_types::control::{ControlReport, ReportContent, ReportKind};
use testkit::duties::{Case, Hand, sweep};
use uuid::Uuid;

use super::application::{Endorser, QueryApplication};
use super::authorization::tests::application;
use super::control_item::tests::item;
use super::control_item::{Outcome, Settler};
use super::copying::{CopyDecided, CopyRequest, CopyState};
use super::report::KeptReport;

fn today() -> NaiveDate {
    "2026-05-04".parse().unwrap()
}

fn now() -> Instant {
    kernel::days::at(today(), 10, 0)
}

fn sealed() -> Sealed {
    Sealed { hash: String::new(), value: String::new() }
}

fn endorsement() -> Endorsement {
    application().user_endorsement
}

fn endorser(hand: &Hand, agency: AgencyId) -> Endorser {
    Endorser { person: hand.person, post: hand.post(), acting_for: hand.acting_for(), agency }
}

fn submitted(user: PersonId) -> QueryApplication {
    QueryApplication { user, state: ApplicationState::Submitted, ..application() }
}

fn copy_request(person: PersonId) -> CopyRequest {
    CopyRequest {
        id: Uuid::nil(),
        query_id: QueryId(Uuid::nil()),
        person,
        agency_id: AgencyId(Uuid::nil()),
        unit_id: UnitId(Uuid::nil()),
        reason: sealed(),
        count: 1,
        state: CopyState::Requested,
        decided: None,
        requested_at: now(),
    }
}

/// A report on a day on which `user` alone queried.
fn report(user: PersonId, kind: ReportKind) -> KeptReport {
    let content = ReportContent {
        report: Uuid::nil(),
        kind,
        agency: AgencyId(Uuid::nil()),
        day: today(),
        until: today(),
        lines: 3,
        unmatched: 0,
        platform_lines: 0,
        findings: BTreeMap::new(),
        lines_digest: String::new(),
    };
    KeptReport(ControlReport {
        id: Uuid::nil(),
        content,
        lines_by_user: [(user, 3)].into(),
        state: "open".into(),
        due_on: today(),
        overdue_since: None,
        seal: None,
        built_at: now(),
        rule_pack: String::new(),
    })
}

fn settle(user: PersonId, hand: &Hand, outcome: Outcome) -> Result<(), Error> {
    let mut item = item(user.0.as_u128());
    let has = |roles: &[Role]| roles.iter().any(|role| hand.roles().contains(role));
    let by = Settler {
        person: hand.person,
        post: hand.post(),
        agency: item.item.agency,
        supervises: has(&[Role::ResponsibleSupervisor]),
        business: has(&[Role::BusinessHandler, Role::BusinessSupervisor]),
    };
    Ok(item.settle(&by, outcome, sealed(), today(), now())?)
}

fn decide_copies(user: PersonId, hand: &Hand) -> Result<(), Error> {
    let mut request = copy_request(user);
    let (person, post) = (hand.person, hand.post());
    let decided = CopyDecided { person, post, endorsement: endorsement(), at: now() };
    Ok(request.decide(Some(request.unit_id), decided, true)?)
}

fn second_act(case: &Case, hand: &Hand) -> Result<(), Error> {
    let user = case.first_hand().person;
    let endorse = |kind| {
        let by = endorser(hand, AgencyId(Uuid::nil()));
        report(user, kind).endorse(&by, endorsement(), today(), now())
    };
    match case.second {
        "query-registry.endorse_query_applications" => {
            let mut it = submitted(user);
            it.endorse(&endorser(hand, it.agency_id), Uuid::nil(), now())?;
        }
        "query-registry.return_query_application" => {
            let mut it = submitted(user);
            it.send_back(&endorser(hand, it.agency_id), sealed(), now())?;
        }
        "query-registry.decide_copy_request" => decide_copies(user, hand)?,
        "query-registry.endorse_daily_report" => endorse(ReportKind::Daily)?,
        "query-registry.endorse_weekly_report" => endorse(ReportKind::Weekly)?,
        "query-registry.explain_control_item" => settle(user, hand, Outcome::Explained)?,
        "query-registry.confirm_as_finding" => settle(user, hand, Outcome::Finding)?,
        other => panic!("no test does {other}"),
    }
    Ok(())
}

#[test]
fn in_whatever_roles_nobody_does_the_second_act_after_the_first() {
    let over_http = ["query-registry.read_log_entry"];
    sweep("query-registry", &over_http, |case, hand| Some(second_act(case, hand)));
}
