//! One span and one transaction number for each request; the caller's trace goes on.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web;
use opentelemetry::KeyValue;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::context::Context;

/// Wraps the request into its span; answers with `transaction-number`.
pub async fn trace<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let started = Instant::now();
    let context = request.app_data::<web::Data<Context>>().cloned();
    let (name, number) = match &context {
        Some(context) => (context.name(), context.random().id::<Uuid>(context.now()).to_string()),
        None => ("", String::new()),
    };
    let route = request.match_pattern().unwrap_or_else(|| "unmatched".into());
    let method = request.method().to_string();
    let span = tracing::info_span!(
        "http.server.request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        service = name,
        http.request.method = method,
        http.route = route,
        transaction_number = number,
        http.response.status_code = tracing::field::Empty,
    );
    let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    crate::telemetry::continue_trace(&span, header("traceparent"), header("tracestate"));
    let result = next.call(request).instrument(span.clone()).await;
    let status = match &result {
        Ok(response) => response.status().as_u16(),
        Err(error) => error.as_response_error().status_code().as_u16(),
    };
    span.record("http.response.status_code", status);
    crate::telemetry::request_duration().record(
        started.elapsed().as_secs_f64(),
        &[
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.route", route),
            KeyValue::new("http.response.status_code", i64::from(status)),
            KeyValue::new("service", name),
        ],
    );
    let mut response = result?;
    if let Ok(value) = HeaderValue::from_str(&number) {
        response.headers_mut().insert(HeaderName::from_static("transaction-number"), value);
    }
    Ok(response)
}
