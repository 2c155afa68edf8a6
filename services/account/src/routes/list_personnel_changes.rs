//! `list_personnel_changes`

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use kernel::ids::{AgencyId, PersonId};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::personnel::PersonnelChange;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListPersonnelChanges {
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

/// Lists personnel changes with the stops that they propose (H5.2.2).
#[utoipa::path(get, path = "/v1/personnel-changes", params(ListPersonnelChanges), responses((status = 200, body = Page<PersonnelChange>)))]
#[get("/v1/personnel-changes")]
pub async fn list_personnel_changes(
    caller: Caller,
    query: web::Query<ListPersonnelChanges>,
) -> Result<Answer<Page<PersonnelChange>>> {
    let query = query.into_inner();
    let filter = Filter::all()
        .eq_opt("agency_id", caller.scope(query.agency)?)
        .eq_opt("status", query.status.as_deref())
        .eq_opt("person_id", query.person);
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
