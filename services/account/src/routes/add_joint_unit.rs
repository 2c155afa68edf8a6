//! `add_joint_unit`

use account_types::{AddJointUnit, AgencyKind};
use actix_web::{post, web};
use chassis::document::{self, Filter};
use chassis::{Answer, Command, Problem, Result};
use kernel::ids::PermissionApplicationId;

use crate::domain::agency::Agency;
use crate::domain::application::PermissionApplication;
use crate::routes::create_application::path_of;
use crate::{acts, edge};

/// Asks another section of the bureau to endorse too (會辦, H5.2.1).
#[utoipa::path(post, path = "/v1/permission-applications/{id}/joint-units", params(("id" = PermissionApplicationId, Path)),
    request_body = AddJointUnit, responses((status = 200, body = PermissionApplication)))]
#[post("/v1/permission-applications/{id}/joint-units")]
pub async fn add_joint_unit(
    command: Command<AddJointUnit>,
    id: web::Path<PermissionApplicationId>,
) -> Result<Answer<PermissionApplication>> {
    command
        .run(async |tx| {
            let actor = edge::actor(tx, &command).await?;
            let mut application = tx.load::<PermissionApplication>(*id).await?;
            command.expect_version(application.version)?;
            let bureau = Filter::all().eq("kind", AgencyKind::Bureau.code());
            let bureau = document::first::<Agency>(tx.conn(), bureau).await?;
            if !bureau.is_some_and(|b| b.has_unit(command.body.unit)) {
                return Err(Problem::invalid("/unit", "not a section of the bureau").clause("H5.2.1").into());
            }
            let context = tx.context();
            let pack = edge::pack_of(&context, &application.rule_pack)?;
            let path = path_of(&pack, &application)?;
            application.ask_joint(path, command.body.unit, &actor)?;
            let version = tx.update(&application).await?;
            acts::note_application(tx, application.agency_id, *id, "joint_unit_asked").await?;
            Ok(Answer::ok(application.doc).version(version))
        })
        .await
}
