//! `list_findings`: Lists findings.

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use kernel::ids::{AccountId, AgencyId, PersonId};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::finding::Finding;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListFindings {
    /// Kind.
    pub kind: Option<String>,
    /// State.
    pub state: Option<String>,
    /// Regulation.
    pub regulation: Option<String>,
    /// Agency concerned.
    pub agency: Option<AgencyId>,
    /// Account concerned.
    pub account: Option<AccountId>,
    /// Person concerned.
    pub person: Option<PersonId>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists findings.
#[utoipa::path(get, path = "/v1/findings", params(ListFindings), responses((status = 200, body = Page<Finding>)))]
#[get("/v1/findings")]
pub async fn list_findings(caller: Caller, query: web::Query<ListFindings>) -> Result<Answer<Page<Finding>>> {
    let query = query.into_inner();
    let filter = Filter::all()
        .eq_opt("agency_id", caller.scope(query.agency)?)
        .eq_opt("kind", query.kind)
        .eq_opt("state", query.state)
        .eq_opt("regulation", query.regulation)
        .one_of_opt("regulation", caller.regulations())
        .eq_opt("account_id", query.account)
        .eq_opt("person_id", query.person);
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
