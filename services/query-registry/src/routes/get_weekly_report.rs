//! Shows a weekly report (H8.1.2).

use actix_web::{get, web};
use chassis::{Answer, Caller, Result};
use query_registry_types::control::{ControlReport, ReportKind};
use uuid::Uuid;

use crate::reports;

/// Shows a weekly report; its `content` is what is endorsed.
#[utoipa::path(get, path = "/v1/weekly-reports/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = ControlReport)))]
#[get("/v1/weekly-reports/{id}")]
pub async fn get_weekly_report(caller: Caller, id: web::Path<Uuid>) -> Result<Answer<ControlReport>> {
    let report = reports::find(&caller, ReportKind::Weekly, *id).await?;
    Ok(Answer::ok(report.doc.0).version(report.version))
}
