//! Lists reconciliations with the providers (H3.1).

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::document::{self, Filter};
use chassis::{Answer, Caller, Page, Result};
use query_registry_types::control::Reconciliation;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::reconciliation::KeptReconciliation;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListReconciliations {
    /// `household` or `tax`.
    pub regulation: Option<String>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists reconciliations with the providers.
#[utoipa::path(get, path = "/v1/reconciliations", params(ListReconciliations), responses((status = 200, body = Page<Reconciliation>)))]
#[get("/v1/reconciliations")]
pub async fn list_reconciliations(
    caller: Caller,
    query: web::Query<ListReconciliations>,
) -> Result<Answer<Page<Reconciliation>>> {
    let query = query.into_inner();
    let filter =
        Filter::all().eq_opt("regulation", query.regulation).one_of_opt("regulation", caller.regulations());
    let params = PageParams { after: query.after, limit: query.limit };
    let page =
        document::page::<KeptReconciliation>(&mut *caller.context.connection().await?, filter, &params)
            .await?;
    Ok(Answer::ok(Page { items: page.items.into_iter().map(|kept| kept.doc.0).collect(), next: page.next }))
}
