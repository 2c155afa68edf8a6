//! The operations over HTTP.

use actix_web::http::header::{ACCEPT, CONTENT_TYPE};
use actix_web::web::{self, Bytes, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;

use super::{Store, pages, receive};

/// Bytes of one export at most.
const BODY: usize = 8 << 20;
/// Traces in the list unless told, and at most.
const LISTED: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    service: Option<String>,
    limit: Option<usize>,
}

pub(super) fn configure(app: &mut web::ServiceConfig) {
    app.app_data(web::PayloadConfig::new(BODY))
        .route("/", web::get().to(|| async { web::Redirect::to("/traces") }))
        .route("/healthz", web::get().to(|| async { HttpResponse::Ok().body("ok") }))
        .route("/v1/traces", web::post().to(take))
        .route("/v1/metrics", web::post().to(drop_signal))
        .route("/v1/logs", web::post().to(drop_signal))
        .route("/traces", web::get().to(list))
        .route("/traces.json", web::get().to(list))
        .route("/traces/{id}", web::get().to(show));
}

/// An empty answer in protobuf: everything was taken.
fn taken() -> HttpResponse {
    HttpResponse::Ok().content_type("application/x-protobuf").finish()
}

async fn take(request: HttpRequest, store: Data<Store>, body: Bytes) -> HttpResponse {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/x-protobuf") {
        return HttpResponse::UnsupportedMediaType().body("send OTLP as application/x-protobuf");
    }
    match receive::spans(&body) {
        Ok(spans) => {
            store.add(spans);
            taken()
        }
        Err(error) => HttpResponse::BadRequest().body(format!("no OTLP traces: {error}")),
    }
}

async fn drop_signal(_: Bytes) -> HttpResponse {
    taken()
}

fn wants_json(request: &HttpRequest) -> bool {
    let accept = request.headers().get(ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    request.path().strip_suffix(".json").is_some() || accept.starts_with("application/json")
}

async fn list(request: HttpRequest, store: Data<Store>, wanted: Query<Wanted>) -> HttpResponse {
    let limit = wanted.limit.unwrap_or(LISTED).clamp(1, LISTED);
    let traces = store.list(wanted.service.as_deref(), limit);
    if wants_json(&request) {
        HttpResponse::Ok().json(json!({ "traces": traces }))
    } else {
        html(pages::list(&traces))
    }
}

async fn show(request: HttpRequest, store: Data<Store>, id: Path<String>) -> HttpResponse {
    let id = id.strip_suffix(".json").unwrap_or(&id);
    let spans = store.trace(id);
    if spans.is_empty() {
        return HttpResponse::NotFound().body("no such trace here: it is not in yet, or gone");
    }
    if wants_json(&request) {
        HttpResponse::Ok().json(json!({ "trace_id": id, "spans": spans }))
    } else {
        html(pages::trace(&spans))
    }
}

fn html(page: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header(("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"))
        .body(page)
}
