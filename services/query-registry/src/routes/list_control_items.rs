//! Lists control items (H8.1, I4.1.2).

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::document::{self, Filter};
use chassis::{Answer, Caller, Page, Result};
use kernel::ids::{AgencyId, PersonId};
use query_registry_types::control::ControlItem;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::domain::control_item::KeptItem;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListControlItems {
    /// Agency.
    pub agency: Option<AgencyId>,
    /// User concerned.
    pub person: Option<PersonId>,
    /// Kind, e.g. `unmatched-line`.
    pub kind: Option<String>,
    /// `open`, `explained` or `finding`.
    pub state: Option<String>,
    /// The report, reconciliation or import that found it.
    pub source: Option<Uuid>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists control items, oldest first, without the words they were settled with.
#[utoipa::path(get, path = "/v1/control-items", params(ListControlItems), responses((status = 200, body = Page<ControlItem>)))]
#[get("/v1/control-items")]
pub async fn list_control_items(
    caller: Caller,
    query: web::Query<ListControlItems>,
) -> Result<Answer<Page<ControlItem>>> {
    let query = query.into_inner();
    let filter = Filter::all()
        .eq_opt("agency_id", caller.scope(query.agency)?)
        .eq_opt("person_id", query.person)
        .eq_opt("kind", query.kind)
        .eq_opt("state", query.state)
        .eq_opt("source_id", query.source);
    let params = PageParams { after: query.after, limit: query.limit };
    let page = document::page::<KeptItem>(&mut *caller.context.connection().await?, filter, &params).await?;
    Ok(Answer::ok(Page {
        items: page.items.into_iter().map(|kept| kept.doc.item).collect(),
        next: page.next,
    }))
}
