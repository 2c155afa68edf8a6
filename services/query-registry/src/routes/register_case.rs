//! Registers a case (H2.3).

use std::collections::BTreeSet;

use actix_web::post;
use chassis::document::{self, Filter};
use chassis::{Answer, Command, Problem, Result};
use kernel::days;
use kernel::ids::{AgencyId, UnitId};
use query_registry_types::cases::{CaseView, RegisterCase};
use rule_pack::Regulation;

use crate::domain::case::Case;
use crate::problems;
use crate::state::{self, Registry};
use crate::store::changes;

/// Registers a welfare case for which queries may be made.
#[utoipa::path(post, path = "/v1/cases", request_body = RegisterCase, responses((status = 201, body = CaseView)))]
#[post("/v1/cases")]
pub async fn register_case(command: Command<RegisterCase>) -> Result<Answer<CaseView>> {
    let registry = command.context.state::<Registry>();
    registry.refresh(&mut *command.context.connection().await?).await?;
    let subjects = check(&command, &registry)?;
    let (agency, unit) = place(&command, &registry)?;
    command
        .run(async |tx| {
            let body = &command.body;
            let same = Filter::all().eq("agency_id", agency).eq("number", body.number.trim());
            if document::first::<Case>(tx.conn(), same).await?.is_some() {
                return Err(Problem::new(&problems::CASE_EXISTS, "List the agency's cases for its id.")
                    .clause("H2.3")
                    .into());
            }
            let case = Case {
                id: tx.new_id(),
                number: body.number.trim().to_owned(),
                programme: body.programme.clone(),
                agency_id: agency,
                unit_id: unit,
                opened_on: body.opened_on,
                ends_on: body.ends_on,
                closed_on: None,
                subjects: subjects.clone(),
                registered_by: command.principal.subject.clone(),
            };
            let version = tx.insert(&case).await?;
            changes::add(tx, "case-registered", case.agency_id, case.id.0).await?;
            Ok(Answer::created(case.view()).version(version))
        })
        .await
}

/// Checks the body; gives the keyed hashes of the persons.
fn check(command: &Command<RegisterCase>, registry: &Registry) -> Result<BTreeSet<String>> {
    let body = &command.body;
    let number = body.number.trim();
    if number.is_empty() || number.chars().count() > 60 {
        return Err(Problem::invalid("/number", "1 to 60 characters").into());
    }
    if body.ends_on.is_some_and(|end| end < body.opened_on) {
        return Err(Problem::invalid("/ends_on", "not before `opened_on`").into());
    }
    let index = registry.index();
    let rules = index.rules.on(Regulation::Household, days::taipei_date(command.context.now()));
    let Some(rules) = rules.filter(|r| r.pack.programme(&body.programme).is_some()) else {
        return Err(Problem::invalid("/programme", "no programme of the rule pack").into());
    };
    let most = usize::try_from(rules.pack.query.most_persons).unwrap_or(usize::MAX);
    if body.persons.is_empty() || body.persons.len() > most {
        return Err(Problem::invalid("/persons", format!("1 to {most} persons")).into());
    }
    let hash = |(place, person): (usize, &query_registry_types::PersonalText)| {
        let id = state::national_id(&command.context, person.expose(), &format!("/persons/{place}"))?;
        Ok(registry.subjects.hash(id.expose()))
    };
    body.persons.iter().enumerate().map(hash).collect()
}

/// An official registers for the own unit; a registered system for a unit that it names.
fn place(command: &Command<RegisterCase>, registry: &Registry) -> Result<(AgencyId, UnitId)> {
    if command.principal.person().is_some() {
        let unit =
            command.principal.unit.ok_or_else(|| Problem::invalid("/unit", "the caller has no unit"))?;
        return Ok((command.agency()?, unit));
    }
    let (Some(agency), Some(unit)) = (command.body.agency, command.body.unit) else {
        return Err(Problem::invalid("/unit", "a system names agency and unit").into());
    };
    let today = days::taipei_date(command.context.now());
    let index = registry.index();
    let listed = command
        .principal
        .system()
        .and_then(|id| index.active_system(id))
        .is_some_and(|system| index.rules.any_lists(&system.code, today));
    if !listed {
        return Err(crate::domain::refusal::Refusal::SystemNotRegistered.into());
    }
    if index.agency(agency).and_then(|a| a.unit_name(unit)).is_none() {
        return Err(Problem::invalid("/unit", "no unit of this agency").into());
    }
    Ok((agency, unit))
}
