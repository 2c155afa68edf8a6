//! Confirms that an output need not be kept.

use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use retention_types::ConfirmNoNeed;
use uuid::Uuid;

use crate::domain::output::Output;
use crate::routes::support;
use crate::store::duties;

/// Confirms that an output need not be kept (確認無保存必要, H7, I5); it is then to be destroyed at once.
#[utoipa::path(post, path = "/v1/outputs/{id}/no-need", params(("id" = Uuid, Path)), request_body = ConfirmNoNeed,
    responses((status = 200, body = Output)))]
#[post("/v1/outputs/{id}/no-need")]
pub async fn confirm_no_need(command: Command<ConfirmNoNeed>, id: web::Path<Uuid>) -> Result<Answer<Output>> {
    command
        .run(async |tx| {
            let mut output = tx.load::<Output>(*id).await?;
            let person = support::may_act(&command, &output)?;
            command.expect_version(output.version)?;
            output.confirm_no_need(person, tx.now()).map_err(|e| e.for_regulation(&output.regulation))?;
            let version = tx.update(&output).await?;
            duties::open_destruction(tx, &output).await?;
            Ok(Answer::ok(output.doc.clone()).version(version))
        })
        .await
}
