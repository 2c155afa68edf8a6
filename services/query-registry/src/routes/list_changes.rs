//! The feed of changes for agencies' systems (H3.1).

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Page, Result};
use identity::Role;
use kernel::days;
use query_registry_types::logs::Change;

use crate::domain::refusal::Refusal;
use crate::state::Registry;
use crate::store::changes;

/// Lists what changed after a cursor: applications, accounts, cases. Begin without a cursor, go on from `next`, which
/// is always there; an empty page means that nothing is new. A system that a rule pack lists sees every agency.
#[utoipa::path(get, path = "/v1/changes", params(PageParams), responses((status = 200, body = Page<Change>)))]
#[get("/v1/changes")]
pub async fn list_changes(caller: Caller, params: web::Query<PageParams>) -> Result<Answer<Page<Change>>> {
    let registry = caller.context.state::<Registry>();
    let mut conn = caller.context.connection().await?;
    registry.refresh(&mut conn).await?;
    if !caller.principal.has(Role::Service) {
        let today = days::taipei_date(caller.context.now());
        let index = registry.index();
        let system = caller.principal.system().and_then(|id| index.active_system(id));
        if !system.is_some_and(|s| index.rules.any_lists(&s.code, today)) {
            return Err(Refusal::SystemNotRegistered.into());
        }
    }
    let items = changes::after(&mut conn, None, params.after.as_deref(), params.limit()?).await?;
    // There is always a cursor to go on from, also when nothing is new.
    let kept = || params.after.clone().unwrap_or_else(|| changes::BEGINNING.to_owned());
    let next = items.last().map_or_else(kept, |change| change.cursor.clone());
    Ok(Answer::ok(Page { items, next: Some(next) }))
}
