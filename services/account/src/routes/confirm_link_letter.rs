//! `confirm_link_letter`

use account_types::ConfirmLinkLetter;
use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use kernel::days;
use uuid::Uuid;

use crate::domain::link::{DataLink, LetterKind, Posted};
use crate::duties;

/// Records the answer of the city IT centre; that to an end letter ends the link (H5.1.4, H6.5).
#[utoipa::path(post, path = "/v1/data-links/{id}/letter-confirmations", params(("id" = Uuid, Path)),
    request_body = ConfirmLinkLetter, responses((status = 200, body = DataLink)))]
#[post("/v1/data-links/{id}/letter-confirmations")]
pub async fn confirm_link_letter(
    command: Command<ConfirmLinkLetter>,
    id: web::Path<Uuid>,
) -> Result<Answer<DataLink>> {
    command
        .run(async |tx| {
            let mut link = tx.load::<DataLink>(*id).await?;
            command.expect_version(link.version)?;
            let (body, today) = (&command.body, days::taipei_date(tx.now()));
            let posted = Posted { on: body.on, number: body.number.clone(), person: command.person()? };
            let kind = link.confirm(body.letter, posted, today)?;
            let version = tx.update(&link).await?;
            let (subject, url) = (format!("link-letter/{}", body.letter), format!("/v1/data-links/{id}"));
            let done = match kind {
                LetterKind::ManagerChange => "link_manager_letter_sent",
                LetterKind::End => "link_end_letter_sent",
            };
            duties::close_event(tx, &link.regulation, done, &subject, "confirmed", &url).await?;
            Ok(Answer::ok(link.doc).version(version))
        })
        .await
}
