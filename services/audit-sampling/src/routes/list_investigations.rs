//! `list_investigations`: Lists joint investigations.

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::investigation::Investigation;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListInvestigations {
    /// State.
    pub state: Option<String>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists joint investigations.
#[utoipa::path(get, path = "/v1/investigations", params(ListInvestigations), responses((status = 200, body = Page<Investigation>)))]
#[get("/v1/investigations")]
pub async fn list_investigations(
    caller: Caller,
    query: web::Query<ListInvestigations>,
) -> Result<Answer<Page<Investigation>>> {
    let query = query.into_inner();
    let filter = Filter::all().eq_opt("state", query.state);
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
