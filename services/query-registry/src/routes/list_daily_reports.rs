//! Lists daily reports, newest first (H8.1.1).

use actix_web::{get, web};
use chassis::{Answer, Caller, Page, Result};
use query_registry_types::control::{ControlReport, ReportKind};

use crate::reports::{self, ListReports};

/// Lists daily reports, newest first (H8.1.1).
#[utoipa::path(get, path = "/v1/daily-reports", params(ListReports), responses((status = 200, body = Page<ControlReport>)))]
#[get("/v1/daily-reports")]
pub async fn list_daily_reports(
    caller: Caller,
    query: web::Query<ListReports>,
) -> Result<Answer<Page<ControlReport>>> {
    reports::list(&caller, ReportKind::Daily, query.into_inner()).await
}
