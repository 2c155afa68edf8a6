//! `get_oauth_metadata`

use actix_web::{get, web};
use chassis::{Answer, Context, Result};
use identity::{Role, SignatureAlgorithm};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::oauth::{CLIENT_CREDENTIALS, JWT_BEARER, PKCS7_BEARER, REFRESH_TOKEN};

/// What the account service offers as authorization server (RFC 8414 §2, RFC 8705 §3.3).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct OAuthMetadata {
    /// `iss` of its tokens, `aud` of assertions.
    pub issuer: String,
    /// Token endpoint.
    pub token_endpoint: String,
    /// Revocation endpoint: log-out.
    pub revocation_endpoint: String,
    /// Keys that sign tokens.
    pub jwks_uri: String,
    /// Where a login is prepared (ours).
    pub login_endpoint: String,
    /// Roles.
    pub scopes_supported: Vec<String>,
    /// None: there is no authorization endpoint, the card signs instead.
    pub response_types_supported: Vec<String>,
    /// Grant types.
    pub grant_types_supported: Vec<String>,
    /// `private_key_jwt` for agency systems, `none` for our own pages.
    pub token_endpoint_auth_methods_supported: Vec<String>,
    /// Algorithms of client assertions.
    pub token_endpoint_auth_signing_alg_values_supported: Vec<String>,
    /// As at the token endpoint.
    pub revocation_endpoint_auth_methods_supported: Vec<String>,
    /// Algorithms of client assertions.
    pub revocation_endpoint_auth_signing_alg_values_supported: Vec<String>,
    /// Tokens are bound to the TLS client certificate with which they were asked for.
    pub tls_client_certificate_bound_access_tokens: bool,
    /// Languages of titles and descriptions.
    pub ui_locales_supported: Vec<String>,
}

/// Describes the authorization server (RFC 8414).
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server", responses((status = 200, body = OAuthMetadata)))]
#[get("/.well-known/oauth-authorization-server")]
pub async fn get_oauth_metadata(context: web::Data<Context>) -> Result<Answer<OAuthMetadata>> {
    let issuer = context.settings().identity.issuer.clone();
    let at = |path: &str| format!("{}{path}", issuer.trim_end_matches('/'));
    let texts = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
    let algorithms = [SignatureAlgorithm::Es256, SignatureAlgorithm::Es384, SignatureAlgorithm::Rs256];
    let algorithms = texts(&algorithms.map(SignatureAlgorithm::name));
    let methods = texts(&["private_key_jwt", "none"]);
    // A service vouches for itself; nobody is granted its role.
    let granted = Role::ALL.iter().filter(|role| **role != Role::Service);
    Ok(Answer::ok(OAuthMetadata {
        token_endpoint: at("/v1/token"),
        revocation_endpoint: at("/v1/token-revocations"),
        jwks_uri: at("/.well-known/jwks.json"),
        login_endpoint: at("/v1/logins"),
        scopes_supported: granted.map(|role| role.code().to_owned()).collect(),
        response_types_supported: vec![],
        grant_types_supported: texts(&[JWT_BEARER, PKCS7_BEARER, REFRESH_TOKEN, CLIENT_CREDENTIALS]),
        token_endpoint_auth_methods_supported: methods.clone(),
        token_endpoint_auth_signing_alg_values_supported: algorithms.clone(),
        revocation_endpoint_auth_methods_supported: methods,
        revocation_endpoint_auth_signing_alg_values_supported: algorithms,
        tls_client_certificate_bound_access_tokens: true,
        ui_locales_supported: texts(&["en", "zh-TW"]),
        issuer,
    }))
}
