//! `issue_token`: the token endpoint (RFC 6749 §3.2).

use actix_web::http::header::{CACHE_CONTROL, PRAGMA};
use actix_web::{HttpRequest, HttpResponse, post, web};
use chassis::Context;
use identity::{AccessGrant, PrincipalKind, Role};
use kernel::ids::PostId;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::oauth::session::{self, Asked, Tokens};
use crate::oauth::{
    CLIENT_CREDENTIALS, Client, ClientParameters, JWT_BEARER, OAuthError, OAuthRefusal, PKCS7_BEARER, Peer,
    REFRESH_TOKEN, client, form, login,
};

/// A token request (form-encoded). Unknown parameters are ignored, none may come twice.
#[derive(Deserialize, ToSchema)]
pub struct TokenRequest {
    /// `urn:ietf:params:oauth:grant-type:jwt-bearer` for an official's login
    /// (`urn:datawarden:params:oauth:grant-type:pkcs7-bearer` where the card component answers as PKCS#7), `refresh_token`
    /// to renew his session, `client_credentials` for an agency system.
    grant_type: String,
    /// For a login: what `prepare_login` gave, signed with the citizen card: the JWS; of PKCS#7 the signed message (CMS, DER,
    /// content included) in base64url.
    assertion: Option<String>,
    /// To renew: the newest refresh token.
    refresh_token: Option<String>,
    /// Roles that are wanted, separated by blanks; all that the post has unless told.
    scope: Option<String>,
    /// For a login: the post to act in, where it was not named when the login was prepared; the first one held unless told.
    #[schema(value_type = Option<Uuid>)]
    post: Option<PostId>,
    /// A system's code, or `console`; needed by nobody.
    client_id: Option<String>,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`, with `client_assertion`.
    client_assertion_type: Option<String>,
    /// An agency system's assertion (`private_key_jwt`). A system that is registered for attesting the place of its
    /// officials says it in the claim `place`.
    client_assertion: Option<String>,
}

/// Issues tokens to officials and agency systems (RFC 6749, RFC 7523).
///
/// An official's token names the post acted in and its session; it is good for ten minutes at most. Renewing a session brings
/// a new refresh token: keep it in place of the old one, which works once more only if the answer was lost. A second use of
/// any other ends the session. Over TLS with a client certificate tokens are bound to it (RFC 8705).
#[utoipa::path(post, path = "/v1/token",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Tokens),
        (status = 400, description = "The request or the grant is refused. 請求或憑證不符。", body = OAuthRefusal),
        (status = 401, description = "The system did not prove itself. 系統驗證失敗。", body = OAuthRefusal),
        (status = 503, description = "A part that is needed is away. 服務暫停。", body = OAuthRefusal,
            headers(("retry-after" = u32, description = "Seconds after which to try again. 重試秒數。")))))]
#[post("/v1/token")]
pub async fn issue_token(
    context: web::Data<Context>,
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<HttpResponse, OAuthError> {
    let body = body.map_err(|_| OAuthError::InvalidRequest("The body cannot be read or is too large."))?;
    let asked: TokenRequest = form::read(request.headers(), &body)?;
    let peer = Peer::of(&context, &request);
    // Before anything else is read: what is granted here knows at least of every revocation up to this one.
    let as_of = crate::store::revocations::last(&mut *context.connection().await?).await?;
    let parameters = ClientParameters {
        id: asked.client_id.as_deref(),
        kind: asked.client_assertion_type.as_deref(),
        assertion: asked.client_assertion.as_deref(),
    };
    let client = client::authenticate(&context, &peer, parameters).await?;
    let tokens = match asked.grant_type.as_str() {
        grant @ (JWT_BEARER | PKCS7_BEARER) => {
            let assertion = asked.assertion.as_deref();
            let assertion = assertion.ok_or(OAuthError::InvalidRequest("assertion is missing."))?;
            let proof = if grant == JWT_BEARER {
                login::verify_jws(&context, assertion).await?
            } else {
                login::verify_pkcs7(&context, assertion).await?
            };
            let prepared = login::take(&context, &proof).await?;
            let asked = Asked { post: asked.post, scope: asked.scope.as_deref() };
            session::begin(&context, &peer, client.as_ref(), (&proof, &prepared), (asked, as_of)).await?
        }
        REFRESH_TOKEN => {
            let shown = asked.refresh_token.as_deref();
            let shown = shown.ok_or(OAuthError::InvalidRequest("refresh_token is missing."))?;
            session::renew(&context, &peer, client.as_ref(), shown, (asked.scope.as_deref(), as_of)).await?
        }
        CLIENT_CREDENTIALS => {
            let text = "An agency system proves itself by its client_assertion.";
            let client = client.ok_or(OAuthError::InvalidClient(text))?;
            of_system(&context, &peer, &client, (asked.scope.as_deref(), as_of))?
        }
        _ => return Err(OAuthError::UnsupportedGrantType),
    };
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((PRAGMA, "no-cache"))
        .json(tokens))
}

/// A token of the system itself.
fn of_system(
    context: &Context,
    peer: &Peer,
    client: &Client,
    (scope, as_of): (Option<&str>, i64),
) -> Result<Tokens, OAuthError> {
    let system = &client.system;
    let grant = AccessGrant {
        kind: PrincipalKind::System,
        subject: system.id.to_string(),
        client_id: system.code.clone(),
        token_id: context.random().id::<Uuid>(context.now()).to_string(),
        as_of,
        name: Some(system.code.clone()),
        agency: Some(system.agency),
        oversees: false,
        provides: std::collections::BTreeSet::new(),
        unit: None,
        roles: session::scope(scope, &[Role::AgencySystem].into())?,
        system: Some(system.id),
        place: peer.address,
        acting_for: None,
        emergency: None,
        cnf: peer.binding(context)?,
        session: None,
    };
    session::issue(context, &grant, None)
}
