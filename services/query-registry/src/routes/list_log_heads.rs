//! The heads of the logs (H6.6, I3.8).

use actix_web::get;
use chassis::{Answer, Caller, Result};
use query_log::LogError;
use query_registry_types::logs::{LogHead, LogHeads};

use crate::problems;
use crate::state::Registry;

/// Shows the head of each log: keep it, and no entry before it can change unnoticed.
#[utoipa::path(get, path = "/v1/logs", responses((status = 200, body = LogHeads)))]
#[get("/v1/logs")]
pub async fn list_log_heads(caller: Caller) -> Result<Answer<LogHeads>> {
    let registry = caller.context.state::<Registry>();
    let (logs, mut heads) = (registry.log.names(), vec![]);
    for log in &logs {
        let mut head = head(&registry, log).await.map_err(|error| problems::log_unavailable(&error))?;
        // One that came up meanwhile is told with its own head, next time.
        head.successor.take_if(|successor| !logs.contains(successor));
        heads.push(head);
    }
    Ok(Answer::ok(LogHeads { heads }))
}

async fn head(registry: &Registry, log: &str) -> std::result::Result<LogHead, LogError> {
    let head = registry.log.head(log).await?;
    Ok(LogHead {
        size: head.size,
        root_hash: head.root_hash.to_string(),
        origin: registry.log.origin(log),
        verifier_key: registry.log.verifier_key(log).await?,
        successor: registry.log.successor(log),
        log: head.log,
    })
}
