//! The decision on one query (invariant 1): pure, from memory alone, in microseconds.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use account_types::events::AccountStatus;
use chrono::NaiveDate;
use kernel::ids::{AccountId, AgencyId, PersonId, PostId, QueryId, SystemId};
use kernel::{Instant, days};
use query_registry_types::applications::ApplicationState;
use rule_pack::EndorsementMode;

use crate::domain::application::QueryApplication;
use crate::domain::case::Case;
use crate::domain::directory::Index;
use crate::domain::refusal::Refusal;
use crate::domain::rules::Rules;

/// Who asks, as the token proves it.
#[derive(Debug, Clone, Copy)]
pub struct Asker {
    /// The official.
    pub person: PersonId,
    /// The post acted in.
    pub post: PostId,
    /// The agency of the post.
    pub agency: AgencyId,
    /// The system through which the official asks.
    pub system: Option<SystemId>,
    /// The address of the official's browser.
    pub place: Option<IpAddr>,
    /// Whether an act since the token's issue ended it (invariant 7).
    pub revoked: bool,
}

/// A delivery of the same answer under the same application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// The query that delivered it.
    pub query: QueryId,
    /// From 1.
    pub delivery: i16,
    /// Whether it is settled; an open one is under way now.
    pub settled: bool,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who.
    pub asker: Asker,
    /// The application that was named, if it is there.
    pub application: Option<&'a QueryApplication>,
    /// Its case, if it is there.
    pub case: Option<&'a Case>,
    /// Keyed hash of the person.
    pub subject: &'a str,
    /// Items, or all of the application's.
    pub items: Option<&'a BTreeSet<String>>,
    /// What was delivered about this person under this application, oldest first.
    pub delivered: &'a [Delivered],
    /// The query whose answer was lost with its connection.
    pub delivery_of: Option<QueryId>,
}

/// What a query may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Account.
    pub account: AccountId,
    /// Account number, for the watermark.
    pub account_number: String,
    /// Items.
    pub items: BTreeSet<String>,
    /// Fields of the provider that may be handed over.
    pub fields: Vec<String>,
    /// Rule pack.
    pub rule_pack: String,
    /// The log of its retention class.
    pub log: &'static str,
    /// 1, or more after a broken connection.
    pub delivery: i16,
    /// Seconds that the answer may stay on a screen.
    pub time_on_screen_seconds: u32,
    /// What was let through but has to be shown to auditors.
    pub marks: BTreeMap<String, i64>,
}

/// Decides on a query (H2.1, H2.3, H3.1, H4.1, H4.2, H6.3; invariant 1).
pub fn decide(index: &Index, request: &Request<'_>, now: Instant) -> Result<Grant, Refusal> {
    let today = days::taipei_date(now);
    let asker = request.asker;
    let application = request
        .application
        .filter(|a| a.user == asker.person && a.post == asker.post)
        .ok_or(Refusal::ApplicationUnknown)?;
    let rules = index
        .rules
        .named(&application.regulation, today)
        .filter(|rules| rules.passes_gate())
        .ok_or(Refusal::NotAtGate)?;
    check_place(index, rules, &asker)?;
    let account_number = check_account(index, application, &asker, today)?;
    // After the account, whose own state says more.
    if asker.revoked {
        return Err(Refusal::RightRevoked);
    }
    let mut marks = BTreeMap::new();
    check_application(rules, application, now, today, &mut marks)?;
    check_case(index, rules, request, application, today, &mut marks)?;
    let items = items(request, application)?;
    let delivery = delivery(rules, request)?;
    if delivery > 1 {
        marks.insert("second-delivery".to_owned(), i64::from(delivery));
    }
    Ok(Grant {
        account: application.account_id,
        account_number,
        fields: rules.fields_of(&items),
        items,
        rule_pack: rules.reference.clone(),
        log: rules.log(),
        delivery,
        time_on_screen_seconds: rules.pack.query.time_on_screen_seconds,
        marks,
    })
}

/// Only through a system that the pack lists, and only at the office (H3.1).
fn check_place(index: &Index, rules: &Rules, asker: &Asker) -> Result<(), Refusal> {
    let system = asker.system.and_then(|id| index.active_system(id));
    if !system.is_some_and(|s| rules.system_may_ask(&s.code)) {
        return Err(Refusal::SystemNotRegistered);
    }
    let agency = index.agency(asker.agency);
    match (agency, asker.place) {
        (Some(agency), Some(place)) if agency.holds(place) => Ok(()),
        _ => Err(Refusal::OutsideOfficeNetwork),
    }
}

