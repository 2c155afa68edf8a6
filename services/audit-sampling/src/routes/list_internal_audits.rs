//! `list_internal_audits`: Lists internal audits.

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use kernel::ids::AgencyId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::internal_audit::InternalAudit;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListInternalAudits {
    /// Agency.
    pub agency: Option<AgencyId>,
    /// State.
    pub state: Option<String>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists internal audits.
#[utoipa::path(get, path = "/v1/internal-audits", params(ListInternalAudits), responses((status = 200, body = Page<InternalAudit>)))]
#[get("/v1/internal-audits")]
pub async fn list_internal_audits(
    caller: Caller,
    query: web::Query<ListInternalAudits>,
) -> Result<Answer<Page<InternalAudit>>> {
    let query = query.into_inner();
    let filter = Filter::all().eq_opt("agency_id", caller.scope(query.agency)?).eq_opt("state", query.state);
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
