//! `complete_emergency_grant`

use account_types::CompleteEmergencyGrant;
use actix_web::{post, web};
use chassis::{Answer, Command, Result, document};
use kernel::ids::EmergencyGrantId;

use crate::domain::emergency::EmergencyGrant;
use crate::emergencies;

/// The second custodian signs: the roles count at once and end by themselves; a review is owed (invariant 11).
#[utoipa::path(post, path = "/v1/emergency-grants/{id}/completion", params(("id" = EmergencyGrantId, Path)),
    request_body = CompleteEmergencyGrant, responses((status = 200, body = EmergencyGrant)))]
#[post("/v1/emergency-grants/{id}/completion")]
pub async fn complete_emergency_grant(
    command: Command<CompleteEmergencyGrant>,
    id: web::Path<EmergencyGrantId>,
) -> Result<Answer<EmergencyGrant>> {
    let caller = command.person()?;
    let answer = command
        .run(async |tx| {
            let mut grant = tx.load::<EmergencyGrant>(*id).await?;
            command.expect_version(grant.version)?;
            let endorsement = &command.body.endorsement;
            let version = emergencies::complete(tx, &mut grant, endorsement, Some(caller)).await?;
            Ok(Answer::ok(grant.doc).version(version))
        })
        .await?;
    let mut conn = command.context.connection().await?;
    if let Some(grant) = document::find::<EmergencyGrant>(&mut conn, id.0, false).await? {
        emergencies::sound_the_alarm(&grant);
    }
    Ok(answer)
}
