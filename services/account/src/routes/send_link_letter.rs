//! `send_link_letter`

use account_types::SendLinkLetter;
use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use kernel::days;
use uuid::Uuid;

use crate::domain::link::{DataLink, LetterKind, Posted};
use crate::{duties, edge};

/// Records that a letter to the city IT centre was sent; its confirmation is followed (H5.1.4, H6.5).
#[utoipa::path(post, path = "/v1/data-links/{id}/letters", params(("id" = Uuid, Path)),
    request_body = SendLinkLetter, responses((status = 200, body = DataLink)))]
#[post("/v1/data-links/{id}/letters")]
pub async fn send_link_letter(
    command: Command<SendLinkLetter>,
    id: web::Path<Uuid>,
) -> Result<Answer<DataLink>> {
    edge::text("/number", &command.body.number, 100)?;
    command
        .run(async |tx| {
            let mut link = tx.load::<DataLink>(*id).await?;
            command.expect_version(link.version)?;
            let (body, today) = (&command.body, days::taipei_date(tx.now()));
            let posted = Posted { on: body.on, number: Some(body.number.clone()), person: command.person()? };
            let kind = link.send(body.letter, posted, today)?;
            let version = tx.update(&link).await?;
            let (subject, url) = (format!("link-letter/{}", body.letter), format!("/v1/data-links/{id}"));
            let (done, next) = match kind {
                LetterKind::ManagerChange => ("link_manager_changed", "link_manager_letter_sent"),
                LetterKind::End => ("link_not_needed", "link_end_letter_sent"),
            };
            duties::close_event(tx, &link.regulation, done, &subject, "sent", &url).await?;
            let context = tx.context();
            let pack = edge::pack(&context, edge::regulation(&link.regulation)?, today)?;
            duties::open_event(tx, &pack, next, &subject, Some(link.agency_id), Some(url)).await?;
            Ok(Answer::ok(link.doc).version(version))
        })
        .await
}
