//! The gate before every operation: a valid token that was not revoked, a role that `operations.toml` lists, not too many
//! requests, and for live operations a word from the account service that is young enough.

use std::sync::Arc;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, ORIGIN};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, HttpResponse, web};
use identity::Principal;

use crate::context::Context;
use crate::error::respond;
use crate::http::limit::Client;
use crate::http::{common, peer};
use crate::operations::Operation;
use crate::problem::{self, Problem, ProblemType};
use crate::settings::BoundTokens;

/// Lets the request through with its principal, or answers for the operation.
pub async fn authorize<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    match check(&request).await {
        Ok(()) => next.call(request).await.map(ServiceResponse::map_into_left_body),
        Err(refusal) => {
            tracing::info!(code = refusal.kind().code, path = request.match_pattern(), "request refused");
            Ok(request.into_response(refusal.answer()).map_into_right_body())
        }
    }
}

/// Whether the token ended by an act after its issue: for operations that record their own refusals.
#[derive(Debug, Clone, Copy)]
pub struct Revoked(pub bool);

enum Refusal {
    Method(Vec<String>),
    Problem(Problem),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl Refusal {
    fn kind(&self) -> &'static ProblemType {
        match self {
            Self::Method(_) => &problem::METHOD_NOT_ALLOWED,
            Self::Problem(problem) => problem.kind,
        }
    }

    fn answer(&self) -> HttpResponse {
        match self {
            Self::Method(offered) => common::method_not_allowed(&offered.join(", ")),
            Self::Problem(problem) => respond(problem),
        }
    }
}

async fn check(request: &ServiceRequest) -> Result<(), Refusal> {
    let Some(context) = request.app_data::<web::Data<Context>>() else {
        return Err(Problem::new(&problem::INTERNAL, "The service is not set up.").into());
    };
    let Some(pattern) = request.match_pattern() else { return Ok(()) };
    let operations = context.operations();
    // What is no operation of the service (health, documents, pages) answers for itself.
    if !pattern.starts_with("/v1") && operations.methods(&pattern).is_empty() {
        return Ok(());
    }
    if request.uri().path_and_query().is_some_and(|url| url.as_str().contains("%00")) {
        return Err(Problem::invalid("url", "no text may hold the character U+0000").into());
    }
    let Some((id, operation)) = operations.at(asked_for(request), &pattern) else {
        return Err(Refusal::Method(operations.methods(&pattern)));
    };
    if !context.0.readiness.compared() {
        let text = "What this service runs on was not compared with what is approved yet: try again.";
        return Err(Problem::new(&problem::UNAVAILABLE, text).retry_after(1).into());
    }
    let principal = if operation.public { None } else { Some(authenticate(request, context, id)) };
    // Whoever shows no valid token counts by address, so that guessing tokens has its limit too.
    let client = match &principal {
        Some(Ok(principal)) => Client::of(principal),
        None | Some(Err(_)) => Client::at(peer::address(request.request(), &context.settings().http.proxies)),
    };
    context.limiter().take(context, &client).await?;
    let Some(principal) = principal else { return Ok(()) };
    let principal = principal?;
    let revoked = context.revocations().refuses(&principal);
    if let Some(kind) = revoked {
        tracing::info!(?kind, operation = id, "token revoked");
        if !operation.records_refusals {
            return Err(neutral().into());
        }
    }
    permit(&principal, id, operation)?;
    if operation.live && !context.revocations().is_live() {
        let text = "The account service is not heard. Try again; what needs no such certainty goes on.";
        return Err(Problem::new(&problem::REVOCATIONS_UNKNOWN, text).clause("invariant-7").into());
    }
    request.extensions_mut().insert(principal);
    request.extensions_mut().insert(Revoked(revoked.is_some()));
    Ok(())
}

/// Why a token was refused is in the log alone.
fn neutral() -> Problem {
    Problem::new(&problem::UNAUTHENTICATED, "Get an access token and send it as Bearer token.")
}

/// The method that a request is about: a browser asks beforehand whether a page of another origin may use it (the
/// preflight of CORS). Only public operations answer that, each for the origins it knows.
fn asked_for(request: &ServiceRequest) -> &str {
    let asked = request.headers().get(ACCESS_CONTROL_REQUEST_METHOD).and_then(|method| method.to_str().ok());
    match asked {
        Some(method) if request.method() == Method::OPTIONS && request.headers().contains_key(ORIGIN) => {
            method
        }
        _ => request.method().as_str(),
    }
}

fn authenticate(request: &ServiceRequest, context: &Context, id: &str) -> Result<Arc<Principal>, Problem> {
    let token = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer "))
        .ok_or_else(neutral)?;
    let (method, path) = (request.method().as_str(), request.path());
    let principal = context.tokens().verify_request(token, context.now(), method, path).map_err(|error| {
        tracing::info!(?error, operation = id, "token refused");
        neutral()
    })?;
    check_binding(request, context, &principal).map_err(|code| {
        tracing::info!(code, operation = id, "token refused");
        neutral()
    })?;
    Ok(principal)
}

/// A bound token is good with its certificate alone (RFC 8705 §3); tokens of services are bound to one request instead.
fn check_binding(
    request: &ServiceRequest,
    context: &Context,
    principal: &Principal,
) -> Result<(), &'static str> {
    let settings = context.settings();
    let Some(bound) = &principal.bound_to else {
        let must = settings.identity.bound_tokens == BoundTokens::Required;
        return if must && principal.service().is_none() { Err("token-not-bound") } else { Ok(()) };
    };
    let proved = peer::client_certificate(request.request(), &settings.http.proxies);
    if proved.as_ref() == Some(bound) { Ok(()) } else { Err("token-wrong-certificate") }
}

fn permit(principal: &Principal, id: &str, operation: &Operation) -> Result<(), Problem> {
    if principal.emergency.is_some() && !operation.emergency {
        let detail = format!("`{id}` is not open to a break-glass grant.");
        return Err(Problem::new(&problem::FORBIDDEN, detail).clause("invariant-11"));
    }
    if !principal.roles.is_disjoint(&operation.roles) {
        return Ok(());
    }
    let roles = operation.roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut problem = Problem::new(&problem::FORBIDDEN, format!("`{id}` is for: {roles}."));
    problem.clause = operation.clauses.first().cloned();
    Err(problem)
}
