//! Shows a query application with its personal values (H4.2, H4.3).

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, document};
use identity::{BatchEndorsement, Role};
use kernel::ids::QueryApplicationId;
use query_registry_types::applications::QueryApplicationDetail;

use crate::contents;
use crate::domain::application::QueryApplication;
use crate::domain::endorsement::EndorsementBatch;
use crate::governance;
use crate::state::Registry;

/// Shows a query application with what the user filled in; an auditor's reading is logged first.
#[utoipa::path(get, path = "/v1/query-applications/{id}", params(("id" = QueryApplicationId, Path)),
    responses((status = 200, body = QueryApplicationDetail)))]
#[get("/v1/query-applications/{id}")]
pub async fn get_query_application(
    caller: Caller,
    id: web::Path<QueryApplicationId>,
) -> Result<Answer<QueryApplicationDetail>> {
    let registry = caller.context.state::<Registry>();
    let mut conn = caller.context.connection().await?;
    let application = document::find::<QueryApplication>(&mut conn, id.0, false)
        .await?
        .ok_or_else(|| document::missing("query application"))?;
    caller.within(application.agency_id)?;
    caller.within_regulation(&application.regulation)?;
    let own = caller.principal.person() == Some(application.user);
    let supervisor = caller.principal.has(Role::ResponsibleSupervisor)
        && caller.principal.agency == Some(application.agency_id);
    let auditor = caller.principal.has_any(&[Role::Auditor, Role::ExternalAuditor]);
    if !own && !supervisor && !auditor {
        return Err(document::missing("query application"));
    }
    let supervisor_endorsement: Option<BatchEndorsement> = match &application.supervisor {
        None => None,
        Some(seal) => document::find::<EndorsementBatch>(&mut conn, seal.batch, false)
            .await?
            .map(|batch| batch.doc.endorsement),
    };
    drop(conn);
    if !own && !supervisor {
        governance::note_reading(&caller, crate::domain::rules::THREE_YEARS, "", |entry| {
            entry.application = Some(application.id);
            entry.agency = Some(application.agency_id);
        })
        .await?;
    }
    let detail = QueryApplicationDetail {
        application: application.view(registry.reminder(&application.regulation, caller.context.now())),
        content: contents::open(&mut registry.values.reader(), &application.content).await?,
        user_endorsement: application.user_endorsement.clone(),
        supervisor_endorsement,
    };
    Ok(Answer::ok(detail).version(application.version))
}
