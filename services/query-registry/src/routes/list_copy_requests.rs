//! Lists requests for copies (H6.4).

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::document::{self, Filter};
use chassis::{Answer, Caller, Page, Result};
use identity::Role;
use kernel::ids::{QueryId, UnitId};
use query_registry_types::outputs::CopyRequestView;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::copying::CopyRequest;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListCopyRequests {
    /// `requested`, `approved`, `refused` or `used`.
    pub state: Option<String>,
    /// Query.
    pub query: Option<QueryId>,
    /// Unit, for auditors.
    pub unit: Option<UnitId>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists requests for copies: of the own unit, or of any for auditors.
#[utoipa::path(get, path = "/v1/copy-requests", params(ListCopyRequests),
    responses((status = 200, body = Page<CopyRequestView>)))]
#[get("/v1/copy-requests")]
pub async fn list_copy_requests(
    caller: Caller,
    query: web::Query<ListCopyRequests>,
) -> Result<Answer<Page<CopyRequestView>>> {
    let query = query.into_inner();
    let auditor = caller.principal.has(Role::Auditor);
    let unit = if auditor { query.unit } else { caller.principal.unit };
    if !auditor && unit.is_none() {
        return Ok(Answer::ok(Page { items: vec![], next: None }));
    }
    let filter = Filter::all()
        .eq_opt("agency_id", caller.scope(None)?)
        .eq_opt("unit_id", unit)
        .eq_opt("state", query.state)
        .eq_opt("query_id", query.query);
    let params = PageParams { after: query.after, limit: query.limit };
    let page =
        document::page::<CopyRequest>(&mut *caller.context.connection().await?, filter, &params).await?;
    Ok(Answer::ok(Page { items: page.items.iter().map(|r| r.view()).collect(), next: page.next }))
}
