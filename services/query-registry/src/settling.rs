//! Settling a control item (H8.1, H8.3).

use chassis::{Answer, Command, Problem, Result};
use identity::Role;
use kernel::days;
use query_registry_types::control::{ControlItem, SettleItem};
use query_registry_types::events::ControlItemSettled;
use uuid::Uuid;

use crate::domain::control_item::{KeptItem, Outcome, Settler, duty_key};
use crate::state::Registry;

/// Settles the item `id`: words sealed, duty closed, audit told.
pub async fn settle(
    command: &Command<SettleItem>,
    id: Uuid,
    outcome: Outcome,
) -> Result<Answer<ControlItem>> {
    let words = command.body.words.expose().trim();
    if words.is_empty() || words.chars().count() > 1000 {
        return Err(Problem::invalid("/words", "1 to 1000 characters").into());
    }
    let by = Settler {
        person: command.person()?,
        post: command.post()?,
        agency: command.agency()?,
        supervises: command.principal.has(Role::ResponsibleSupervisor),
        business: command.principal.has_any(&[Role::BusinessHandler, Role::BusinessSupervisor]),
    };
    let registry = command.context.state::<Registry>();
    command
        .run(async |tx| {
            let mut kept = tx.load::<KeptItem>(id).await?;
            command.within(kept.item.agency)?;
            command.expect_version(kept.version)?;
            let sealed = registry.register.seal(words)?;
            kept.doc.settle(&by, outcome, sealed, days::taipei_date(tx.now()), tx.now())?;
            let version = tx.update(&kept).await?;
            obligations::close(tx, &duty_key(id), outcome.as_str(), &format!("/v1/control-items/{id}"))
                .await?;
            tx.emit(&ControlItemSettled { item: id, outcome: outcome.as_str().to_owned(), by: by.person })
                .await?;
            Ok(Answer::ok(kept.doc.item).version(version))
        })
        .await
}
