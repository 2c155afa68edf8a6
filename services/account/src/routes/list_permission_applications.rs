//! `list_permission_applications`

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use kernel::ids::{AgencyId, PersonId};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::application::PermissionApplication;
use crate::edge;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListPermissionApplications {
    /// Agency.
    pub agency: Option<AgencyId>,
    /// State.
    pub status: Option<String>,
    /// `household`, `immigration` or `tax`.
    pub regulation: Option<String>,
    /// Person.
    pub person: Option<PersonId>,
    /// Stage that comes next.
    pub stage: Option<String>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists permission applications (H5.2.1, I3.3).
#[utoipa::path(get, path = "/v1/permission-applications", params(ListPermissionApplications), responses((status = 200, body = Page<PermissionApplication>)))]
#[get("/v1/permission-applications")]
pub async fn list_permission_applications(
    caller: Caller,
    query: web::Query<ListPermissionApplications>,
) -> Result<Answer<Page<PermissionApplication>>> {
    let query = query.into_inner();
    let filter = Filter::all()
        .eq_opt("agency_id", edge::scope(&caller, query.agency)?)
        .eq_opt("status", query.status.as_deref())
        .eq_opt("regulation", query.regulation.as_deref())
        .one_of_opt("regulation", caller.regulations())
        .eq_opt("person_id", query.person)
        .eq_opt("next_stage", query.stage.as_deref());
    let filter = match caller.principal.person() {
        Some(me) if !edge::has_part_in_applications(&caller) => filter.op("person_id", "=", me),
        _ => filter,
    };
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
