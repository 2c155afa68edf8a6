//! `return_application`

use account_types::ReturnApplication;
use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use kernel::ids::PermissionApplicationId;

use crate::domain::application::PermissionApplication;
use crate::routes::create_application::path_of;
use crate::{acts, edge};

/// Sends the application back to the applicant, by whoever would endorse next.
#[utoipa::path(post, path = "/v1/permission-applications/{id}/return", params(("id" = PermissionApplicationId, Path)),
    request_body = ReturnApplication, responses((status = 200, body = PermissionApplication)))]
#[post("/v1/permission-applications/{id}/return")]
pub async fn return_application(
    command: Command<ReturnApplication>,
    id: web::Path<PermissionApplicationId>,
) -> Result<Answer<PermissionApplication>> {
    edge::text("/reason", &command.body.reason, 500)?;
    command
        .run(async |tx| {
            let actor = edge::actor(tx, &command).await?;
            let mut application = tx.load::<PermissionApplication>(*id).await?;
            command.expect_version(application.version)?;
            let context = tx.context();
            let pack = edge::pack_of(&context, &application.rule_pack)?;
            let path = path_of(&pack, &application)?;
            let now = tx.now();
            application.send_back(path, &actor, &command.body.reason, now)?;
            let version = tx.update(&application).await?;
            acts::note_application(tx, application.agency_id, *id, "returned").await?;
            Ok(Answer::ok(application.doc).version(version))
        })
        .await
}
