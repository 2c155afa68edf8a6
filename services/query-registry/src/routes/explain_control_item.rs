//! Explains a control item (H8.1, H8.3).

use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use query_registry_types::control::{ControlItem, SettleItem};
use uuid::Uuid;

use crate::domain::control_item::Outcome;
use crate::settling;

/// Explains a control item; by the agency's responsible supervisor or the bureau's business unit, never by the user.
#[utoipa::path(post, path = "/v1/control-items/{id}/explanation", params(("id" = Uuid, Path)), request_body = SettleItem,
    responses((status = 200, body = ControlItem)))]
#[post("/v1/control-items/{id}/explanation")]
pub async fn explain_control_item(
    command: Command<SettleItem>,
    id: web::Path<Uuid>,
) -> Result<Answer<ControlItem>> {
    settling::settle(&command, *id, Outcome::Explained).await
}
