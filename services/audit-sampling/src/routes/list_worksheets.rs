//! `list_worksheets`: Lists the worksheets of a plan, or those of one auditor.

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use kernel::ids::{PersonId, PlanId};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::worksheet::Worksheet;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListWorksheets {
    /// Auditor.
    pub auditor: Option<PersonId>,
    /// State.
    pub state: Option<String>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists the worksheets of a plan.
#[utoipa::path(get, path = "/v1/audit-plans/{id}/worksheets", params(("id" = PlanId, Path), ListWorksheets),
    responses((status = 200, body = Page<Worksheet>)))]
#[get("/v1/audit-plans/{id}/worksheets")]
pub async fn list_worksheets(
    caller: Caller,
    id: web::Path<PlanId>,
    query: web::Query<ListWorksheets>,
) -> Result<Answer<Page<Worksheet>>> {
    let query = query.into_inner();
    let filter =
        Filter::all().eq("plan_id", *id).eq_opt("auditor_id", query.auditor).eq_opt("state", query.state);
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
