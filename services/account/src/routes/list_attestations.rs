//! `list_attestations`

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use kernel::ids::{AccountId, AgencyId, PersonId};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::records::Attestation;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListAttestations {
    /// Agency.
    pub agency: Option<AgencyId>,
    /// Person.
    pub person: Option<PersonId>,
    /// Account.
    pub account: Option<AccountId>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists attestations (H5.2.3, I3.5).
#[utoipa::path(get, path = "/v1/attestations", params(ListAttestations), responses((status = 200, body = Page<Attestation>)))]
#[get("/v1/attestations")]
pub async fn list_attestations(
    caller: Caller,
    query: web::Query<ListAttestations>,
) -> Result<Answer<Page<Attestation>>> {
    let query = query.into_inner();
    let filter = Filter::all()
        .eq_opt("agency_id", caller.scope(query.agency)?)
        .eq_opt("person_id", query.person)
        .eq_opt("account_id", query.account);
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
