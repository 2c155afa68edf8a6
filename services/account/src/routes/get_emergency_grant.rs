//! `get_emergency_grant`

use actix_web::{get, web};
use chassis::emergency::EmergencyAct;
use chassis::{Answer, Caller, Result, document};
use identity::Role;
use kernel::ids::EmergencyGrantId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::emergency::EmergencyGrant;
use crate::emergencies;

/// Who sees every grant; others see those that they signed or received.
const OVERSEERS: [Role; 3] = [Role::Administrator, Role::Auditor, Role::EthicsOfficer];

/// A grant with what was done under it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EmergencyView {
    /// The grant.
    pub grant: EmergencyGrant,
    /// Whether its roles count now.
    pub in_effect: bool,
    /// Every change made under it, oldest first.
    pub acts: Vec<EmergencyAct>,
    /// SHA-256 of the acts' canonical bytes; a review names it.
    pub acts_digest: String,
}

/// Shows a break-glass grant with both custodians and every act under it.
#[utoipa::path(get, path = "/v1/emergency-grants/{id}", params(("id" = EmergencyGrantId, Path)), responses((status = 200, body = EmergencyView)))]
#[get("/v1/emergency-grants/{id}")]
pub async fn get_emergency_grant(
    caller: Caller,
    id: web::Path<EmergencyGrantId>,
) -> Result<Answer<EmergencyView>> {
    let mut conn = caller.context.connection().await?;
    let stored = document::find::<EmergencyGrant>(&mut conn, id.0, false).await?;
    let stored = stored.ok_or_else(|| document::missing("emergency grant"))?;
    let caller_took_part = caller
        .principal
        .person()
        .is_some_and(|person| stored.receiver_id == person || stored.custodians().contains(&person));
    if !caller_took_part && !caller.principal.has_any(&OVERSEERS) {
        return Err(document::missing("emergency grant"));
    }
    let (acts, acts_digest) = emergencies::acts_under(&mut conn, *id).await?;
    let in_effect = stored.is_in_effect(caller.context.now());
    let view = EmergencyView { grant: stored.doc, in_effect, acts, acts_digest };
    Ok(Answer::ok(view).version(stored.version))
}
