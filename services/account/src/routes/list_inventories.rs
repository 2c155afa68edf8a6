//! `list_inventories`

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use kernel::ids::AgencyId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::inventory::Inventory;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListInventories {
    /// State.
    pub status: Option<String>,
    /// `household`, `immigration` or `tax`.
    pub regulation: Option<String>,
    /// Agency.
    pub agency: Option<AgencyId>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists account inventories (H5.1.3, I4.1.3).
#[utoipa::path(get, path = "/v1/inventories", params(ListInventories), responses((status = 200, body = Page<Inventory>)))]
#[get("/v1/inventories")]
pub async fn list_inventories(
    caller: Caller,
    query: web::Query<ListInventories>,
) -> Result<Answer<Page<Inventory>>> {
    let query = query.into_inner();
    let filter = Filter::all()
        .eq_opt("status", query.status.as_deref())
        .eq_opt("regulation", query.regulation.as_deref())
        .one_of_opt("regulation", caller.regulations())
        .eq_opt("agency_id", query.agency);
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
