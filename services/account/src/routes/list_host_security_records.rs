//! `list_host_security_records`

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::records::HostSecurityRecord;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListHostSecurityRecords {
    /// Day.
    pub done_on: Option<NaiveDate>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists host security and maintenance acts (H6.2).
#[utoipa::path(get, path = "/v1/host-security-records", params(ListHostSecurityRecords), responses((status = 200, body = Page<HostSecurityRecord>)))]
#[get("/v1/host-security-records")]
pub async fn list_host_security_records(
    caller: Caller,
    query: web::Query<ListHostSecurityRecords>,
) -> Result<Answer<Page<HostSecurityRecord>>> {
    let query = query.into_inner();
    let filter = Filter::all().eq_opt("done_on", query.done_on);
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
