//! `list_data_links`

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use kernel::ids::AgencyId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::link::DataLink;
use crate::edge;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListDataLinks {
    /// State.
    pub status: Option<String>,
    /// Agency.
    pub agency: Option<AgencyId>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists data links (H5.1.4, H6.5).
#[utoipa::path(get, path = "/v1/data-links", params(ListDataLinks), responses((status = 200, body = Page<DataLink>)))]
#[get("/v1/data-links")]
pub async fn list_data_links(
    caller: Caller,
    query: web::Query<ListDataLinks>,
) -> Result<Answer<Page<DataLink>>> {
    let query = query.into_inner();
    let agency = edge::scope(&caller, query.agency)?;
    let filter = Filter::all().eq_opt("status", query.status.as_deref()).eq_opt("agency_id", agency);
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
