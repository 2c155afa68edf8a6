//! `list_systems`

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::agency::System;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListSystems {
    /// Code.
    pub code: Option<String>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists registered systems (H3.1).
#[utoipa::path(get, path = "/v1/systems", params(ListSystems), responses((status = 200, body = Page<System>)))]
#[get("/v1/systems")]
pub async fn list_systems(caller: Caller, query: web::Query<ListSystems>) -> Result<Answer<Page<System>>> {
    let query = query.into_inner();
    let filter = Filter::all().eq_opt("code", query.code.as_deref());
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
