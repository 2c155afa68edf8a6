//! Lists the lines of a daily report (H8.1.1).

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Page, Result};
use query_registry_types::control::{ReportKind, ReportLine};
use uuid::Uuid;

use crate::reports;
use crate::store::daily;

/// Lists the lines of a daily report with their numbers in the query register, and what became an item.
#[utoipa::path(get, path = "/v1/daily-reports/{id}/lines", params(("id" = Uuid, Path), PageParams),
    responses((status = 200, body = Page<ReportLine>)))]
#[get("/v1/daily-reports/{id}/lines")]
pub async fn list_report_lines(
    caller: Caller,
    id: web::Path<Uuid>,
    params: web::Query<PageParams>,
) -> Result<Answer<Page<ReportLine>>> {
    let report = reports::find(&caller, ReportKind::Daily, *id).await?;
    let about = (*id, report.0.content.agency, report.0.content.day);
    let mut conn = caller.context.connection().await?;
    Ok(Answer::ok(daily::lines(&mut conn, about, &params).await?))
}
