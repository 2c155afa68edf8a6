//! `list_audit_plans`: Lists quarterly audits.

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::plan::AuditPlan;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListAuditPlans {
    /// `household` or `tax`.
    pub regulation: Option<String>,
    /// State.
    pub state: Option<String>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists quarterly audits.
#[utoipa::path(get, path = "/v1/audit-plans", params(ListAuditPlans), responses((status = 200, body = Page<AuditPlan>)))]
#[get("/v1/audit-plans")]
pub async fn list_audit_plans(
    caller: Caller,
    query: web::Query<ListAuditPlans>,
) -> Result<Answer<Page<AuditPlan>>> {
    let query = query.into_inner();
    let filter = Filter::all()
        .eq_opt("regulation", query.regulation)
        .one_of_opt("regulation", caller.regulations())
        .eq_opt("state", query.state);
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
