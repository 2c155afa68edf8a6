//! `list_accounts`

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use kernel::ids::{AgencyId, PersonId};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::account::Account;
use crate::edge;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListAccounts {
    /// Agency.
    pub agency: Option<AgencyId>,
    /// State.
    pub status: Option<String>,
    /// `household`, `immigration` or `tax`.
    pub regulation: Option<String>,
    /// Person.
    pub person: Option<PersonId>,
    /// Account number.
    pub number: Option<String>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists accounts.
#[utoipa::path(get, path = "/v1/accounts", params(ListAccounts), responses((status = 200, body = Page<Account>)))]
#[get("/v1/accounts")]
pub async fn list_accounts(caller: Caller, query: web::Query<ListAccounts>) -> Result<Answer<Page<Account>>> {
    let query = query.into_inner();
    let filter = Filter::all()
        .eq_opt("agency_id", edge::scope(&caller, query.agency)?)
        .eq_opt("status", query.status.as_deref())
        .eq_opt("regulation", query.regulation.as_deref())
        .one_of_opt("regulation", caller.regulations())
        .eq_opt("person_id", query.person)
        .eq_opt("number", query.number.as_deref());
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
