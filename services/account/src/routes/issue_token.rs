//! `issue_token`: the token endpoint (RFC 6749, RFC 7523). Unknown parameters are ignored, errors have the RFC's own
//! JSON, refusals are neutral: the reason is in the log alone.

use std::net::IpAddr;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, ResponseError, post, web};
use chassis::document::{self, Filter};
use chassis::http::peer;
use chassis::{Context, Tx};
use chrono::Duration as Span;
use identity::{
    AccessGrant, AssertionKind, Confirmation, PrincipalKind, Role, TokenIssuer, VerifiedAssertion,
    verify_assertion,
};
use kernel::days;
use kernel::ids::PostId;
use rule_pack::Regulation;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::agency::System;
use crate::domain::person::Person;
use crate::state::AccountState;
use crate::store;

/// Life of an access token in seconds (design: 10 minutes at most).
const LIFE: i64 = 600;
/// How long a used nonce is remembered: longer than any assertion lives.
const REMEMBERED: Duration = Duration::from_mins(10);
/// RFC 7523 §2.1.
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A token request (form-encoded).
#[derive(Deserialize, ToSchema)]
pub struct TokenRequest {
    /// `urn:ietf:params:oauth:grant-type:jwt-bearer` for people, `client_credentials` for agency systems.
    grant_type: String,
    /// A person's assertion, signed with the citizen card.
    assertion: Option<String>,
    /// An agency system's assertion (`private_key_jwt`).
    client_assertion: Option<String>,
    /// The post to act in; the first one held unless told.
    #[schema(value_type = Option<Uuid>)]
    post: Option<PostId>,
    /// The browser's address; counts only from a system that is registered for attesting it.
    #[schema(value_type = Option<String>)]
    place: Option<IpAddr>,
}

/// A token.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the names are those of RFC 6749")]
pub struct Token {
    /// The access token (RFC 9068).
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
    /// Roles granted, separated by blanks.
    scope: String,
}

/// A refusal as RFC 6749 §5.2 has it.
#[derive(Serialize, ToSchema)]
pub struct OAuthRefusal {
    /// The code of RFC 6749.
    #[schema(example = "invalid_grant")]
    error: String,
}

/// Refusals of RFC 6749 §5.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// Something is missing or malformed.
    #[error("invalid_request")]
    InvalidRequest,
    /// The system did not prove itself.
    #[error("invalid_client")]
    InvalidClient,
    /// The person did not prove himself, or gets no token.
    #[error("invalid_grant")]
    InvalidGrant,
    /// Another grant type.
    #[error("unsupported_grant_type")]
    UnsupportedGrantType,
    /// A part that is needed is away.
    #[error("temporarily_unavailable")]
    Unavailable,
}

impl From<chassis::Error> for OAuthError {
    fn from(error: chassis::Error) -> Self {
        tracing::error!(?error, "token request failed");
        Self::Unavailable
    }
}

impl ResponseError for OAuthError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::InvalidClient => StatusCode::UNAUTHORIZED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response =
            HttpResponse::build(self.status_code()).json(OAuthRefusal { error: self.to_string() });
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if *self == Self::Unavailable {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// Issues an access token to a person or an agency system.
#[utoipa::path(post, path = "/v1/token",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Token),
        (status = 400, description = "The request or the grant is refused. 請求或憑證不符。", body = OAuthRefusal),
        (status = 401, description = "The system did not prove itself. 系統驗證失敗。", body = OAuthRefusal),
        (status = 503, description = "A part that is needed is away. 服務暫停。", body = OAuthRefusal,
            headers(("retry-after" = u32, description = "Seconds after which to try again. 重試秒數。")))))]
#[post("/v1/token")]
pub async fn issue_token(
    context: web::Data<Context>,
    request: HttpRequest,
    form: Result<web::Form<TokenRequest>, actix_web::Error>,
) -> Result<HttpResponse, OAuthError> {
    let form = form.map_err(|_| OAuthError::InvalidRequest)?.into_inner();
    // Before anything else is read: what is granted here knows at least of every revocation up to this one.
    let as_of = store::revocations::last(&mut *context.connection().await?).await?;
    let client = client(&context, &form).await?;
    let peer = peer::address(&request, &context.settings().http.proxies);
    let grant = match (form.grant_type.as_str(), &form.assertion, client) {
        (JWT_BEARER, Some(assertion), client) => person(&context, &form, assertion, client, peer).await?,
        ("client_credentials", None, Some((system, proof))) => of_system(&context, system, &proof, peer),
        (JWT_BEARER | "client_credentials", ..) => return Err(OAuthError::InvalidRequest),
        _ => return Err(OAuthError::UnsupportedGrantType),
    };
    let grant = AccessGrant { as_of, ..grant };
    let identity = &context.settings().identity;
    // The certificate of the moment: a renewed one signs at once.
    let access_token = TokenIssuer::new(context.keys().signer.credential().clone(), &identity.issuer)
        .and_then(|issuer| issuer.issue(&grant, &[&identity.audience], context.now(), Span::seconds(LIFE)))
        .map_err(|error| chassis::Error::Internal(error.into()))?;
    let scope = grant.roles.iter().map(|r| r.code()).collect::<Vec<_>>().join(" ");
    let token = Token { access_token, token_type: "Bearer", expires_in: LIFE, scope };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(token))
}

