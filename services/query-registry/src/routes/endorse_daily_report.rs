//! Endorses a daily report (H8.1.1).

use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use query_registry_types::control::{ControlReport, EndorseReport, ReportKind};
use uuid::Uuid;

use crate::reports;

/// Endorses a daily report with the card; late is allowed and shows.
#[utoipa::path(post, path = "/v1/daily-reports/{id}/endorsement", params(("id" = Uuid, Path)), request_body = EndorseReport,
    responses((status = 200, body = ControlReport)))]
#[post("/v1/daily-reports/{id}/endorsement")]
pub async fn endorse_daily_report(
    command: Command<EndorseReport>,
    id: web::Path<Uuid>,
) -> Result<Answer<ControlReport>> {
    reports::endorse(&command, ReportKind::Daily, *id).await
}
