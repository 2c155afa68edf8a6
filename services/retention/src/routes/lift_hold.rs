//! Ends a hold.

use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use retention_types::LiftHold;
use uuid::Uuid;

use crate::domain::hold::{Hold, HoldAct, HoldView};
use crate::routes::support;
use crate::state::Retention;

/// Lifts a hold; another person than the one who placed it.
#[utoipa::path(post, path = "/v1/holds/{id}/lift", params(("id" = Uuid, Path)), request_body = LiftHold,
    responses((status = 200, body = HoldView)))]
#[post("/v1/holds/{id}/lift")]
pub async fn lift_hold(command: Command<LiftHold>, id: web::Path<Uuid>) -> Result<Answer<HoldView>> {
    let (person, post) = (command.person()?, command.post()?);
    support::length(command.body.reason.expose(), 500, "/reason")?;
    let state = command.context.state::<Retention>();
    command
        .run(async |tx| {
            let mut hold = tx.load::<Hold>(*id).await?;
            command.expect_version(hold.version)?;
            let reason = state.register.seal(command.body.reason.expose())?;
            hold.lift(HoldAct { person, post, at: tx.now(), reason })?;
            let version = tx.update(&hold).await?;
            Ok(Answer::ok(support::view(&state, &hold, vec![])?).version(version))
        })
        .await
}
