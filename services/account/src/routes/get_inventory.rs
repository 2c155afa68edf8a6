//! `get_inventory`

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, reading};
use uuid::Uuid;

use crate::domain::inventory::Inventory;

/// Shows an inventory.
#[utoipa::path(get, path = "/v1/inventories/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = Inventory)))]
#[get("/v1/inventories/{id}")]
pub async fn get_inventory(caller: Caller, id: web::Path<Uuid>) -> Result<Answer<Inventory>> {
    reading::one::<Inventory>(&caller, *id, "inventory", |_| None).await
}
