//! Prepared logins: what a card is to sign, and what is remembered of it until it is redeemed, once.
//!
//! The place of the official is noted here, where his browser asks (H3.1): whoever redeems the assertion later, it is the
//! place of the token.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chassis::Context;
use chassis::http::limit::Client as Counted;
use chrono::{DateTime, Duration as Span, Utc};
use identity::{
    AssertionError, AssertionKind, AssertionRequest, VerifiedAssertion, assertion, assertion_signing_input,
    certificate, verify_pkcs7_assertion,
};
use kernel::ids::PostId;
use serde::{Deserialize, Serialize};

use super::{OAuthError, client};
use crate::state::AccountState;

/// Seconds in which a login must be signed and redeemed: the longest life of an assertion.
const LIFE: i64 = identity::assertion::MAX_ASSERTION_SECONDS;
/// How much longer it is remembered, for clocks that differ.
const MARGIN: u64 = 30;
/// The answer to whoever did not prove to be somebody with a card in use, whatever was wrong.
pub const NEUTRAL: OAuthError =
    OAuthError::InvalidGrant("The assertion is not accepted: prepare a login and sign it with the card.");

/// What is remembered of a prepared login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    /// Where the official works.
    pub place: IpAddr,
    /// Whether an agency system attests it.
    pub attested: bool,
    /// The post to act in, where it was named.
    pub post: Option<PostId>,
    /// The client that redeems it, where it was named.
    pub client: Option<String>,
}

/// What the card signs.
pub struct ToSign {
    /// The JWS signing input.
    pub signing_input: String,
    /// Its nonce.
    pub jti: String,
    /// When it is over.
    pub expires_at: DateTime<Utc>,
}

/// Why no login is prepared.
pub enum NotPrepared {
    /// The chain cannot be used.
    Chain(AssertionError),
    /// Nothing can be remembered.
    Away,
}

/// Prepares what the card with `chain` (DER, its own certificate first) signs.
pub async fn prepare(
    context: &Context,
    chain: &[Vec<u8>],
    prepared: &Prepared,
    client_thumbprint: Option<&str>,
) -> Result<ToSign, NotPrepared> {
    let mut nonce = [0; 24];
    context.random().fill(&mut nonce);
    let jti = URL_SAFE_NO_PAD.encode(nonce);
    let request = AssertionRequest {
        kind: AssertionKind::Login,
        client_id: None,
        audience: &context.settings().identity.issuer,
        jti: &jti,
        ttl: Span::seconds(LIFE),
        client_thumbprint,
        place: None,
    };
    let now = context.now();
    let signing_input = assertion_signing_input(&request, chain, now).map_err(NotPrepared::Chain)?;
    let card = chain.first().map(|leaf| certificate::thumbprint(leaf)).unwrap_or_default();
    let text = serde_json::to_string(prepared).map_err(|_| NotPrepared::Away)?;
    let kept = Duration::from_secs(LIFE.unsigned_abs() + MARGIN);
    context.ephemeral().put(&key(&card, &jti), &text, kept).await.map_err(|error| {
        tracing::error!(%error, "no login can be prepared");
        NotPrepared::Away
    })?;
    Ok(ToSign { signing_input, jti, expires_at: now + Span::seconds(LIFE) })
}

fn key(card: &str, jti: &str) -> String {
    format!("login/{card}/{jti}")
}

/// A login that the card signed as a JWS.
pub async fn verify_jws(context: &Context, jwt: &str) -> Result<VerifiedAssertion, OAuthError> {
    if let Some(card) = client::signer(jwt) {
        context.limiter().take(context, &Counted::Card(card)).await?;
    }
    client::verify(context, AssertionKind::Login, jwt).await.ok_or(NEUTRAL)
}

/// A login that the card component answered as PKCS#7. Whose card it is shows only when the message was read, so tries that
/// fail are counted by address alone.
pub async fn verify_pkcs7(context: &Context, message: &str) -> Result<VerifiedAssertion, OAuthError> {
    let der = URL_SAFE_NO_PAD.decode(message.trim_end_matches('=')).map_err(|_| NEUTRAL)?;
    context.ask_responder(AssertionKind::Login.purpose(), &assertion::pkcs7_x5c(&der)).await;
    let state = context.state::<AccountState>();
    let issuer = &context.settings().identity.issuer;
    let proof = verify_pkcs7_assertion(&der, &state.anchors, issuer, context.now());
    let proof = proof.map_err(|error| {
        tracing::info!(code = error.code(), "assertion refused");
        NEUTRAL
    })?;
    let card = proof.certificate.thumbprint_sha256.clone();
    context.limiter().take(context, &Counted::Card(card)).await?;
    Ok(proof)
}

/// Takes the prepared login of a verified assertion: of all who ask, one gets it. Needs no look-up of the card, so it tells
/// nothing about it.
pub async fn take(context: &Context, proof: &VerifiedAssertion) -> Result<Prepared, OAuthError> {
    let unprepared = || {
        OAuthError::InvalidGrant(
            "This login was not prepared here, was used, or is past its time: prepare another.",
        )
    };
    if !proof.jti.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(unprepared());
    }
    match context.ephemeral().take(&key(&proof.certificate.thumbprint_sha256, &proof.jti)).await {
        Ok(Some(text)) => serde_json::from_str(&text).map_err(|_| OAuthError::Unavailable),
        Ok(None) => {
            tracing::warn!("a login that was not prepared, or was used");
            Err(unprepared())
        }
        Err(error) => {
            tracing::error!(%error, "no prepared logins");
            Err(OAuthError::Unavailable)
        }
    }
}
