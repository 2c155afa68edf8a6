//! `get_log_successor`

use actix_web::{get, web};
use chassis::{Answer, Caller, Result};
use query_log::{key_digest, succession};
use query_registry_types::logs::LogSuccessor;

use super::get_log_tile::not_found;
use crate::state::Registry;

/// Shows the log that would go on where this one ended, and its key, which is made when it is first asked for. Two administrators
/// may approve the key by its digest: an entry of the log then names it, and once the witnesses have seen that the log ends and
/// the successor signs with it.
#[utoipa::path(get, path = "/v1/logs/{log}/successor",
    params(("log" = String, Path, description = "Name of the log", example = "three-year")),
    responses((status = 200, body = LogSuccessor)))]
#[get("/v1/logs/{log}/successor")]
pub async fn get_log_successor(caller: Caller, path: web::Path<String>) -> Result<Answer<LogSuccessor>> {
    let registry = caller.context.state::<Registry>();
    let log = path.into_inner();
    let key = registry.log.next_key(&log).await.map_err(not_found)?;
    Ok(Answer::ok(LogSuccessor {
        successor: succession::successor(&log),
        verifier_key: key.to_string(),
        digest: key_digest(&key).to_string(),
        ended: registry.log.ending(&log).is_some(),
    }))
}
