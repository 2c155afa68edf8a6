//! `change_link_manager`

use account_types::ChangeLinkManager;
use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use kernel::days;
use uuid::Uuid;

use crate::domain::link::{DataLink, LinkManager};
use crate::domain::person::Person;
use crate::{duties, edge};

/// Changes the manager of a data link; the letter to the city IT centre becomes due (H5.1.4).
#[utoipa::path(post, path = "/v1/data-links/{id}/managers", params(("id" = Uuid, Path)),
    request_body = ChangeLinkManager, responses((status = 200, body = DataLink)))]
#[post("/v1/data-links/{id}/managers")]
pub async fn change_link_manager(
    command: Command<ChangeLinkManager>,
    id: web::Path<Uuid>,
) -> Result<Answer<DataLink>> {
    command
        .run(async |tx| {
            let mut link = tx.load::<DataLink>(*id).await?;
            command.expect_version(link.version)?;
            let (body, now) = (&command.body, tx.now());
            let today = days::taipei_date(now);
            tx.load::<Person>(body.manager).await?.held(body.manager_post, today)?;
            let letter: Uuid = tx.new_id();
            let manager = LinkManager { person: body.manager, post: body.manager_post, from: body.from };
            link.change_manager(manager, letter, now)?;
            let version = tx.update(&link).await?;
            let context = tx.context();
            let pack = edge::pack(&context, edge::regulation(&link.regulation)?, today)?;
            let about = (Some(link.agency_id), Some(format!("/v1/data-links/{id}")));
            duties::open_event(
                tx,
                &pack,
                "link_manager_changed",
                &format!("link-letter/{letter}"),
                about.0,
                about.1,
            )
            .await?;
            Ok(Answer::ok(link.doc).version(version))
        })
        .await
}
