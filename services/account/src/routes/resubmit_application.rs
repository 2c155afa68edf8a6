//! `resubmit_application`

use account_types::CreateApplication;
use actix_web::{post, web};
use chassis::{Answer, Command, Problem, Result};
use kernel::ids::PermissionApplicationId;

use crate::domain::application::{ApplicationStatus, PermissionApplication};
use crate::edge;
use crate::problems;
use crate::routes::create_application::{after_filing, fill_in, seal};

/// Files a returned application again: another form, another seal, every stage anew.
#[utoipa::path(post, path = "/v1/permission-applications/{id}/filings", params(("id" = PermissionApplicationId, Path)),
    request_body = CreateApplication, responses((status = 200, body = PermissionApplication)))]
#[post("/v1/permission-applications/{id}/filings")]
pub async fn resubmit_application(
    command: Command<CreateApplication>,
    id: web::Path<PermissionApplicationId>,
) -> Result<Answer<PermissionApplication>> {
    command
        .run(async |tx| {
            let actor = edge::actor(tx, &command).await?;
            let mut stored = tx.load::<PermissionApplication>(*id).await?;
            command.expect_version(stored.version)?;
            if stored.person_id != actor.person {
                return Err(Problem::new(&problems::OWN_MATTER, "Only the applicant files it again.")
                    .clause("H5.2.1")
                    .into());
            }
            if stored.status != ApplicationStatus::Returned
                || stored.regulation != command.body.form.regulation
            {
                return Err(Problem::new(&problems::WRONG_STAGE, "It was not returned to you.").into());
            }
            let fresh = fill_in(tx, &actor, &command.body).await?;
            let old = stored.doc.clone();
            stored.doc = PermissionApplication {
                id: old.id,
                round: old.round + 1,
                steps: old.steps,
                filed_at: old.filed_at,
                ..fresh
            };
            seal(tx, &actor, &mut stored.doc, &command.body).await?;
            let version = tx.update(&stored).await?;
            after_filing(tx, &stored.doc).await?;
            Ok(Answer::ok(stored.doc).version(version))
        })
        .await
}
