//! `list_deputies`

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use kernel::ids::AgencyId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::records::Deputy;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListDeputies {
    /// Agency.
    pub agency: Option<AgencyId>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists deputyships.
#[utoipa::path(get, path = "/v1/deputies", params(ListDeputies), responses((status = 200, body = Page<Deputy>)))]
#[get("/v1/deputies")]
pub async fn list_deputies(caller: Caller, query: web::Query<ListDeputies>) -> Result<Answer<Page<Deputy>>> {
    let query = query.into_inner();
    let filter = Filter::all().eq_opt("agency_id", caller.scope(query.agency)?);
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
