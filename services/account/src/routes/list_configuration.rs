//! `list_configuration`

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::configuration::Approval;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use serde::Deserialize;
use utoipa::IntoParams;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListConfiguration {
    /// Kind, e.g. `rule_pack`.
    pub kind: Option<String>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists what two persons approved that services run on (invariant 11).
#[utoipa::path(get, path = "/v1/configuration", params(ListConfiguration), responses((status = 200, body = Page<Approval>)))]
#[get("/v1/configuration")]
pub async fn list_configuration(
    caller: Caller,
    query: web::Query<ListConfiguration>,
) -> Result<Answer<Page<Approval>>> {
    let query = query.into_inner();
    let filter = Filter::all().eq_opt("kind", query.kind.as_deref());
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
