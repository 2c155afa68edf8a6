//! `propose_emergency_grant`

use account_types::ProposeEmergencyGrant;
use actix_web::post;
use chassis::{Answer, Command, Result};

use crate::domain::emergency::EmergencyGrant;
use crate::{edge, emergencies};

/// The first custodian asks for roles for somebody in an emergency; nothing has effect before a second one signs the
/// same terms (invariant 11).
#[utoipa::path(post, path = "/v1/emergency-grants", request_body = ProposeEmergencyGrant, responses((status = 201, body = EmergencyGrant)))]
#[post("/v1/emergency-grants")]
pub async fn propose_emergency_grant(
    command: Command<ProposeEmergencyGrant>,
) -> Result<Answer<EmergencyGrant>> {
    let body = &command.body;
    edge::text("/terms/reason", &body.terms.reason, 500)?;
    let caller = command.person()?;
    command
        .run(async |tx| {
            let grant = emergencies::propose(tx, &body.terms, &body.endorsement, Some(caller)).await?;
            Ok(Answer::created(grant.doc).version(grant.version))
        })
        .await
}
