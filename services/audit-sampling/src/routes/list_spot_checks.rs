//! `list_spot_checks`: Lists spot checks.

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::spot_check::SpotCheck;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListSpotChecks {
    /// State.
    pub state: Option<String>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists spot checks.
#[utoipa::path(get, path = "/v1/spot-checks", params(ListSpotChecks), responses((status = 200, body = Page<SpotCheck>)))]
#[get("/v1/spot-checks")]
pub async fn list_spot_checks(
    caller: Caller,
    query: web::Query<ListSpotChecks>,
) -> Result<Answer<Page<SpotCheck>>> {
    let query = query.into_inner();
    let filter = Filter::all().eq_opt("state", query.state);
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
