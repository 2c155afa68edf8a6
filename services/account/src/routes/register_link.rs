//! `register_link`

use account_types::RegisterLink;
use actix_web::post;
use chassis::{Answer, Command, Result};
use kernel::days;

use crate::domain::link::{DataLink, LinkManager, LinkStatus};
use crate::domain::person::Person;
use crate::edge;

/// Registers a data link with its manager (H5.1.4, H6.5).
#[utoipa::path(post, path = "/v1/data-links", request_body = RegisterLink, responses((status = 201, body = DataLink)))]
#[post("/v1/data-links")]
pub async fn register_link(command: Command<RegisterLink>) -> Result<Answer<DataLink>> {
    edge::regulation(&command.body.regulation)?;
    edge::text("/name", &command.body.name, 200)?;
    command
        .run(async |tx| {
            let (body, today) = (&command.body, days::taipei_date(tx.now()));
            tx.load::<Person>(body.manager).await?.held(body.manager_post, today)?;
            let link = DataLink {
                id: tx.new_id(),
                regulation: body.regulation.clone(),
                name: body.name.clone(),
                system_id: body.system,
                agency_id: body.agency,
                status: LinkStatus::Active,
                managers: vec![LinkManager { person: body.manager, post: body.manager_post, from: today }],
                letters: vec![],
                reviews: vec![],
            };
            let version = tx.insert(&link).await?;
            Ok(Answer::created(link).version(version))
        })
        .await
}
