//! Lists cases (H2.3).

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::document::{self, Filter};
use chassis::{Answer, Caller, Page, Result};
use kernel::ids::{AgencyId, UnitId};
use query_registry_types::cases::CaseView;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::case::Case;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListCases {
    /// Agency.
    pub agency: Option<AgencyId>,
    /// Unit.
    pub unit: Option<UnitId>,
    /// Programme.
    pub programme: Option<String>,
    /// Number in the agency's files.
    pub number: Option<String>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists registered cases, oldest first.
#[utoipa::path(get, path = "/v1/cases", params(ListCases), responses((status = 200, body = Page<CaseView>)))]
#[get("/v1/cases")]
pub async fn list_cases(caller: Caller, query: web::Query<ListCases>) -> Result<Answer<Page<CaseView>>> {
    let query = query.into_inner();
    let filter = Filter::all()
        .eq_opt("agency_id", caller.scope(query.agency)?)
        .eq_opt("unit_id", query.unit)
        .eq_opt("programme", query.programme)
        .eq_opt("number", query.number);
    let params = PageParams { after: query.after, limit: query.limit };
    let page = document::page::<Case>(&mut *caller.context.connection().await?, filter, &params).await?;
    Ok(Answer::ok(Page { items: page.items.iter().map(|case| case.view()).collect(), next: page.next }))
}
