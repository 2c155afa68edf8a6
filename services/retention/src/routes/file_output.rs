//! Files an output into its case.

use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use kernel::days;
use retention_types::FileOutput;
use retention_types::events::OutputSettled;
use uuid::Uuid;

use crate::domain::output::Output;
use crate::routes::support;
use crate::store::duties;

/// Files an output into its own case (H3.2); another case is refused.
#[utoipa::path(post, path = "/v1/outputs/{id}/filing", params(("id" = Uuid, Path)), request_body = FileOutput,
    responses((status = 200, body = Output)))]
#[post("/v1/outputs/{id}/filing")]
pub async fn file_output(command: Command<FileOutput>, id: web::Path<Uuid>) -> Result<Answer<Output>> {
    let body = &command.body;
    command
        .run(async |tx| {
            let mut output = tx.load::<Output>(*id).await?;
            let person = support::may_act(&command, &output)?;
            command.expect_version(output.version)?;
            output
                .file(person, body.case, body.on, days::taipei_date(tx.now()))
                .map_err(|e| e.for_regulation(&output.regulation))?;
            let version = tx.update(&output).await?;
            duties::close_output(tx, &output).await?;
            tx.emit(&OutputSettled {
                output: output.id,
                state: output.state.as_str().to_owned(),
                on: body.on,
            })
            .await?;
            Ok(Answer::ok(output.doc.clone()).version(version))
        })
        .await
}
