//! `refuse_application`

use account_types::{Outcome, RefuseApplication, ResultKind};
use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use kernel::ids::PermissionApplicationId;

use crate::domain::application::{PermissionApplication, StageInput};
use crate::routes::create_application::path_of;
use crate::{acts, edge};

/// Refuses the application at its present stage, with a reason and under the caller's card (不同意).
#[utoipa::path(post, path = "/v1/permission-applications/{id}/refusal", params(("id" = PermissionApplicationId, Path)),
    request_body = RefuseApplication, responses((status = 200, body = PermissionApplication)))]
#[post("/v1/permission-applications/{id}/refusal")]
pub async fn refuse_application(
    command: Command<RefuseApplication>,
    id: web::Path<PermissionApplicationId>,
) -> Result<Answer<PermissionApplication>> {
    edge::text("/reason", &command.body.reason, 500)?;
    command
        .run(async |tx| {
            let actor = edge::actor(tx, &command).await?;
            let mut application = tx.load::<PermissionApplication>(*id).await?;
            command.expect_version(application.version)?;
            let outcome = Outcome {
                result: ResultKind::Refused,
                effective_on: None,
                note: Some(command.body.reason.clone()),
            };
            let endorsement = command.body.endorsement.clone();
            let input = StageInput {
                stage: command.body.stage.clone(),
                outcome: Some(outcome),
                endorsement: Some(endorsement.clone()),
                ..StageInput::default()
            };
            let content = application.content(actor.post, &input);
            let pack = edge::pack_of(&tx.context(), &application.rule_pack)?;
            let path = path_of(&pack, &application)?;
            let now = tx.now();
            application.refuse(path, &actor, input, now)?;
            edge::endorsed(tx, &actor, &endorsement, &content, ("H5.2.1", application.matter())).await?;
            let version = tx.update(&application).await?;
            acts::note_application(tx, application.agency_id, *id, "refused").await?;
            Ok(Answer::ok(application.doc).version(version))
        })
        .await
}
