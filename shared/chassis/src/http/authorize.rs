//! The gate before every operation under `/v1`: a valid token, and a role that `operations.toml` lists.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, web};

use crate::context::Context;
use crate::error::respond;
use crate::problem::{self, Problem};

/// Lets the request through with its principal, or answers for the operation.
pub async fn authorize<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    match check(&request) {
        Ok(()) => next.call(request).await.map(ServiceResponse::map_into_left_body),
        Err(problem) => {
            tracing::info!(code = problem.kind.code, path = request.match_pattern(), "request refused");
            Ok(request.into_response(respond(&problem)).map_into_right_body())
        }
    }
}

fn check(request: &ServiceRequest) -> Result<(), Problem> {
    let Some(context) = request.app_data::<web::Data<Context>>() else {
        return Err(Problem::new(&problem::INTERNAL, "The service is not set up."));
    };
    let Some(pattern) = request.match_pattern() else { return Ok(()) };
    if !pattern.starts_with("/v1") {
        return Ok(());
    }
    let Some((id, operation)) = context.operations().at(request.method().as_str(), &pattern) else {
        return Err(Problem::new(
            &problem::METHOD_NOT_ALLOWED,
            "See /openapi.json for what this path offers.",
        ));
    };
    if operation.public {
        return Ok(());
    }
    let neutral =
        || Problem::new(&problem::UNAUTHENTICATED, "Get an access token and send it as Bearer token.");
    let token = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer "))
        .ok_or_else(neutral)?;
    let principal = context
        .tokens()
        .verify_request(token, context.now(), request.method().as_str(), request.path())
        .map_err(|error| {
            tracing::info!(?error, operation = id, "token refused");
            neutral()
        })?;
    if principal.roles.is_disjoint(&operation.roles) {
        let clauses = operation.clauses.first().cloned();
        let mut problem = Problem::new(
            &problem::FORBIDDEN,
            format!(
                "`{id}` is for: {}.",
                operation.roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            ),
        );
        problem.clause = clauses;
        return Err(problem);
    }
    request.extensions_mut().insert(principal);
    Ok(())
}
