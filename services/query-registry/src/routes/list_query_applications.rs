//! Lists query applications (H4.2).

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::document::{self, Filter};
use chassis::{Answer, Caller, Page, Problem, Result};
use chrono::NaiveDate;
use identity::Role;
use kernel::ids::{AgencyId, CaseId, UnitId};
use query_registry_types::applications::QueryApplicationView;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::application::QueryApplication;
use crate::state::Registry;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQueryApplications {
    /// `submitted`, `endorsed` or `returned`.
    pub state: Option<String>,
    /// Agency.
    pub agency: Option<AgencyId>,
    /// Unit.
    pub unit: Option<UnitId>,
    /// Case.
    pub case: Option<CaseId>,
    /// Day of the application.
    pub day: Option<NaiveDate>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists query applications without their personal values, oldest first; users see their own.
#[utoipa::path(get, path = "/v1/query-applications", params(ListQueryApplications),
    responses((status = 200, body = Page<QueryApplicationView>)))]
#[get("/v1/query-applications")]
pub async fn list_query_applications(
    caller: Caller,
    query: web::Query<ListQueryApplications>,
) -> Result<Answer<Page<QueryApplicationView>>> {
    let query = query.into_inner();
    if query.state.as_deref().is_some_and(|s| !["submitted", "endorsed", "returned"].contains(&s)) {
        return Err(Problem::invalid("state", "submitted, endorsed or returned").into());
    }
    let reviews =
        caller.principal.has_any(&[Role::ResponsibleSupervisor, Role::UnitSupervisor, Role::AgencySystem]);
    let own = (!reviews && !caller.sees_all_agencies()).then(|| caller.person()).transpose()?;
    let filter = Filter::all()
        .eq_opt("agency_id", caller.scope(query.agency)?)
        .one_of_opt("regulation", caller.regulations())
        .eq_opt("user_id", own)
        .eq_opt("state", query.state)
        .eq_opt("unit_id", query.unit)
        .eq_opt("case_id", query.case)
        .eq_opt("day", query.day);
    let params = PageParams { after: query.after, limit: query.limit };
    let page =
        document::page::<QueryApplication>(&mut *caller.context.connection().await?, filter, &params).await?;
    let (registry, now) = (caller.context.state::<Registry>(), caller.context.now());
    let items = page.items.iter().map(|a| a.view(registry.reminder(&a.regulation, now))).collect();
    Ok(Answer::ok(Page { items, next: page.next }))
}
