//! Endorses a weekly report (H8.1.2).

use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use query_registry_types::control::{ControlReport, EndorseReport, ReportKind};
use uuid::Uuid;

use crate::reports;

/// Endorses a weekly report with the card; late is allowed and shows.
#[utoipa::path(post, path = "/v1/weekly-reports/{id}/endorsement", params(("id" = Uuid, Path)), request_body = EndorseReport,
    responses((status = 200, body = ControlReport)))]
#[post("/v1/weekly-reports/{id}/endorsement")]
pub async fn endorse_weekly_report(
    command: Command<EndorseReport>,
    id: web::Path<Uuid>,
) -> Result<Answer<ControlReport>> {
    reports::endorse(&command, ReportKind::Weekly, *id).await
}
