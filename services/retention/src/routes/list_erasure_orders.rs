//! Erasure orders.

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::document::{self, Filter};
use chassis::{Answer, Caller, Page, Result};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::erasure::{ErasureOrder, ErasureOrderView};

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListErasureOrders {
    /// `requested`, `approved`, `certified`, `returned` or `refused`.
    pub state: Option<String>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists erasure orders.
#[utoipa::path(get, path = "/v1/erasure-orders", params(ListErasureOrders),
    responses((status = 200, body = Page<ErasureOrderView>)))]
#[get("/v1/erasure-orders")]
pub async fn list_erasure_orders(
    caller: Caller,
    query: web::Query<ListErasureOrders>,
) -> Result<Answer<Page<ErasureOrderView>>> {
    let query = query.into_inner();
    let filter = Filter::all().eq_opt("state", query.state.as_deref());
    let mut conn = caller.context.connection().await?;
    let params = PageParams { after: query.after, limit: query.limit };
    let page = document::page::<ErasureOrder>(&mut conn, filter, &params).await?;
    Ok(Answer::ok(Page { items: page.items.iter().map(|order| order.view()).collect(), next: page.next }))
}
