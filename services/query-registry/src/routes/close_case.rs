//! Closes a case (H2.3).

use actix_web::{post, web};
use chassis::{Answer, Command, Result, document};
use kernel::days;
use kernel::ids::CaseId;
use query_registry_types::cases::{CaseView, CloseCase};

use crate::domain::case::Case;
use crate::store::changes;

/// Closes a case: nobody may be queried for it any more.
#[utoipa::path(post, path = "/v1/cases/{id}/closing", params(("id" = CaseId, Path)), request_body = CloseCase,
    responses((status = 200, body = CaseView)))]
#[post("/v1/cases/{id}/closing")]
pub async fn close_case(command: Command<CloseCase>, id: web::Path<CaseId>) -> Result<Answer<CaseView>> {
    command
        .run(async |tx| {
            let mut case = tx.load::<Case>(*id).await?;
            let registered = case.registered_by == command.principal.subject;
            let own = command.principal.person().is_some()
                && command.principal.agency == Some(case.agency_id)
                && command.principal.unit == Some(case.unit_id);
            if !registered && !own {
                return Err(document::missing("case"));
            }
            command.expect_version(case.version)?;
            if case.closed_on.is_some() {
                return Ok(Answer::ok(case.view()).version(case.version));
            }
            case.doc.closed_on = Some(days::taipei_date(tx.now()));
            let version = tx.update(&case).await?;
            changes::add(tx, "case-closed", case.agency_id, case.id.0).await?;
            Ok(Answer::ok(case.view()).version(version))
        })
        .await
}
