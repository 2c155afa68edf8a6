//! `list_agency_acts`

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use kernel::ids::{AgencyId, PersonId};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::agency_act::AgencyAct;
use crate::edge;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListAgencyActs {
    /// Agency.
    pub agency: Option<AgencyId>,
    /// State.
    pub status: Option<String>,
    /// Person.
    pub person: Option<PersonId>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists acts in the agency's own system (I3.6, I3.7).
#[utoipa::path(get, path = "/v1/agency-acts", params(ListAgencyActs), responses((status = 200, body = Page<AgencyAct>)))]
#[get("/v1/agency-acts")]
pub async fn list_agency_acts(
    caller: Caller,
    query: web::Query<ListAgencyActs>,
) -> Result<Answer<Page<AgencyAct>>> {
    let query = query.into_inner();
    let filter = Filter::all()
        .eq_opt("agency_id", edge::scope(&caller, query.agency)?)
        .eq_opt("status", query.status.as_deref())
        .eq_opt("person_id", query.person);
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
