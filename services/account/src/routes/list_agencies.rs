//! `list_agencies`

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::agency::Agency;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListAgencies {
    /// Kind, e.g. `district_office`.
    pub kind: Option<String>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists agencies with units and networks (H2.2, I2).
#[utoipa::path(get, path = "/v1/agencies", params(ListAgencies), responses((status = 200, body = Page<Agency>)))]
#[get("/v1/agencies")]
pub async fn list_agencies(caller: Caller, query: web::Query<ListAgencies>) -> Result<Answer<Page<Agency>>> {
    let query = query.into_inner();
    let filter = Filter::all().eq_opt("kind", query.kind.as_deref());
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
