//! `review_link`

use account_types::ReviewLink;
use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use kernel::days;
use rule_pack::RhythmKind;
use uuid::Uuid;

use crate::domain::link::{DataLink, Review};
use crate::{duties, edge};

/// Reviews the use of a data link; where it is not needed, the letter that asks to end it becomes due (H6.5).
#[utoipa::path(post, path = "/v1/data-links/{id}/reviews", params(("id" = Uuid, Path)),
    request_body = ReviewLink, responses((status = 200, body = DataLink)))]
#[post("/v1/data-links/{id}/reviews")]
pub async fn review_link(command: Command<ReviewLink>, id: web::Path<Uuid>) -> Result<Answer<DataLink>> {
    edge::text("/finding", &command.body.finding, 1000)?;
    command
        .run(async |tx| {
            let mut link = tx.load::<DataLink>(*id).await?;
            command.expect_version(link.version)?;
            let now = tx.now();
            let today = days::taipei_date(now);
            let review = Review {
                person: command.person()?,
                at: now,
                needed: command.body.needed,
                finding: command.body.finding.clone(),
            };
            let letter: Uuid = tx.new_id();
            let ends = link.review(review, letter)?;
            let version = tx.update(&link).await?;
            let context = tx.context();
            let pack = edge::pack(&context, edge::regulation(&link.regulation)?, today)?;
            let url = format!("/v1/data-links/{id}");
            duties::close_latest(tx, &pack, RhythmKind::LinkReview, (today, Some(*id)), "reviewed", &url)
                .await?;
            if ends {
                let subject = format!("link-letter/{letter}");
                duties::open_event(tx, &pack, "link_not_needed", &subject, Some(link.agency_id), Some(url))
                    .await?;
            }
            Ok(Answer::ok(link.doc).version(version))
        })
        .await
}
