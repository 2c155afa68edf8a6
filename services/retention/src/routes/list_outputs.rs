//! The register of outputs.

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::document::Filter;
use chassis::{Answer, Caller, Page, Result, reading};
use kernel::days;
use kernel::ids::{AgencyId, PersonId};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::output::Output;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListOutputs {
    /// Only those that are neither filed nor destroyed.
    #[serde(default)]
    pub unsettled: bool,
    /// Only those that are unsettled past their due day.
    #[serde(default)]
    pub late: bool,
    /// `open`, `not_needed`, `filed` or `destroyed`.
    pub state: Option<String>,
    /// `household`, `tax` or `immigration`.
    pub regulation: Option<String>,
    /// Whose register.
    pub agency: Option<AgencyId>,
    /// Who made it.
    pub person: Option<PersonId>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists prints, files and media of an office: what is not yet filed or destroyed, and what became of the rest.
#[utoipa::path(get, path = "/v1/outputs", params(ListOutputs), responses((status = 200, body = Page<Output>)))]
#[get("/v1/outputs")]
pub async fn list_outputs(caller: Caller, query: web::Query<ListOutputs>) -> Result<Answer<Page<Output>>> {
    let query = query.into_inner();
    let mut filter = Filter::all()
        .eq_opt("agency_id", caller.scope(query.agency)?)
        .eq_opt("person_id", query.person)
        .eq_opt("regulation", query.regulation.as_deref())
        .one_of_opt("regulation", caller.regulations())
        .eq_opt("state", query.state.as_deref());
    if query.unsettled || query.late {
        filter = filter.eq("unsettled", true);
    }
    if query.late {
        filter = filter.op("due_on", "<", days::taipei_date(caller.context.now()));
    }
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
