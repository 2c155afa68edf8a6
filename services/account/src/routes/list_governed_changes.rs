//! `list_governed_changes`

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::governed::GovernedChange;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListGovernedChanges {
    /// State.
    pub status: Option<String>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists changes of what guards the guards (invariant 11).
#[utoipa::path(get, path = "/v1/governed-changes", params(ListGovernedChanges), responses((status = 200, body = Page<GovernedChange>)))]
#[get("/v1/governed-changes")]
pub async fn list_governed_changes(
    caller: Caller,
    query: web::Query<ListGovernedChanges>,
) -> Result<Answer<Page<GovernedChange>>> {
    let query = query.into_inner();
    let filter = Filter::all().eq_opt("status", query.status.as_deref());
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
