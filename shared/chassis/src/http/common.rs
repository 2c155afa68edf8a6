//! What every service answers besides its operations: health, its OpenAPI document, Swagger UI, faults of routing.

use actix_web::{HttpResponse, web};
use serde::Serialize;

use crate::context::Context;
use crate::error::respond;
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
}

/// `/readyz`: database with its schema and broker can be reached.
pub async fn readyz(context: web::Data<Context>) -> HttpResponse {
    let schema = context.0.readiness.migrated();
    let broker = context.0.readiness.broker();
    let database = crate::relay::waiting(&context).await.is_ok();
    let ready = schema && broker && database;
    let body = Readiness { ready, database, broker, schema };
    if ready { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) }
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

/// A query string that does not parse.
pub fn query_config() -> web::QueryConfig {
    web::QueryConfig::default()
        .error_handler(|error, _| crate::Error::from(Problem::invalid("query", error.to_string())).into())
}
