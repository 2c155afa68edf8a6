//! `end_emergency_grant`

use account_types::Nothing;
use actix_web::{post, web};
use chassis::{Answer, Command, Problem, Result};
use identity::Role;
use kernel::ids::EmergencyGrantId;

use crate::domain::emergency::EmergencyGrant;
use crate::domain::person::Person;
use crate::{acts, emergencies, problems};

/// Ends a break-glass grant before its time: either custodian, the receiver, or an administrator or auditor.
#[utoipa::path(post, path = "/v1/emergency-grants/{id}/ending", params(("id" = EmergencyGrantId, Path)),
    request_body = Nothing, responses((status = 200, body = EmergencyGrant)))]
#[post("/v1/emergency-grants/{id}/ending")]
pub async fn end_emergency_grant(
    command: Command<Nothing>,
    id: web::Path<EmergencyGrantId>,
) -> Result<Answer<EmergencyGrant>> {
    let caller = command.person()?;
    command
        .run(async |tx| {
            let mut grant = tx.load::<EmergencyGrant>(*id).await?;
            command.expect_version(grant.version)?;
            let took_part = grant.terms.receiver == caller || grant.custodians().contains(&caller);
            if !took_part && !command.principal.has_any(&[Role::Administrator, Role::Auditor]) {
                let detail =
                    "A custodian of this grant, its receiver, an administrator or an auditor ends it.";
                return Err(Problem::new(&problems::NOT_THE_ACTOR, detail).clause("invariant-11").into());
            }
            grant.end(caller, tx.now())?;
            let version = tx.update(&grant).await?;
            // Tokens that were issued under it end now, in every service.
            let mut receiver = tx.load::<Person>(grant.receiver_id).await?;
            acts::narrow_person(tx, &mut receiver).await?;
            emergencies::record(tx, &grant, "emergency-ended").await?;
            emergencies::tell(tx, &grant, "ended").await?;
            Ok(Answer::ok(grant.doc).version(version))
        })
        .await
}
