//! `close_inventory`

use account_types::Nothing;
use actix_web::{post, web};
use chassis::{Answer, Command, Problem, Result};
use identity::Role;
use uuid::Uuid;

use crate::acts::{self, Closer};
use crate::domain::inventory::Inventory;
use crate::{edge, problems};

/// Closes an inventory: its decisions are carried out as the competent actor's acts (H5.1.3, I4.1.3).
#[utoipa::path(post, path = "/v1/inventories/{id}/closing", params(("id" = Uuid, Path)),
    request_body = Nothing, responses((status = 200, body = Inventory)))]
#[post("/v1/inventories/{id}/closing")]
pub async fn close_inventory(command: Command<Nothing>, id: web::Path<Uuid>) -> Result<Answer<Inventory>> {
    command
        .run(async |tx| {
            let actor = edge::actor(tx, &command).await?;
            let mut inventory = tx.load::<Inventory>(*id).await?;
            command.expect_version(inventory.version)?;
            let competent = match inventory.agency_id {
                None => actor.has_any(&[Role::ItUnit]),
                Some(agency) => actor.agency == agency && actor.has_any(&[Role::DesignatedOfficer]),
            };
            if !competent {
                let detail = "The IT unit closes its inventory, the designated officer that of his agency.";
                return Err(Problem::new(&problems::NOT_THE_ACTOR, detail)
                    .clause(inventory.clause.clone())
                    .into());
            }
            let closer = Closer { person: actor.person, post: actor.post };
            let version = acts::close_inventory(tx, &mut inventory, closer).await?;
            Ok(Answer::ok(inventory.doc).version(version))
        })
        .await
}
