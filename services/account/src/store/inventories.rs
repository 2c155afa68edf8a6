//! Lines of inventories.

use chassis::document::{self, Filter};
use chassis::{Result, Stored, Tx};
use uuid::Uuid;

use crate::domain::inventory::InventoryLine;

/// Most lines of one inventory.
const MOST: i64 = 200_000;

/// Every line of an inventory.
pub async fn lines(tx: &mut Tx, inventory: Uuid) -> Result<Vec<Stored<InventoryLine>>> {
    document::select(tx.conn(), Filter::all().eq("inventory_id", inventory), MOST).await
}
