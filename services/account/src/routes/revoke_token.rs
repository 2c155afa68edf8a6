//! `revoke_token`: log-out (RFC 7009).

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, post, web};
use chassis::Context;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::oauth::{ClientParameters, OAuthError, OAuthRefusal, Peer, client, ending, form};

/// A revocation request (form-encoded). Unknown parameters, `token_type_hint` among them, are ignored.
#[derive(Deserialize, ToSchema)]
pub struct RevocationRequest {
    /// A refresh token of the session that is to end, or an access token.
    token: String,
    /// A system's code, or `console`; needed by nobody.
    client_id: Option<String>,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`, with `client_assertion`.
    client_assertion_type: Option<String>,
    /// The assertion of the agency system that got the token.
    client_assertion: Option<String>,
}

/// The token is good for nothing now; nothing more is told, of an unknown one neither.
#[derive(Debug, Serialize, ToSchema)]
pub struct Revoked {
    /// Always true.
    revoked: bool,
}

/// Ends the session of a refresh token, or one access token: log-out (RFC 7009). With a session its access tokens end.
#[utoipa::path(post, path = "/v1/token-revocations",
    request_body(content = RevocationRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Revoked),
        (status = 400, description = "The request is refused. 請求不符。", body = OAuthRefusal),
        (status = 401, description = "The system did not prove itself. 系統驗證失敗。", body = OAuthRefusal),
        (status = 503, description = "A part that is needed is away. 服務暫停。", body = OAuthRefusal,
            headers(("retry-after" = u32, description = "Seconds after which to try again. 重試秒數。")))))]
#[post("/v1/token-revocations")]
pub async fn revoke_token(
    context: web::Data<Context>,
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<HttpResponse, OAuthError> {
    let body = body.map_err(|_| OAuthError::InvalidRequest("The body cannot be read or is too large."))?;
    let asked: RevocationRequest = form::read(request.headers(), &body)?;
    let peer = Peer::of(&context, &request);
    let parameters = ClientParameters {
        id: asked.client_id.as_deref(),
        kind: asked.client_assertion_type.as_deref(),
        assertion: asked.client_assertion.as_deref(),
    };
    let client = client::authenticate(&context, &peer, parameters).await?;
    ending::end(&context, client.as_ref(), &asked.token).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(Revoked { revoked: true }))
}
