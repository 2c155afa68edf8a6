//! `endorse_application`

use account_types::EndorseApplication;
use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use kernel::ids::PermissionApplicationId;

use crate::domain::application::{PermissionApplication, StageInput};
use crate::edge;
use crate::routes::open_account::{Effect, step};

/// Endorses the application at its present stage with the caller's card (H5.2.1, I3.3).
#[utoipa::path(post, path = "/v1/permission-applications/{id}/endorsements", params(("id" = PermissionApplicationId, Path)),
    request_body = EndorseApplication, responses((status = 200, body = PermissionApplication)))]
#[post("/v1/permission-applications/{id}/endorsements")]
pub async fn endorse_application(
    command: Command<EndorseApplication>,
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
                joint_unit: command.body.joint_unit,
                endorsement: Some(command.body.endorsement.clone()),
                ..StageInput::default()
            };
            let version = step(tx, &actor, &mut application, input, Effect::default()).await?;
            Ok(Answer::ok(application.doc).version(version))
        })
        .await
}
