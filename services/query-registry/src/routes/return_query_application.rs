//! Returns a query application without endorsement (H4.2).

use actix_web::{post, web};
use chassis::{Answer, Command, Problem, Result};
use kernel::ids::QueryApplicationId;
use query_registry_types::applications::{QueryApplicationView, ReturnQueryApplication};

use crate::domain::application::QueryApplication;
use crate::routes::endorse_query_applications::endorser;
use crate::state::Registry;
use crate::store::changes;

/// Returns an application; it can never be used.
#[utoipa::path(post, path = "/v1/query-applications/{id}/return", params(("id" = QueryApplicationId, Path)),
    request_body = ReturnQueryApplication, responses((status = 200, body = QueryApplicationView)))]
#[post("/v1/query-applications/{id}/return")]
pub async fn return_query_application(
    command: Command<ReturnQueryApplication>,
    id: web::Path<QueryApplicationId>,
) -> Result<Answer<QueryApplicationView>> {
    let by = endorser(&command)?;
    let registry = command.context.state::<Registry>();
    let reason = command.body.reason.expose().trim();
    if reason.is_empty() || reason.chars().count() > 500 {
        return Err(Problem::invalid("/reason", "1 to 500 characters").into());
    }
    command
        .run(async |tx| {
            let mut application = tx.load::<QueryApplication>(*id).await?;
            command.within(application.agency_id)?;
            command.expect_version(application.version)?;
            application.doc.send_back(&by, registry.register.seal(reason)?, tx.now())?;
            let version = tx.update(&application).await?;
            changes::add(tx, "application-returned", application.agency_id, application.id.0).await?;
            let reminder = registry.reminder(&application.regulation, tx.now());
            Ok(Answer::ok(application.view(reminder)).version(version))
        })
        .await
}
