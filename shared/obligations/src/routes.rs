//! The reading operations that every service with obligations offers: who is to do what by when, and who is late.

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::document::{self, Filter};
use chassis::{Answer, Caller, Page, Result};
use chrono::NaiveDate;
use kernel::days;
use kernel::ids::{AgencyId, ObligationId};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::model::Obligation;

/// Adds the operations; `operations.toml` names them `list_obligations` and `get_obligation`.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_obligations).service(get_obligation);
}

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListObligations {
    /// `open`, `done` or `cancelled`.
    pub state: Option<String>,
    /// Only those that are open past their due date.
    #[serde(default)]
    pub late: bool,
    /// Only those due on this day or before: what is to be done by then.
    pub due_by: Option<NaiveDate>,
    /// Clause id.
    pub clause: Option<String>,
    /// Agency that owes it.
    pub agency: Option<AgencyId>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists obligations: who is to do what by when, and who is late.
#[utoipa::path(get, path = "/v1/obligations", params(ListObligations), responses((status = 200, body = Page<Obligation>)))]
#[get("/v1/obligations")]
pub async fn list_obligations(
    caller: Caller,
    query: web::Query<ListObligations>,
) -> Result<Answer<Page<Obligation>>> {
    let query = query.into_inner();
    let mut filter = Filter::all()
        .eq_opt("agency_id", caller.scope(query.agency)?)
        .eq_opt("clause", query.clause.as_deref())
        .eq_opt("state", query.state.as_deref());
    if query.late {
        filter = filter.eq("state", "open").op("due_on", "<", days::taipei_date(caller.context.now()));
    }
    if let Some(due_by) = query.due_by {
        filter = filter.op("due_on", "<=", due_by);
    }
    let mut conn = caller.context.connection().await?;
    let params = PageParams { after: query.after, limit: query.limit };
    let page = document::page::<Obligation>(&mut conn, filter, &params).await?;
    Ok(Answer::ok(Page { items: page.items.into_iter().map(|s| s.doc).collect(), next: page.next }))
}

/// Shows an obligation with its evidence.
#[utoipa::path(get, path = "/v1/obligations/{id}", params(("id" = ObligationId, Path)), responses((status = 200, body = Obligation)))]
#[get("/v1/obligations/{id}")]
pub async fn get_obligation(caller: Caller, id: web::Path<ObligationId>) -> Result<Answer<Obligation>> {
    let mut conn = caller.context.connection().await?;
    let stored = document::find::<Obligation>(&mut conn, id.0, false)
        .await?
        .ok_or_else(|| document::missing("obligation"))?;
    if let Some(agency) = stored.agency_id {
        caller.within(agency)?;
    }
    Ok(Answer::ok(stored.doc.clone()).version(stored.version))
}
