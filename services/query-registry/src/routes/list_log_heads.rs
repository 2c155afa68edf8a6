//! The heads of the logs (H6.6, I3.8).

use actix_web::get;
use chassis::{Answer, Caller, Result};
use query_log::GOVERNANCE;
use query_registry_types::logs::{LogHead, LogHeads};

use crate::domain::rules::{FIVE_YEARS, THREE_YEARS};
use crate::problems;
use crate::state::Registry;

/// Shows the head of each log: keep it, and no entry before it can change unnoticed.
#[utoipa::path(get, path = "/v1/logs", responses((status = 200, body = LogHeads)))]
#[get("/v1/logs")]
pub async fn list_log_heads(caller: Caller) -> Result<Answer<LogHeads>> {
    let registry = caller.context.state::<Registry>();
    let mut heads = vec![];
    for log in [THREE_YEARS, FIVE_YEARS, GOVERNANCE] {
        let head = registry.log.head(log).await.map_err(|error| problems::log_unavailable(&error))?;
        heads.push(LogHead { log: head.log, size: head.size, chain_hash: head.chain_hash.to_string() });
    }
    Ok(Answer::ok(LogHeads { heads }))
}
