//! Certificates of destruction.

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::document::Filter;
use chassis::{Answer, Caller, Page, Result, reading};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::certificate::DestructionCertificate;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListCertificates {
    /// `household`, `tax` or `immigration`.
    pub regulation: Option<String>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists certificates of destruction.
#[utoipa::path(get, path = "/v1/certificates", params(ListCertificates),
    responses((status = 200, body = Page<DestructionCertificate>)))]
#[get("/v1/certificates")]
pub async fn list_certificates(
    caller: Caller,
    query: web::Query<ListCertificates>,
) -> Result<Answer<Page<DestructionCertificate>>> {
    let query = query.into_inner();
    let filter = Filter::all()
        .eq_opt("regulation", query.regulation.as_deref())
        .one_of_opt("regulation", caller.regulations());
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
