//! `get_jwks`

use actix_web::{get, web};
use chassis::{Answer, Context, Result};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the tokens of this service are checked.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TokenMetadata {
    /// `iss` of its tokens.
    pub issuer: String,
    /// Token endpoint, below the issuer.
    pub token_endpoint: String,
    /// Grant types.
    pub grant_types_supported: Vec<String>,
    /// Keys, each with its certificate chain.
    pub keys: Vec<TokenKey>,
}

/// A key (RFC 7517) by its certificate chain.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TokenKey {
    /// `sig`.
    pub r#use: String,
    /// Chain: base64 DER, the signer's own certificate first.
    pub x5c: Vec<String>,
    /// SHA-256 of the signer's certificate, base64url.
    #[serde(rename = "x5t#S256")]
    pub x5t_s256: String,
}

/// Shows how tokens are checked (RFC 8414, RFC 7517).
#[utoipa::path(get, path = "/v1/jwks", responses((status = 200, body = TokenMetadata)))]
#[get("/v1/jwks")]
pub async fn get_jwks(context: web::Data<Context>) -> Result<Answer<TokenMetadata>> {
    let issuer = context.settings().identity.issuer.clone();
    let keys = context.keys();
    let credential = keys.signer.credential();
    Ok(Answer::ok(TokenMetadata {
        token_endpoint: format!("{issuer}/v1/token"),
        issuer,
        grant_types_supported: vec![
            "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned(),
            "client_credentials".to_owned(),
        ],
        keys: vec![TokenKey {
            r#use: "sig".to_owned(),
            x5c: credential.x5c(),
            x5t_s256: credential.thumbprint(),
        }],
    }))
}
