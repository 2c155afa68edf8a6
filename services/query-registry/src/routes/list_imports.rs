//! Lists imported files (I4.1.1).

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::document::{self, Filter};
use chassis::{Answer, Caller, Page, Result};
use query_registry_types::import::Import;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::import_file::KeptImport;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListImports {
    /// `immigration-log` or `platform-report`.
    pub kind: Option<String>,
    /// The agency that imported it.
    pub agency: Option<kernel::ids::AgencyId>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists imported files.
#[utoipa::path(get, path = "/v1/imports", params(ListImports), responses((status = 200, body = Page<Import>)))]
#[get("/v1/imports")]
pub async fn list_imports(caller: Caller, query: web::Query<ListImports>) -> Result<Answer<Page<Import>>> {
    let query = query.into_inner();
    let filter = Filter::all().eq_opt("kind", query.kind).eq_opt("agency_id", caller.scope(query.agency)?);
    let params = PageParams { after: query.after, limit: query.limit };
    let page =
        document::page::<KeptImport>(&mut *caller.context.connection().await?, filter, &params).await?;
    Ok(Answer::ok(Page { items: page.items.into_iter().map(|kept| kept.doc.0).collect(), next: page.next }))
}
