//! What every service answers besides its operations: health, its OpenAPI document, Swagger UI, faults of routing.

use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::{HttpResponse, Resource, Route, web};
use serde::Serialize;

use crate::context::Context;
use crate::error::respond;
use crate::http::body::reason;
use crate::problem::{self, Problem};

/// `/healthz`: the process lives.
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({"status": "up"}))
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    database: bool,
    broker: bool,
    schema: bool,
    revocations: bool,
    configuration: bool,
}

/// `/readyz`: database with its schema and broker can be reached, and what the service runs on is approved. Silence about revocations is told and leaves it ready:
/// what does not hang on them goes on.
pub async fn readyz(context: web::Data<Context>) -> HttpResponse {
    let schema = context.0.readiness.migrated();
    let broker = context.0.readiness.broker();
    let database = crate::relay::waiting(&context).await.is_ok();
    let revocations = context.revocations().is_live();
    let configuration = context.0.readiness.compared();
    let ready = schema && broker && database && configuration;
    let body = Readiness { ready, database, broker, schema, revocations, configuration };
    if ready { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) }
}

/// A path that answers GET alone.
pub fn get(path: &str, route: Route) -> Resource {
    web::resource(path).route(route).default_service(web::to(|| async { method_not_allowed("GET") }))
}

/// 405 with the methods that the path does offer (RFC 9110 §15.5.6).
pub fn method_not_allowed(offered: &str) -> HttpResponse {
    let problem = Problem::new(&problem::METHOD_NOT_ALLOWED, "See `Allow` for what this path offers.");
    let mut response = respond(&problem);
    if let Ok(methods) = HeaderValue::from_str(offered) {
        response.headers_mut().insert(ALLOW, methods);
    }
    response
}

/// Anything that no route answers.
pub async fn not_found() -> HttpResponse {
    respond(&Problem::new(&problem::NOT_FOUND, "See /openapi.json for the paths of this service."))
}

/// A path parameter that does not parse: the id of nothing.
pub fn path_config() -> web::PathConfig {
    web::PathConfig::default()
        .error_handler(|_, _| crate::Error::from(Problem::invalid("path", "not an id of this kind")).into())
}

/// A query string that does not parse; its values are not told back.
pub fn query_config() -> web::QueryConfig {
    web::QueryConfig::default().error_handler(|error, _| {
        crate::Error::from(Problem::invalid("query", reason(&error.to_string()))).into()
    })
}
