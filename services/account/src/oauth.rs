//! OAuth 2.0 as the account service speaks it: assertions of cards and systems (RFC 7521, RFC 7523), access tokens
//! (RFC 9068) that are bound to TLS certificates (RFC 8705), sessions with refresh tokens that rotate.
//!
//! Nothing tells who has no token why, before he has shown that he holds a key: an unknown card, a lost one, an unknown
//! system and a wrong signature get the same answer, and the signature is checked before anybody is looked up.

pub mod client;
pub mod ending;
pub mod error;
pub mod form;
pub mod login;
pub mod session;

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use chassis::Context;
use chassis::http::peer;
use chassis::settings::BoundTokens;
use identity::Confirmation;

pub use client::{Client, ClientParameters};
pub use error::{OAuthError, OAuthRefusal};

/// RFC 7523 §2.1: a login that the card signed as a JWS.
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Ours: a login that the card component answered as PKCS#7, base64url of the signed message (CMS, DER).
pub const PKCS7_BEARER: &str = "urn:datawarden:params:oauth:grant-type:pkcs7-bearer";
/// RFC 6749 §6.
pub const REFRESH_TOKEN: &str = "refresh_token";
/// RFC 6749 §4.4.
pub const CLIENT_CREDENTIALS: &str = "client_credentials";
/// RFC 7523 §2.2: the one way in which a client proves itself.
pub const CLIENT_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Client id of our own pages, which hold no key: their tokens are bound to place and session alone.
pub const CONSOLE: &str = "console";

/// What is known of whoever sends a request, before anything in it is believed.
pub struct Peer {
    /// The address.
    pub address: Option<IpAddr>,
    /// The TLS client certificate (`x5t#S256`).
    pub certificate: Option<String>,
    /// The scheme of an `Authorization` header: nobody proves himself that way here, and is told so in its terms.
    pub scheme: Option<&'static str>,
}

impl Peer {
    /// Of a request.
    pub fn of(context: &Context, request: &HttpRequest) -> Self {
        let proxies = &context.settings().http.proxies;
        let scheme = request.headers().get(AUTHORIZATION).map(|value| {
            let basic = value.as_bytes().get(..5).is_some_and(|begin| begin.eq_ignore_ascii_case(b"basic"));
            if basic { "Basic" } else { "Bearer" }
        });
        Self {
            address: peer::address(request, proxies),
            certificate: peer::client_certificate(request, proxies),
            scheme,
        }
    }

    /// What the tokens of this peer are bound to (RFC 8705 §3); refused without a certificate where one is required.
    pub fn binding(&self, context: &Context) -> Result<Option<Confirmation>, OAuthError> {
        if self.certificate.is_none() && context.settings().identity.bound_tokens == BoundTokens::Required {
            return Err(OAuthError::InvalidClient(
                "Tokens are bound: connect with a TLS client certificate.",
            ));
        }
        Ok(self.certificate.clone().map(|x5t_s256| Confirmation { x5t_s256 }))
    }
}
