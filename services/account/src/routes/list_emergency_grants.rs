//! `list_emergency_grants`

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::emergency::EmergencyGrant;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListEmergencyGrants {
    /// State.
    pub status: Option<String>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists break-glass grants (invariant 11).
#[utoipa::path(get, path = "/v1/emergency-grants", params(ListEmergencyGrants), responses((status = 200, body = Page<EmergencyGrant>)))]
#[get("/v1/emergency-grants")]
pub async fn list_emergency_grants(
    caller: Caller,
    query: web::Query<ListEmergencyGrants>,
) -> Result<Answer<Page<EmergencyGrant>>> {
    let query = query.into_inner();
    let filter = Filter::all().eq_opt("status", query.status.as_deref());
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
