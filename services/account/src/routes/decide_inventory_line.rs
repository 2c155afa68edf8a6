//! `decide_inventory_line`

use account_types::DecideInventoryLine;
use actix_web::{post, web};
use chassis::{Answer, Command, Document as _, Result, document};
use uuid::Uuid;

use crate::domain::inventory::{Inventory, InventoryLine};
use crate::edge;

/// Decides on one account of an inventory, as its named reviewer: never the holder, never who opened it (invariant 9).
#[utoipa::path(post, path = "/v1/inventory-lines/{id}/decision", params(("id" = Uuid, Path)),
    request_body = DecideInventoryLine, responses((status = 200, body = InventoryLine)))]
#[post("/v1/inventory-lines/{id}/decision")]
pub async fn decide_inventory_line(
    command: Command<DecideInventoryLine>,
    id: web::Path<Uuid>,
) -> Result<Answer<InventoryLine>> {
    command
        .run(async |tx| {
            let actor = edge::actor(tx, &command).await?;
            let mut line = tx.load::<InventoryLine>(*id).await?;
            command.within(line.agency_id)?;
            command.expect_version(line.version)?;
            // Its lines are decided side by side; it is not closed meanwhile.
            let inventory = tx.hold::<Inventory>(line.inventory_id).await?;
            let inventory = inventory.ok_or_else(|| document::missing(Inventory::TABLE))?;
            let now = tx.now();
            line.decide(&inventory, &actor, command.body.effect, &command.body.reason, now)?;
            let version = tx.update(&line).await?;
            Ok(Answer::ok(line.doc).version(version))
        })
        .await
}
