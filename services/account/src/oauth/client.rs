//! Agency systems prove themselves with the agency certificate: `private_key_jwt` (RFC 7523 §2.2).

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chassis::Context;
use chassis::document::{self, Filter};
use chassis::http::limit::Client as Counted;
use identity::{AssertionKind, VerifiedAssertion, certificate, jws, verify_assertion};
use kernel::canonical;

use super::{CLIENT_ASSERTION, CONSOLE, OAuthError, Peer};
use crate::domain::agency::System;
use crate::state::AccountState;

/// How long a used nonce is remembered: longer than any assertion lives.
const REMEMBERED: Duration = Duration::from_mins(10);
/// The answer to whoever did not prove to be a registered system, whatever was wrong.
const NEUTRAL: OAuthError = OAuthError::InvalidClient("The system did not prove itself.");

/// A registered system that proved itself.
pub struct Client {
    /// The system.
    pub system: System,
    /// Where the official works, as far as the system attests it: its own signed claim, never a bare parameter.
    pub place: Option<IpAddr>,
}

/// The parameters by which a client proves itself (RFC 7521 §4.2).
#[derive(Debug, Clone, Copy)]
pub struct ClientParameters<'a> {
    /// `client_id`.
    pub id: Option<&'a str>,
    /// `client_assertion_type`.
    pub kind: Option<&'a str>,
    /// `client_assertion`.
    pub assertion: Option<&'a str>,
}

/// The client of a request; none for our own pages, which hold no key.
pub async fn authenticate(
    context: &Context,
    peer: &Peer,
    parameters: ClientParameters<'_>,
) -> Result<Option<Client>, OAuthError> {
    if let Some(scheme) = peer.scheme {
        return Err(OAuthError::InvalidAuthorization(scheme));
    }
    let jwt = match (parameters.kind, parameters.assertion) {
        (None, None) if parameters.id.is_none_or(|id| id == CONSOLE) => return Ok(None),
        (None, None) => return Err(NEUTRAL),
        (Some(CLIENT_ASSERTION), Some(jwt)) => jwt,
        (Some(_), Some(_)) => {
            return Err(OAuthError::InvalidClient("This client_assertion_type is not supported."));
        }
        _ => {
            let text = "client_assertion and client_assertion_type come together.";
            return Err(OAuthError::InvalidRequest(text));
        }
    };
    if let Some(signer) = signer(jwt) {
        context.limiter().take(context, &Counted::Subject(format!("certificate/{signer}"))).await?;
    }
    let proof = verify(context, AssertionKind::Client, jwt).await.ok_or(NEUTRAL)?;
    use_up(context, &proof, &NEUTRAL).await?;
    let system = find(context, &proof).await?.filter(|s| parameters.id.is_none_or(|id| id == s.code));
    let system = system.ok_or(NEUTRAL)?;
    if proof.place.is_some() && !system.attests_place {
        return Err(OAuthError::InvalidRequest(
            "This system is not registered for attesting the place of its users.",
        ));
    }
    if proof.client_thumbprint.is_some() && proof.client_thumbprint != peer.certificate {
        return Err(OAuthError::InvalidClient("The assertion names another TLS client certificate."));
    }
    Ok(Some(Client { system, place: proof.place.map(|place| place.to_canonical()) }))
}

/// The active system that the assertion names and whose certificate signed it.
async fn find(context: &Context, proof: &VerifiedAssertion) -> Result<Option<System>, OAuthError> {
    if !proof.subject.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(None);
    }
    let mut conn = context.connection().await?;
    let filter = Filter::all().eq("code", proof.subject.as_str());
    let system = document::first::<System>(&mut conn, filter).await?.map(|s| s.doc);
    Ok(system.filter(|s| s.active && s.thumbprint.as_ref() == Some(&proof.certificate.thumbprint_sha256)))
}

/// Thumbprint of the certificate that an assertion claims to be signed with: wrong signatures are counted by it too.
pub fn signer(jwt: &str) -> Option<String> {
    let parts = jws::Parts::parse(jwt).ok()?;
    let leaf = STANDARD.decode(parts.header.x5c.first()?).ok()?;
    Some(certificate::thumbprint(&leaf))
}

/// A JWS assertion that holds. Why one does not is in the log alone.
pub async fn verify(context: &Context, kind: AssertionKind, jwt: &str) -> Option<VerifiedAssertion> {
    context.ask_responder(kind.purpose(), &identity::assertion::x5c(jwt)).await;
    let state = context.state::<AccountState>();
    let issuer = &context.settings().identity.issuer;
    let proof = verify_assertion(kind, jwt, &state.anchors, issuer, context.now());
    proof.inspect_err(|error| tracing::info!(code = error.code(), "assertion refused")).ok()
}

/// Uses up an assertion's nonce. Without replay marks nobody is let in.
async fn use_up(
    context: &Context,
    proof: &VerifiedAssertion,
    refusal: &OAuthError,
) -> Result<(), OAuthError> {
    let name = format!("{}/{}", proof.certificate.thumbprint_sha256, proof.jti);
    let key = format!("assertion/{}", canonical::sha256_hex(name.as_bytes()));
    match context.ephemeral().mark(&key, REMEMBERED).await {
        Ok(true) => Ok(()),
        Ok(false) => {
            tracing::warn!("assertion replayed");
            Err(refusal.clone())
        }
        Err(error) => {
            tracing::error!(%error, "no replay marks");
            Err(OAuthError::Unavailable)
        }
    }
}
