//! `list_people`

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, document};
use kernel::ids::AgencyId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::person::Person;
use crate::routes::get_person::PersonView;
use crate::state::AccountState;

/// Whom to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListPeople {
    /// Agency of the main post.
    pub agency: Option<AgencyId>,
    /// Staff number.
    pub staff_number: Option<String>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists people with their posts.
#[utoipa::path(get, path = "/v1/people", params(ListPeople), responses((status = 200, body = Page<PersonView>)))]
#[get("/v1/people")]
pub async fn list_people(caller: Caller, query: web::Query<ListPeople>) -> Result<Answer<Page<PersonView>>> {
    let query = query.into_inner();
    let filter = Filter::all()
        .eq_opt("agency_id", caller.scope(query.agency)?)
        .eq_opt("staff_number", query.staff_number.as_deref());
    let mut conn = caller.context.connection().await?;
    let params = PageParams { after: query.after, limit: query.limit };
    let page = document::page::<Person>(&mut conn, filter, &params).await?;
    let state = caller.context.state::<AccountState>();
    let items = page.items.into_iter().map(|s| PersonView::of(&state, s.doc)).collect::<Result<_>>()?;
    Ok(Answer::ok(Page { items, next: page.next }))
}
