//! Shows one of the reconciliations with the providers (H3.1).

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, document};
use query_registry_types::control::Reconciliation;
use uuid::Uuid;

use crate::domain::reconciliation::KeptReconciliation;

/// Shows one of the reconciliations with the providers.
#[utoipa::path(get, path = "/v1/reconciliations/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = Reconciliation)))]
#[get("/v1/reconciliations/{id}")]
pub async fn get_reconciliation(caller: Caller, id: web::Path<Uuid>) -> Result<Answer<Reconciliation>> {
    let kept = document::find::<KeptReconciliation>(&mut *caller.context.connection().await?, *id, false)
        .await?
        .ok_or_else(|| document::missing("reconciliation"))?;
    caller.within_regulation(&kept.0.regulation)?;
    Ok(Answer::ok(kept.doc.0).version(kept.version))
}