/// An active account of this official in this post for this data (H4.1, H5.1.2). Gives its number.
fn check_account(
    index: &Index,
    application: &QueryApplication,
    asker: &Asker,
    today: NaiveDate,
) -> Result<String, Refusal> {
    let account = index
        .account(application.account_id)
        .filter(|a| {
            a.person == asker.person && a.post == asker.post && a.regulation == application.regulation
        })
        .ok_or(Refusal::NoAccount)?;
    let in_service = index.person(asker.person).is_some_and(|p| p.in_service);
    let valid = account.valid_from <= today && account.valid_until.is_none_or(|until| today <= until);
    if account.status != AccountStatus::Active || !in_service || !valid {
        return Err(Refusal::AccountNotActive);
    }
    Ok(account.number.clone())
}

/// Complete, endorsed as the pack demands, still good, on a legal basis in force (H2.1, H4.2, H6.3).
fn check_application(
    rules: &Rules,
    application: &QueryApplication,
    now: Instant,
    today: NaiveDate,
    marks: &mut BTreeMap<String, i64>,
) -> Result<(), Refusal> {
    if !application.has_reason {
        return Err(Refusal::ReasonMissing);
    }
    let complete = !application.items.is_empty()
        && !application.subjects.is_empty()
        && !application.legal_basis.is_empty()
        && !application.account_number.is_empty()
        && !application.user_endorsement.signature.is_empty();
    if !complete {
        return Err(Refusal::ApplicationIncomplete);
    }
    match (application.state, rules.pack.endorsement.mode) {
        (ApplicationState::Endorsed, _) => {}
        (ApplicationState::Submitted, EndorsementMode::After) => {
            marks.insert("endorsement-pending".to_owned(), 1);
        }
        _ => return Err(Refusal::ApplicationNotEndorsed),
    }
    if now >= application.valid_until || today < application.date {
        return Err(Refusal::ApplicationExpired);
    }
    if !rules.basis_holds(&application.legal_basis, &application.programme, today) {
        return Err(Refusal::LegalBasisNotInForce);
    }
    Ok(())
}

/// The right case, programme and person (H2.3): refused or marked, as the pack says.
fn check_case(
    index: &Index,
    rules: &Rules,
    request: &Request<'_>,
    application: &QueryApplication,
    today: NaiveDate,
    marks: &mut BTreeMap<String, i64>,
) -> Result<(), Refusal> {
    let case = request
        .case
        .filter(|c| c.id == application.case_id && c.agency_id == application.agency_id)
        .ok_or(Refusal::OutsideCase)?;
    if !case.is_open(today) {
        return Err(Refusal::CaseClosed);
    }
    let permits = index
        .account(application.account_id)
        .is_some_and(|account| rules.permits(&account.permission_items, &case.programme));
    if !permits {
        if rules.refuses_other_programme() {
            return Err(Refusal::PermissionMissing);
        }
        marks.insert("other-programme".to_owned(), 1);
    }
    if !application.subjects.contains(request.subject) {
        return Err(Refusal::PersonNotCovered);
    }
    if !case.subjects.contains(request.subject) {
        if rules.refuses_outside_case() {
            return Err(Refusal::OutsideCase);
        }
        marks.insert("outside-case".to_owned(), 1);
    }
    Ok(())
}

fn items(request: &Request<'_>, application: &QueryApplication) -> Result<BTreeSet<String>, Refusal> {
    match request.items {
        None => Ok(application.items.clone()),
        Some(items) if !items.is_empty() && items.is_subset(&application.items) => Ok(items.clone()),
        Some(_) => Err(Refusal::ItemsNotCovered),
    }
}

/// One answer per person; one more after a broken connection, as often as the pack allows (design, flow 2).
fn delivery(rules: &Rules, request: &Request<'_>) -> Result<i16, Refusal> {
    let Some(last) = request.delivered.last() else {
        // Nothing was delivered: `delivery_of` of another application's query opens nothing.
        return if request.delivery_of.is_none() { Ok(1) } else { Err(Refusal::ApplicationUnknown) };
    };
    let names_one =
        request.delivery_of.is_some_and(|q| request.delivered.iter().any(|d| d.query == q && d.settled));
    if !names_one || !last.settled {
        return Err(Refusal::AlreadyAnswered);
    }
    let again = rules.pack.query.deliveries_after_broken_connection;
    if u32::try_from(last.delivery).unwrap_or(u32::MAX) > again {
        return Err(Refusal::DeliveriesUsedUp);
    }
    Ok(last.delivery + 1)
}

#[cfg(test)]
#[path = "authorization_tests.rs"]
pub(crate) mod tests;
