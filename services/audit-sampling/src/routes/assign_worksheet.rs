//! `assign_worksheet`: Assigns a worksheet: nobody audits himself, an account that he opened, or his own unit.

use actix_web::{post, web};
use audit_sampling_types::AssignWorksheet;
use chassis::{Answer, Command, Result};
use kernel::days;
use uuid::Uuid;

use crate::domain::worksheet::Worksheet;
use crate::edge;

/// Assigns a worksheet: nobody audits himself, an account that he opened, or his own unit.
#[utoipa::path(post, path = "/v1/audit-worksheets/{id}/assignment", params(("id" = Uuid, Path)), request_body = AssignWorksheet,
    responses((status = 200, body = Worksheet)))]
#[post("/v1/audit-worksheets/{id}/assignment")]
pub async fn assign_worksheet(
    command: Command<AssignWorksheet>,
    id: web::Path<Uuid>,
) -> Result<Answer<Worksheet>> {
    let person = command.person()?;
    command
        .run(async |tx| {
            let mut sheet = tx.load::<Worksheet>(*id).await?;
            command.expect_version(sheet.version)?;
            let auditor = edge::person(tx, command.body.auditor).await?;
            sheet.doc.assign(person, &auditor, days::taipei_date(tx.now()))?;
            let version = tx.update(&sheet).await?;
            Ok(Answer::ok(sheet.doc.clone()).version(version))
        })
        .await
}
