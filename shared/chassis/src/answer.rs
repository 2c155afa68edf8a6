//! What a handler answers: a body, a status, an ETag; a page of a list.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, ETAG, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::problem::Problem;

/// A JSON answer. Never cached by anyone on the way.
#[derive(Debug)]
pub struct Answer<T> {
    body: T,
    status: StatusCode,
    version: Option<i64>,
    replayed: bool,
}

impl<T: Serialize> Answer<T> {
    /// 200 with `body`.
    pub fn ok(body: T) -> Self {
        Self { body, status: StatusCode::OK, version: None, replayed: false }
    }

    /// 201 with `body`.
    pub fn created(body: T) -> Self {
        Self { status: StatusCode::CREATED, ..Self::ok(body) }
    }

    /// Carries the version of a document as its ETag.
    #[must_use]
    pub fn version(mut self, version: i64) -> Self {
        self.version = Some(version);
        self
    }

    pub(crate) fn parts(&self) -> (StatusCode, Option<i64>, &T) {
        (self.status, self.version, &self.body)
    }

    pub(crate) fn stored(body: T, status: StatusCode, version: Option<i64>) -> Self {
        Self { body, status, version, replayed: true }
    }
}

impl<T: Serialize> Responder for Answer<T> {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::build(self.status).json(self.body);
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(version) = self.version
            && let Ok(value) = HeaderValue::from_str(&format!("\"{version}\""))
        {
            headers.insert(ETAG, value);
        }
        if self.replayed {
            headers.insert(
                actix_web::http::header::HeaderName::from_static("idempotent-replayed"),
                HeaderValue::from_static("true"),
            );
        }
        response
    }
}

/// A page of a list, oldest first unless the operation says otherwise.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}

/// Query parameters of a list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

impl PageParams {
    /// Rows at most; 400 when more or fewer were asked for than a page may hold.
    pub fn limit(&self) -> Result<i64, Problem> {
        let limit = self.limit.unwrap_or(50);
        if (1..=200).contains(&limit) { Ok(limit) } else { Err(Problem::invalid("limit", "1 to 200")) }
    }
}
