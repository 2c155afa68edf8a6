//! `get_log_loss`

use actix_web::{get, web};
use chassis::{Answer, Caller, Result};
use query_log::LogError;
use query_registry_types::logs::LogLoss;

use super::get_log_tile::not_found;
use crate::state::Registry;

/// Shows what a log lost (H6.6): what its database has, compared with all that was signed, as others hold it. Found for a log that
/// refuses its database, or that ended so. Two administrators may approve the loss by its digest: the log then ends, and its
/// successor goes on.
#[utoipa::path(get, path = "/v1/logs/{log}/loss",
    params(("log" = String, Path, description = "Name of the log", example = "three-year")),
    responses((status = 200, body = LogLoss)))]
#[get("/v1/logs/{log}/loss")]
pub async fn get_log_loss(caller: Caller, path: web::Path<String>) -> Result<Answer<LogLoss>> {
    let registry = caller.context.state::<Registry>();
    let log = path.into_inner();
    let loss = registry.log.loss(&log).await.map_err(not_found)?.filter(|loss| loss.lost() > 0);
    let loss = loss.ok_or(LogError::NotFound).map_err(not_found)?;
    Ok(Answer::ok(LogLoss {
        digest: loss.digest(),
        successor: loss.successor(),
        ended: registry.log.ending(&log).is_some(),
        size: loss.size,
        root_hash: loss.root_hash.to_string(),
        known_size: loss.known_size,
        known_root: loss.known_root.to_string(),
        log: loss.log,
    }))
}
