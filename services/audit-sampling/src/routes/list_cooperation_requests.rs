//! `list_cooperation_requests`: Lists requests for cooperation: one's own, or all for those who prepare audits.

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use kernel::ids::PersonId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::package::CooperationRequest;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListCooperationRequests {
    /// The user.
    pub person: Option<PersonId>,
    /// `open` or `answered`.
    pub state: Option<String>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists requests for cooperation: one's own, or all for those who prepare audits.
#[utoipa::path(get, path = "/v1/cooperation-requests", params(ListCooperationRequests), responses((status = 200, body = Page<CooperationRequest>)))]
#[get("/v1/cooperation-requests")]
pub async fn list_cooperation_requests(
    caller: Caller,
    query: web::Query<ListCooperationRequests>,
) -> Result<Answer<Page<CooperationRequest>>> {
    let query = query.into_inner();
    let filter = Filter::all()
        .eq_opt("person_id", if caller.sees_all_agencies() { query.person } else { Some(caller.person()?) })
        .eq_opt("state", query.state);
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
