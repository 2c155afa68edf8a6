//! The personal values of a log entry (H6.6, H8.2); each reading is logged.

use actix_web::{post, web};
use chassis::{Answer, Command, Problem, Result, document};
use query_log::{Body, LogError};
use query_registry_types::PersonalText;
use query_registry_types::logs::{LogEntryBody, ReadLogEntry};

use crate::governance;
use crate::problems;
use crate::routes::get_log_entry;
use crate::state::Registry;

/// Reads the personal values of an entry, for an audit; an office's auditor those of the office's entries. The reading is an
/// entry of the same log before it is answered.
#[utoipa::path(post, path = "/v1/logs/{log}/entries/{index}/readings",
    params(("log" = String, Path, description = "Name of the log", example = "three-year"), ("index" = u64, Path)),
    request_body = ReadLogEntry, responses((status = 200, body = LogEntryBody)))]
#[post("/v1/logs/{log}/entries/{index}/readings")]
pub async fn read_log_entry(
    command: Command<ReadLogEntry>,
    place: web::Path<(String, u64)>,
) -> Result<Answer<LogEntryBody>> {
    let registry = command.context.state::<Registry>();
    let purpose = command.body.purpose.expose().trim();
    if purpose.is_empty() || purpose.chars().count() > 500 {
        return Err(Problem::invalid("/purpose", "1 to 500 characters").into());
    }
    let (log, index) = place.into_inner();
    let entry = get_log_entry::find(&command.caller, &log, index).await?;
    let is_in_reach = match entry.header.agency {
        Some(agency) => command.caller.within(agency).is_ok(),
        None => command.caller.sees_all_agencies(),
    };
    // Only what was granted names its pack: anything else is not told to be of a provider's data.
    let pack = entry.header.rule_pack.as_deref().and_then(|pack| command.context.packs().by_reference(pack));
    let regulation = pack.map_or("", |pack| pack.regulation.as_str());
    if !is_in_reach || command.caller.within_regulation(regulation).is_err() {
        return Err(document::missing("log entry"));
    }
    let body = registry.log.open_body(&entry).await.map_err(|error| match error {
        // The key was destroyed with its month.
        LogError::Month(_) | LogError::Key(_) => document::missing("log entry with a body"),
        other => problems::log_unavailable(&other).into(),
    })?;
    let erased = body == Body::Erased;
    let values = body.values().unwrap_or_default();
    // Nobody audits his own queries (invariant 9).
    let own = command.person()?.to_string();
    if values.get("official").is_some_and(|official| *official.expose() == own) {
        return Err(Problem::new(&problems::OWN_MATTER, "Another auditor has to read this.")
            .clause("H8.2")
            .into());
    }
    // Logged before anything is answered; not kept under the Idempotency-Key: personal values are never stored there.
    let receipt = governance::note_reading(&command.caller, &log, purpose, |reading| {
        reading.query = entry.header.query;
        reading.application = entry.header.application;
        reading.digests.insert("entry".to_owned(), entry.leaf_hash);
    })
    .await?;
    let values =
        values.into_iter().map(|(field, value)| (field, PersonalText(value.expose().clone()))).collect();
    Ok(Answer::ok(LogEntryBody { values, erased, reading: receipt.index }))
}
