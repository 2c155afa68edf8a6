//! What holds records back.

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::document::{self, Filter};
use chassis::{Answer, Caller, Page, Result, Stored};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::hold::{Hold, HoldView};
use crate::routes::support;
use crate::state::Retention;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListHolds {
    /// Only those that hold, or only those that were lifted.
    pub active: Option<bool>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists holds.
#[utoipa::path(get, path = "/v1/holds", params(ListHolds), responses((status = 200, body = Page<HoldView>)))]
#[get("/v1/holds")]
pub async fn list_holds(caller: Caller, query: web::Query<ListHolds>) -> Result<Answer<Page<HoldView>>> {
    let query = query.into_inner();
    let mut conn = caller.context.connection().await?;
    let params = PageParams { after: query.after, limit: query.limit };
    let filter = Filter::all().eq_opt("active", query.active);
    let page: Page<Stored<Hold>> = document::page(&mut conn, filter, &params).await?;
    let state = caller.context.state::<Retention>();
    let items = page.items.iter().map(|hold| support::view(&state, hold, vec![])).collect::<Result<_>>()?;
    Ok(Answer::ok(Page { items, next: page.next }))
}
