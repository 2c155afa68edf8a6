//! Shows a control item (H8.1, I4.1.2).

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, document};
use query_registry_types::PersonalText;
use query_registry_types::control::ControlItem;
use uuid::Uuid;

use crate::domain::control_item::KeptItem;
use crate::state::Registry;

/// Shows a control item with the words it was settled with.
#[utoipa::path(get, path = "/v1/control-items/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = ControlItem)))]
#[get("/v1/control-items/{id}")]
pub async fn get_control_item(caller: Caller, id: web::Path<Uuid>) -> Result<Answer<ControlItem>> {
    let kept = document::find::<KeptItem>(&mut *caller.context.connection().await?, *id, false)
        .await?
        .ok_or_else(|| document::missing("control item"))?;
    caller.within(kept.item.agency)?;
    let mut item = kept.doc.item;
    if let Some(sealed) = &kept.doc.sealed {
        let words = caller.context.state::<Registry>().register.open(sealed)?;
        item.words = Some(PersonalText(words.expose().clone()));
    }
    Ok(Answer::ok(item).version(kept.version))
}
