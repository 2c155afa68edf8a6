//! `get_worksheet`: Shows a worksheet.

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, reading};
use uuid::Uuid;

use crate::domain::worksheet::Worksheet;

/// Shows a worksheet.
#[utoipa::path(get, path = "/v1/audit-worksheets/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = Worksheet)))]
#[get("/v1/audit-worksheets/{id}")]
pub async fn get_worksheet(caller: Caller, id: web::Path<Uuid>) -> Result<Answer<Worksheet>> {
    reading::one::<Worksheet>(&caller, *id, "worksheet", |_| None).await
}
