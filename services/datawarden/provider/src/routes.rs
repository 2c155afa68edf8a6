//! The operations over HTTP.

use std::time::Duration;

use actix_web::error::{InternalError, JsonPayloadError};
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data, Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use futures::stream;
use kernel::Personal;
use sample_city::Provider;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::behaviour::{Behaviour, Fate};
use crate::desk::Desks;
use crate::records;

/// What is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// The caller's number for this call; the provider's counts list it.
    pub transaction_number: Uuid,
    /// National id of the person.
    pub national_id: Personal<String>,
    /// Fields wanted, at least one. The answer holds all fields all the same.
    pub fields: Vec<String>,
    /// Purpose code, not empty.
    pub purpose: String,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The number of the call.
    pub transaction_number: Uuid,
    /// Whether the register knows the person.
    pub found: bool,
    /// The whole record; absent when not found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Month {
    month: String,
}

pub(crate) fn configure(app: &mut web::ServiceConfig) {
    app.app_data(web::JsonConfig::default().limit(16 << 10).error_handler(malformed))
        .route("/{provider}/v1/lookups", web::post().to(create_lookup))
        .route("/{provider}/v1/counts", web::get().to(get_counts))
        .route("/{provider}/v1/control", web::put().to(put_control));
}

/// 400 without the parser's words: they may quote what was sent.
fn malformed(error: JsonPayloadError, _: &HttpRequest) -> actix_web::Error {
    InternalError::from_response(error, refusal(StatusCode::BAD_REQUEST, "malformed")).into()
}

fn refusal(status: StatusCode, code: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({ "code": code }))
}

async fn create_lookup(desks: Data<Desks>, provider: Path<Provider>, lookup: Json<Lookup>) -> HttpResponse {
    let (provider, lookup) = (provider.into_inner(), lookup.into_inner());
    if lookup.fields.is_empty() || lookup.purpose.trim().is_empty() {
        return refusal(StatusCode::BAD_REQUEST, "incomplete");
    }
    let (fate, latency_ms) = desks.of(provider).next();
    if latency_ms > 0 {
        tokio::time::sleep(Duration::from_millis(latency_ms)).await;
    }
    match fate {
        Fate::Refused => return refusal(StatusCode::SERVICE_UNAVAILABLE, "outage"),
        Fate::Failed => return refusal(StatusCode::INTERNAL_SERVER_ERROR, "failed"),
        Fate::Answered | Fate::BrokenOff => desks.note(provider, lookup.transaction_number),
    }
    let citizen = desks.city.citizen(lookup.national_id.expose());
    let record = citizen.map(|c| records::record(&desks.city, c, provider));
    let answer = Answer { transaction_number: lookup.transaction_number, found: record.is_some(), record };
    let status = if answer.found { StatusCode::OK } else { StatusCode::NOT_FOUND };
    if fate == Fate::BrokenOff {
        broken_off(status, &answer)
    } else {
        HttpResponse::build(status).json(answer)
    }
}

/// Half of the answer, then the end of the connection.
fn broken_off(status: StatusCode, answer: &Answer) -> HttpResponse {
    let whole = serde_json::to_vec(answer).unwrap_or_default();
    let half = Bytes::copy_from_slice(&whole[..whole.len() / 2]);
    let parts = [Ok(half), Err(std::io::Error::from(std::io::ErrorKind::ConnectionAborted))];
    HttpResponse::build(status).content_type("application/json").streaming(stream::iter(parts))
}

async fn get_counts(desks: Data<Desks>, provider: Path<Provider>, month: Query<Month>) -> HttpResponse {
    HttpResponse::Ok().json(desks.of(provider.into_inner()).counts(&month.month))
}

async fn put_control(
    desks: Data<Desks>,
    provider: Path<Provider>,
    behaviour: Json<Behaviour>,
) -> HttpResponse {
    desks.of(provider.into_inner()).behave(behaviour.into_inner());
    HttpResponse::NoContent().finish()
}
