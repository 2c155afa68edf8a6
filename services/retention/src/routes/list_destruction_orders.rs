//! Destruction orders.

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::document::Filter;
use chassis::{Answer, Caller, Page, Result, reading};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::order::DestructionOrder;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListDestructionOrders {
    /// `proposed`, `requested`, `approved` or `certified`.
    pub state: Option<String>,
    /// `household`, `tax` or `immigration`.
    pub regulation: Option<String>,
    /// Record kind of the rule packs.
    pub record_kind: Option<String>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists destruction orders, the schedule's proposals among them.
#[utoipa::path(get, path = "/v1/destruction-orders", params(ListDestructionOrders),
    responses((status = 200, body = Page<DestructionOrder>)))]
#[get("/v1/destruction-orders")]
pub async fn list_destruction_orders(
    caller: Caller,
    query: web::Query<ListDestructionOrders>,
) -> Result<Answer<Page<DestructionOrder>>> {
    let query = query.into_inner();
    let filter = Filter::all()
        .eq_opt("state", query.state.as_deref())
        .eq_opt("regulation", query.regulation.as_deref())
        .one_of_opt("regulation", caller.regulations())
        .eq_opt("record_kind", query.record_kind.as_deref());
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
