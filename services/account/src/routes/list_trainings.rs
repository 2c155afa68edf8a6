//! `list_trainings`

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Filter, Page, Result, reading};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::records::Training;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListTrainings {
    /// Day.
    pub held_on: Option<NaiveDate>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists security trainings (H5.1.5).
#[utoipa::path(get, path = "/v1/trainings", params(ListTrainings), responses((status = 200, body = Page<Training>)))]
#[get("/v1/trainings")]
pub async fn list_trainings(
    caller: Caller,
    query: web::Query<ListTrainings>,
) -> Result<Answer<Page<Training>>> {
    let query = query.into_inner();
    let filter = Filter::all().eq_opt("held_on", query.held_on);
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
