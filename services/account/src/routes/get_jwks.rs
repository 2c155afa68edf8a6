//! `get_jwks`

use actix_web::{get, web};
use chassis::{Answer, Context, Result};
use identity::Jwk;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A set of keys (RFC 7517 §5).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Jwks {
    /// The keys that sign access tokens.
    pub keys: Vec<Jwk>,
}

/// Shows the keys that sign access tokens, each with its certificate chain (RFC 7517).
#[utoipa::path(get, path = "/.well-known/jwks.json", responses((status = 200, body = Jwks)))]
#[get("/.well-known/jwks.json")]
pub async fn get_jwks(context: web::Data<Context>) -> Result<Answer<Jwks>> {
    let keys = context.keys();
    Ok(Answer::ok(Jwks { keys: Jwk::of(keys.signer.credential()).into_iter().collect() }))
}
