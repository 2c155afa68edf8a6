//! `list_packages`: Lists packages for external audits.

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::package::AuditPackage;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListPackages {
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists packages for external audits.
#[utoipa::path(get, path = "/v1/audit-packages", params(ListPackages), responses((status = 200, body = Page<AuditPackage>)))]
#[get("/v1/audit-packages")]
pub async fn list_packages(
    caller: Caller,
    query: web::Query<ListPackages>,
) -> Result<Answer<Page<AuditPackage>>> {
    let query = query.into_inner();
    let filter = Filter::all().one_of_opt("regulation", caller.regulations()).newest_first();
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
