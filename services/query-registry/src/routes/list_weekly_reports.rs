//! Lists weekly reports, newest first (H8.1.2).

use actix_web::{get, web};
use chassis::{Answer, Caller, Page, Result};
use query_registry_types::control::{ControlReport, ReportKind};

use crate::reports::{self, ListReports};

/// Lists weekly reports, newest first (H8.1.2).
#[utoipa::path(get, path = "/v1/weekly-reports", params(ListReports), responses((status = 200, body = Page<ControlReport>)))]
#[get("/v1/weekly-reports")]
pub async fn list_weekly_reports(
    caller: Caller,
    query: web::Query<ListReports>,
) -> Result<Answer<Page<ControlReport>>> {
    reports::list(&caller, ReportKind::Weekly, query.into_inner()).await
}
