//! Refusals of the token endpoint (RFC 6749 §5.2) and of revocation (RFC 7009 §2.2.1).

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use chassis::Problem;
use serde::Serialize;
use utoipa::ToSchema;

/// A refusal as RFC 6749 §5.2 has it.
#[derive(Serialize, ToSchema)]
pub struct OAuthRefusal {
    /// The code of RFC 6749.
    #[schema(example = "invalid_grant")]
    error: &'static str,
    /// What to do about it, for developers: neutral until the sender has shown that he holds a key.
    #[schema(example = "The assertion is not accepted: prepare a login and sign it with the card.")]
    error_description: &'static str,
}

/// Why there is no token. The texts are `error_description`: ASCII without quotes and backslashes.
#[derive(Debug, Clone)]
pub enum OAuthError {
    /// A parameter is missing, repeated or malformed.
    InvalidRequest(&'static str),
    /// The client did not prove itself.
    InvalidClient(&'static str),
    /// As before, to a client that sent an `Authorization` header of this scheme.
    InvalidAuthorization(&'static str),
    /// The assertion or refresh token is not accepted.
    InvalidGrant(&'static str),
    /// The client may not do this.
    UnauthorizedClient(&'static str),
    /// Another grant type.
    UnsupportedGrantType,
    /// A scope that is not held.
    InvalidScope(&'static str),
    /// A part that is needed is away.
    Unavailable,
    /// Too many tries; answered as everywhere, since it is no matter of OAuth.
    TooMany(Box<Problem>),
}

impl OAuthError {
    /// The code and its description.
    pub fn parts(&self) -> (&'static str, &'static str) {
        match self {
            Self::InvalidRequest(text) => ("invalid_request", text),
            Self::InvalidClient(text) => ("invalid_client", text),
            Self::InvalidAuthorization(_) => {
                ("invalid_client", "Prove the system by a client_assertion; Authorization is not used here.")
            }
            Self::InvalidGrant(text) => ("invalid_grant", text),
            Self::UnauthorizedClient(text) => ("unauthorized_client", text),
            Self::UnsupportedGrantType => {
                ("unsupported_grant_type", "See grant_types_supported in the metadata document.")
            }
            Self::InvalidScope(text) => ("invalid_scope", text),
            Self::Unavailable => ("temporarily_unavailable", "A part that is needed is away: try again."),
            Self::TooMany(_) => ("too_many_requests", "Too many tries: wait."),
        }
    }
}

impl std::fmt::Display for OAuthError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.parts().0)
    }
}

impl std::error::Error for OAuthError {}

impl From<chassis::Error> for OAuthError {
    fn from(error: chassis::Error) -> Self {
        tracing::error!(?error, "token request failed");
        Self::Unavailable
    }
}

impl From<Problem> for OAuthError {
    fn from(problem: Problem) -> Self {
        Self::TooMany(Box::new(problem))
    }
}

impl ResponseError for OAuthError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::InvalidClient(_) | Self::InvalidAuthorization(_) => StatusCode::UNAUTHORIZED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::TooMany(problem) = self {
            return chassis::error::respond(problem);
        }
        let (error, error_description) = self.parts();
        let mut response =
            HttpResponse::build(self.status_code()).json(OAuthRefusal { error, error_description });
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        match self {
            Self::Unavailable => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Self::InvalidAuthorization(scheme) => {
                let value = if *scheme == "Basic" { "Basic realm=\"datawarden\"" } else { "Bearer" };
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(value));
            }
            _ => {}
        }
        response
    }
}
