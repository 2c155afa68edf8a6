//! `record_stage`

use account_types::RecordStage;
use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use kernel::ids::PermissionApplicationId;

use crate::domain::application::{PermissionApplication, StageInput};
use crate::edge;
use crate::routes::open_account::{Effect, step};

/// Records a stage that is done outside the suite: letter, entry in the agency's system, allotment (I3.3).
#[utoipa::path(post, path = "/v1/permission-applications/{id}/records", params(("id" = PermissionApplicationId, Path)),
    request_body = RecordStage, responses((status = 200, body = PermissionApplication)))]
#[post("/v1/permission-applications/{id}/records")]
pub async fn record_stage(
    command: Command<RecordStage>,
    id: web::Path<PermissionApplicationId>,
) -> Result<Answer<PermissionApplication>> {
    command
        .run(async |tx| {
            let actor = edge::actor(tx, &command).await?;
            let mut application = tx.load::<PermissionApplication>(*id).await?;
            command.expect_version(application.version)?;
            let input = StageInput {
                stage: command.body.stage.clone(),
                outcome: command.body.outcome.clone(),
                on: Some(command.body.on),
                number: command.body.number.clone(),
                account_number: command.body.account_number.clone(),
                ..StageInput::default()
            };
            let version = step(tx, &actor, &mut application, input, Effect::default()).await?;
            Ok(Answer::ok(application.doc).version(version))
        })
        .await
}
