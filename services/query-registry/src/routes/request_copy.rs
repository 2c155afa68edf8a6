//! Asks for approval of copies (H6.4).

use actix_web::{post, web};
use chassis::{Answer, Command, Problem, Result, document};
use kernel::ids::QueryId;
use query_registry_types::events::Decision;
use query_registry_types::outputs::{CopyRequestView, RequestCopy};

use crate::domain::copying::{CopyRequest, CopyState};
use crate::state::Registry;
use crate::store::records;

/// Asks the supervisor of the own unit for approval of copies of a result, before they are made.
#[utoipa::path(post, path = "/v1/queries/{id}/copy-requests", params(("id" = QueryId, Path)),
    request_body = RequestCopy, responses((status = 201, body = CopyRequestView)))]
#[post("/v1/queries/{id}/copy-requests")]
pub async fn request_copy(
    command: Command<RequestCopy>,
    id: web::Path<QueryId>,
) -> Result<Answer<CopyRequestView>> {
    let person = command.person()?;
    let registry = command.context.state::<Registry>();
    let reason = command.body.reason.expose().trim();
    if reason.is_empty() || reason.chars().count() > 500 {
        return Err(Problem::invalid("/reason", "1 to 500 characters").into());
    }
    if !(1..=100).contains(&command.body.count) {
        return Err(Problem::invalid("/count", "1 to 100").into());
    }
    command
        .run(async |tx| {
            let record = records::find(tx.conn(), *id).await?;
            let record = record
                .filter(|r| r.person == person && r.decision == Some(Decision::Answered))
                .ok_or_else(|| document::missing("answered query"))?;
            let unit = record.unit.ok_or_else(|| document::missing("unit"))?;
            let request = CopyRequest {
                id: tx.new_id(),
                query_id: record.id,
                person,
                agency_id: record.agency,
                unit_id: unit,
                reason: registry.register.seal(reason)?,
                count: command.body.count,
                state: CopyState::Requested,
                decided: None,
                requested_at: tx.now(),
            };
            let version = tx.insert(&request).await?;
            Ok(Answer::created(request.view()).version(version))
        })
        .await
}
