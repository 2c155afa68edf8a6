//! `list_checkpoints`: the audit service's own copies of the query log's checkpoints.

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::checkpoint::CheckpointCopy;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListCheckpoints {
    /// Only of this log.
    pub log: Option<String>,
    /// Only those with this fault: `signature`, `key`, `two-histories`, `rewritten`.
    pub fault: Option<String>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists the copies of the query log's checkpoints that this service keeps apart from it, each with what it contradicts. Give
/// their notes to `datawarden verify-log --kept`.
#[utoipa::path(get, path = "/v1/checkpoints", params(ListCheckpoints), responses((status = 200, body = Page<CheckpointCopy>)))]
#[get("/v1/checkpoints")]
pub async fn list_checkpoints(
    caller: Caller,
    query: web::Query<ListCheckpoints>,
) -> Result<Answer<Page<CheckpointCopy>>> {
    let query = query.into_inner();
    let filter = Filter::all().eq_opt("log", query.log).eq_opt("fault", query.fault);
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
