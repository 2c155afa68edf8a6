//! Shows a daily report (H8.1.1).

use actix_web::{get, web};
use chassis::{Answer, Caller, Result};
use query_registry_types::control::{ControlReport, ReportKind};
use uuid::Uuid;

use crate::reports;

/// Shows a daily report; its `content` is what is endorsed.
#[utoipa::path(get, path = "/v1/daily-reports/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = ControlReport)))]
#[get("/v1/daily-reports/{id}")]
pub async fn get_daily_report(caller: Caller, id: web::Path<Uuid>) -> Result<Answer<ControlReport>> {
    let report = reports::find(&caller, ReportKind::Daily, *id).await?;
    Ok(Answer::ok(report.doc.0).version(report.version))
}