/// Verifies an assertion and uses up its nonce.
async fn proof(
    context: &Context,
    kind: AssertionKind,
    jwt: &str,
    refusal: OAuthError,
) -> Result<VerifiedAssertion, OAuthError> {
    let state = context.state::<AccountState>();
    context.ask_responder(kind.purpose(), &identity::assertion::x5c(jwt)).await;
    let proof =
        verify_assertion(kind, jwt, &state.anchors, &context.settings().identity.issuer, context.now())
            .map_err(|error| {
                tracing::info!(code = error.code(), "assertion refused");
                refusal
            })?;
    let key = format!("assertion/{}/{}", proof.subject, proof.jti);
    match context.ephemeral().mark(&key, REMEMBERED).await {
        Ok(true) => Ok(proof),
        Ok(false) => {
            tracing::warn!("assertion replayed");
            Err(refusal)
        }
        Err(error) => {
            // Without replay marks nobody is let in.
            tracing::error!(%error, "no replay marks");
            Err(OAuthError::Unavailable)
        }
    }
}

async fn client(
    context: &Context,
    form: &TokenRequest,
) -> Result<Option<(System, VerifiedAssertion)>, OAuthError> {
    let Some(jwt) = &form.client_assertion else { return Ok(None) };
    let proof = proof(context, AssertionKind::Client, jwt, OAuthError::InvalidClient).await?;
    let mut conn = context.connection().await?;
    let filter = Filter::all().eq("code", proof.subject.as_str());
    let system = document::first::<System>(&mut conn, filter).await?.map(|s| s.doc);
    system
        .filter(|s| s.active && s.thumbprint.as_ref() == Some(&proof.certificate.thumbprint_sha256))
        .map(|s| Some((s, proof)))
        .ok_or(OAuthError::InvalidClient)
}

fn of_system(
    context: &Context,
    system: System,
    proof: &VerifiedAssertion,
    peer: Option<IpAddr>,
) -> AccessGrant {
    AccessGrant {
        kind: PrincipalKind::System,
        subject: system.id.to_string(),
        client_id: system.code.clone(),
        token_id: context.random().id::<Uuid>(context.now()).to_string(),
        as_of: 0,
        name: Some(system.code),
        agency: Some(system.agency),
        unit: None,
        roles: [Role::AgencySystem].into(),
        system: Some(system.id),
        place: peer,
        acting_for: None,
        cnf: proof.client_thumbprint.clone().map(|x5t_s256| Confirmation { x5t_s256 }),
    }
}

async fn person(
    context: &Context,
    form: &TokenRequest,
    assertion: &str,
    client: Option<(System, VerifiedAssertion)>,
    peer: Option<IpAddr>,
) -> Result<AccessGrant, OAuthError> {
    let proof = proof(context, AssertionKind::Login, assertion, OAuthError::InvalidGrant).await?;
    let mut conn = context.connection().await?;
    let person = store::people::by_thumbprint(&mut conn, &proof.certificate.thumbprint_sha256).await?;
    drop(conn);
    let person = person.ok_or(OAuthError::InvalidGrant)?.doc;
    let today = days::taipei_date(context.now());
    let post = person
        .active_card(&proof.certificate)
        .and_then(|_| person.post_for_token(form.post, today))
        .map_err(|error| {
        tracing::info!(%error, person = %person.id, "no token");
        OAuthError::InvalidGrant
    })?;
    let own = if post.deputy_for.is_some() {
        person.main_post(today).ok_or(OAuthError::InvalidGrant)?
    } else {
        post
    };
    let attested = client.as_ref().filter(|(system, _)| system.attests_place).and(form.place);
    let place = attested.or(peer);
    take_place(context, &person, post.agency, place).await?;
    Ok(AccessGrant {
        kind: PrincipalKind::Person { person: person.id, post: own.id },
        subject: person.id.to_string(),
        client_id: client.as_ref().map_or_else(|| "console".to_owned(), |(system, _)| system.code.clone()),
        token_id: context.random().id::<Uuid>(context.now()).to_string(),
        as_of: 0,
        name: None,
        agency: Some(post.agency),
        unit: Some(post.unit),
        roles: post.roles(),
        system: client.as_ref().map(|(system, _)| system.id),
        place,
        acting_for: post.deputy_for,
        cnf: proof.client_thumbprint.map(|x5t_s256| Confirmation { x5t_s256 }),
    })
}

/// One place at a time, where the pack asks for it (H5.2.3): a second place is refused and told.
async fn take_place(
    context: &Context,
    person: &Person,
    agency: kernel::ids::AgencyId,
    place: Option<IpAddr>,
) -> Result<(), OAuthError> {
    let today = days::taipei_date(context.now());
    let pack = context.packs().on(Regulation::Household, today);
    let (Some(place), true) = (place, pack.is_some_and(|p| p.addition_enabled("H5.2.3+one-place"))) else {
        return Ok(());
    };
    let taken = context
        .transaction(async |tx: &mut Tx| {
            let until = tx.now() + Span::seconds(LIFE);
            let taken = store::sessions::take(tx, person.id, &place.to_string(), until).await?;
            if !taken {
                let clause = "H5.2.3".to_owned();
                tx.emit(&account_types::events::TwoPlacesFound { person: person.id, agency, clause }).await?;
            }
            Ok(taken)
        })
        .await?;
    if taken { Ok(()) } else { Err(OAuthError::InvalidGrant) }
}
