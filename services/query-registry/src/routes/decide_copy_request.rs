//! Approves or refuses copies (H6.4).

use actix_web::{post, web};
use chassis::endorsements::{self, Matter};
use chassis::{Answer, Command, Problem, Result};
use identity::Usage;
use query_registry_types::outputs::{ApproveCopy, CopyRequestView};
use uuid::Uuid;

use crate::domain::copying::{CopyDecided, CopyRequest};
use crate::governance;
use crate::problems;
use crate::state::Registry;

/// Decides on copies as the supervisor of the user's own unit, with the own card.
#[utoipa::path(post, path = "/v1/copy-requests/{id}/decision", params(("id" = Uuid, Path)), request_body = ApproveCopy,
    responses((status = 200, body = CopyRequestView)))]
#[post("/v1/copy-requests/{id}/decision")]
pub async fn decide_copy_request(
    command: Command<ApproveCopy>,
    id: web::Path<Uuid>,
) -> Result<Answer<CopyRequestView>> {
    let (person, post) = (command.person()?, command.post()?);
    let registry = command.context.state::<Registry>();
    registry.refresh(&mut *command.context.connection().await?).await?;
    let ApproveCopy { decision, endorsement } = &command.body;
    let usage = Usage::CitizenSignature;
    let verified = endorsements::verify(&command.context, endorsement, decision, usage).await;
    let card = registry.own_card(person, verified, "/endorsement")?;
    command
        .run(async |tx| {
            let mut request = tx.load::<CopyRequest>(*id).await?;
            command.within(request.agency_id)?;
            command.expect_version(request.version)?;
            if decision.request != *id
                || decision.query != request.query_id
                || decision.count != request.count
            {
                return Err(Problem::new(&problems::ENDORSEMENT_INVALID, "Sign the request as it is shown.")
                    .clause("H6.4")
                    .field("/decision", "not this request")
                    .into());
            }
            let decided = CopyDecided { person, post, endorsement: endorsement.clone(), at: tx.now() };
            request.doc.decide(command.principal.unit, decided, decision.approved)?;
            let version = tx.update(&request).await?;
            let matter = Matter { agency: Some(request.agency_id), regulation: None, records: &[*id] };
            governance::enter_endorsement(tx, "copy-decision", endorsement.clone(), (&card, matter)).await?;
            Ok(Answer::ok(request.view()).version(version))
        })
        .await
}
