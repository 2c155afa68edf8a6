//! Shows a case (H2.3).

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, document};
use kernel::ids::CaseId;
use query_registry_types::cases::CaseView;

use crate::domain::case::Case;

/// Shows a registered case.
#[utoipa::path(get, path = "/v1/cases/{id}", params(("id" = CaseId, Path)), responses((status = 200, body = CaseView)))]
#[get("/v1/cases/{id}")]
pub async fn get_case(caller: Caller, id: web::Path<CaseId>) -> Result<Answer<CaseView>> {
    let case = document::find::<Case>(&mut *caller.context.connection().await?, id.0, false)
        .await?
        .ok_or_else(|| document::missing("case"))?;
    // A system sees what it registered itself.
    if case.registered_by != caller.principal.subject {
        caller.within(case.agency_id)?;
    }
    Ok(Answer::ok(case.view()).version(case.version))
}
