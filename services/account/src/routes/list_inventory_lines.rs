//! `list_inventory_lines`

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use kernel::ids::AgencyId;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::domain::inventory::InventoryLine;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListInventoryLines {
    /// Agency.
    pub agency: Option<AgencyId>,
    /// Inventory.
    pub inventory: Option<Uuid>,
    /// Whether there is a decision.
    pub decided: Option<bool>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists lines of inventories with their evidence.
#[utoipa::path(get, path = "/v1/inventory-lines", params(ListInventoryLines), responses((status = 200, body = Page<InventoryLine>)))]
#[get("/v1/inventory-lines")]
pub async fn list_inventory_lines(
    caller: Caller,
    query: web::Query<ListInventoryLines>,
) -> Result<Answer<Page<InventoryLine>>> {
    let query = query.into_inner();
    let filter = Filter::all()
        .eq_opt("agency_id", caller.scope(query.agency)?)
        .eq_opt("inventory_id", query.inventory)
        .eq_opt("decided", query.decided);
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
