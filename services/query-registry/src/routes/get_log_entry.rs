//! The public part of a log entry (H6.6).

use actix_web::{get, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chassis::{Answer, Caller, Result, document};
use query_log::{Entry, LogError};
use query_registry_types::logs::LogEntryView;

use crate::problems;
use crate::state::Registry;

/// Shows the header of an entry; it holds no personal value.
#[utoipa::path(get, path = "/v1/logs/{log}/entries/{index}",
    params(("log" = String, Path, description = "Name of the log", example = "three-year"), ("index" = u64, Path)),
    responses((status = 200, body = LogEntryView)))]
#[get("/v1/logs/{log}/entries/{index}")]
pub async fn get_log_entry(caller: Caller, place: web::Path<(String, u64)>) -> Result<Answer<LogEntryView>> {
    Ok(Answer::ok(view(&find(&caller, &place.0, place.1).await?)?))
}

/// The entry as it is shown.
pub fn view(entry: &Entry) -> Result<LogEntryView> {
    Ok(LogEntryView {
        log: entry.header.log.clone(),
        index: entry.header.index,
        header: serde_json::to_value(&entry.header)?,
        header_bytes: STANDARD.encode(&entry.header_bytes),
        leaf_hash: entry.leaf_hash.to_string(),
    })
}

/// The entry, or 404.
pub async fn find(caller: &Caller, log: &str, index: u64) -> Result<Entry> {
    let registry = caller.context.state::<Registry>();
    registry.log.read(log, index).await.map_err(|error| match error {
        LogError::NotFound | LogError::UnknownLog(_) | LogError::Month(_) => document::missing("log entry"),
        other => problems::log_unavailable(&other).into(),
    })
}
