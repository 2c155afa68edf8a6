//! What several operations need.

use chassis::{Caller, Problem, Result, problem};
use chrono::{Datelike as _, NaiveDate};
use identity::Role;
use kernel::ids::{OrderId, PersonId};
use rule_pack::Regulation;

use crate::domain::hold::{Hold, HoldView};
use crate::domain::output::Output;
use crate::state::Retention;

/// Words for a cause of giving an order back; free text could hold personal data.
const CAUSES: [&str; 4] = ["under-review", "wrong-scope", "hold-expected", "other"];

/// Checks a cause of giving an order back.
pub fn cause(text: &str) -> Result<()> {
    if CAUSES.contains(&text) { Ok(()) } else { Err(Problem::invalid("/cause", CAUSES.join(", ")).into()) }
}

/// Checks the name of a regulation.
pub fn regulation(text: &str, pointer: &str) -> Result<()> {
    match text.parse::<Regulation>() {
        Ok(_) => Ok(()),
        Err(_) => Err(Problem::invalid(pointer, "`household`, `tax` or `immigration`").into()),
    }
}

/// Checks that a day begins a month.
pub fn month(day: NaiveDate, pointer: &str) -> Result<()> {
    if day.day() == 1 { Ok(()) } else { Err(Problem::invalid(pointer, "the first day of a month").into()) }
}

/// Checks a text's length in characters.
pub fn length(text: &str, most: usize, pointer: &str) -> Result<()> {
    if text.trim().is_empty() || text.chars().count() > most {
        return Err(Problem::invalid(pointer, format!("1 to {most} characters")).into());
    }
    Ok(())
}

/// The hold as it is shown.
pub fn view(state: &Retention, hold: &Hold, approved_before: Vec<OrderId>) -> Result<HoldView> {
    let lifted = hold.lifted.as_ref();
    Ok(HoldView {
        id: hold.id,
        scope: hold.scope.clone(),
        document: hold.document.clone(),
        reason: state.register.open(&hold.placed.reason)?.expose().clone(),
        placed_by: hold.placed.person,
        placed_at: hold.placed.at,
        lifted_by: lifted.map(|l| l.person),
        lifted_at: lifted.map(|l| l.at),
        active: hold.active,
        approved_before,
    })
}

/// The person, if it may act on `output`: its user, or a supervisor of the same agency. 404 outside the agency.
pub fn may_act(caller: &Caller, output: &Output) -> Result<PersonId> {
    caller.within(output.agency_id)?;
    let person = caller.person()?;
    let supervises =
        caller.principal.agency == Some(output.agency_id) && caller.principal.has(Role::UnitSupervisor);
    if person == output.person || supervises {
        return Ok(person);
    }
    Err(Problem::new(&problem::FORBIDDEN, "Its user or the unit supervisor does this.").clause("H7").into())
}
