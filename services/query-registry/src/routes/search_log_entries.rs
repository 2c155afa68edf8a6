//! Finding entries of a log again (H6.6, H8.2, H8.4); each search is logged.

use actix_web::{post, web};
use chassis::{Answer, Caller, Command, Problem, Result, document};
use kernel::{NationalId, Personal};
use query_log::{Filter, Page, SUBJECT};
use query_registry_types::PersonalText;
use query_registry_types::logs::{FoundLogEntries, SearchLogEntries};

use crate::governance;
use crate::problems;
use crate::routes::get_log_entry;
use crate::state::Registry;
use crate::store::register;

/// Finds entries of a log, for an audit: of an account, an agency, a case, about a person, of a time; oldest first.
/// Nobody searches for his own account's, and an office's auditor finds the office's alone. The search is an entry of the
/// same log before it is answered.
#[utoipa::path(post, path = "/v1/logs/{log}/searches",
    params(("log" = String, Path, description = "Name of the log", example = "three-year")),
    request_body = SearchLogEntries, responses((status = 200, body = FoundLogEntries)))]
#[post("/v1/logs/{log}/searches")]
pub async fn search_log_entries(
    command: Command<SearchLogEntries>,
    log: web::Path<String>,
) -> Result<Answer<FoundLogEntries>> {
    let (caller, body) = (&command.caller, &command.body);
    let purpose = text("/purpose", &body.purpose, 500)?;
    let subject = body.subject.as_ref().map(|subject| text("/subject", subject, 100)).transpose()?;
    let limit = body.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(Problem::invalid("/limit", "1 to 200").into());
    }
    if body.after.is_some_and(|after| i64::try_from(after).is_err()) {
        return Err(Problem::invalid("/after", "the `next` of a page").into());
    }
    let registry = caller.context.state::<Registry>();
    if !registry.log.holds(&log) {
        return Err(document::missing("log"));
    }
    let own = caller.person()?;
    let is_own = |account| registry.index().account(account).is_some_and(|known| known.person == own);
    // Nobody audits his own queries (invariant 9).
    if body.account.is_some_and(is_own) {
        return Err(Problem::new(&problems::OWN_MATTER, "Another auditor has to search this.")
            .clause("H8.2")
            .into());
    }
    let subject = subject.map(|subject| as_logged(caller, subject));
    let page = find(caller, &log, body, (subject.clone(), limit)).await?;
    // Logged before anything is answered. What was searched for is personal: it tells whom somebody looks after.
    let wanted = SearchLogEntries { purpose: "".into(), subject: None, ..body.clone() };
    let wanted = serde_json::to_string(&wanted)?;
    let receipt = governance::note_reading(caller, &log, purpose, |reading| {
        reading.personal.insert("search".to_owned(), Personal::new(wanted));
        reading.personal.extend(subject.map(|subject| (SUBJECT.to_owned(), subject)));
    })
    .await?;
    let items = page.entries.iter().map(get_log_entry::view).collect::<Result<_>>()?;
    Ok(Answer::ok(FoundLogEntries { items, next: page.next, reading: receipt.index }))
}

async fn find(
    caller: &Caller,
    log: &str,
    body: &SearchLogEntries,
    (subject, limit): (Option<Personal<String>>, u32),
) -> Result<Page> {
    let registry = caller.context.state::<Registry>();
    let applications = match body.case {
        Some(case) => register::of_case(&mut *caller.context.connection().await?, case).await?,
        None => vec![],
    };
    let filter = Filter {
        account: body.account,
        agency: caller.scope(body.agency)?,
        applications,
        subject,
        from: body.from,
        until: body.until,
        ..Filter::default()
    };
    if body.case.is_some() && filter.applications.is_empty() {
        return Ok(Page { entries: vec![], next: None });
    }
    let found = registry.log.find(log, &filter, body.after, limit).await;
    found.map_err(|error| problems::log_unavailable(&error).into())
}

/// A national id in the spelling in which the gate logs it; anything else as it is, as imports are logged.
fn as_logged(caller: &Caller, subject: &str) -> Personal<String> {
    let id = NationalId::parse(subject, caller.context.settings().sample_ids);
    Personal::new(id.map_or_else(|_| subject.to_owned(), |id| id.expose().to_owned()))
}

/// A text of 1 to `longest` characters without what stands around it.
fn text<'a>(pointer: &str, text: &'a PersonalText, longest: usize) -> Result<&'a str> {
    let text = text.expose().trim();
    if text.is_empty() || text.chars().count() > longest {
        return Err(Problem::invalid(pointer, format!("1 to {longest} characters")).into());
    }
    Ok(text)
}
