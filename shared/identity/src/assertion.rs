//! Assertions signed with a certificate (RFC 7523): a person's login with the citizen card, and `private_key_jwt`
//! of an agency system with the agency certificate. The `jti` is remembered by the caller: once used, no more.

use std::net::IpAddr;

use chrono::{DateTime, Duration};
use kernel::Instant;

use crate::card::CardSigner;
use crate::certificate::{Certificate, CertificateIdentity, from_x5c, thumbprint, to_x5c};
use crate::chain::{ChainError, Purpose, TrustAnchors, Usage, verify_chain};
use crate::cms::{self, CmsError};
use crate::jws::{self, Header, Input, JwsError, Parts};
use crate::token::{Audience, Confirmation};

/// Longest life of an assertion: 2 minutes (design, Identity).
pub const MAX_ASSERTION_SECONDS: i64 = 120;
/// How far a signer's clock may be ahead, in seconds.
const CLOCK_AHEAD: i64 = 10;

/// Who asserts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssertionKind {
    /// A person, with the citizen card: `iss` = `sub` = issuer key id, colon, certificate serial.
    Login,
    /// An agency system, with the agency certificate: `iss` = `sub` = its client id (RFC 7523 §3).
    Client,
}

impl AssertionKind {
    fn typ(self) -> &'static str {
        match self {
            Self::Login => "login+jwt",
            Self::Client => "client-authentication+jwt",
        }
    }

    /// The anchors that count for the signer.
    pub fn purpose(self) -> Purpose {
        self.usage().purpose()
    }

    fn usage(self) -> Usage {
        match self {
            Self::Login => Usage::CitizenSignature,
            Self::Client => Usage::AgencySignature,
        }
    }
}

/// Why an assertion is refused or cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// Shape, header, algorithm, signature or claims.
    #[error("the assertion cannot be read or its signature is wrong")]
    Jws(#[source] JwsError),
    /// The certificate is refused.
    #[error("the certificate is refused")]
    Chain(#[source] ChainError),
    /// The signed message (PKCS#7) is refused.
    #[error("the signed message is refused")]
    Cms(#[source] CmsError),
    /// The certificate or algorithm in the header is not that of the card that signed the message.
    #[error("the header's certificate is not the signer's")]
    WrongSigner,
    /// An assertion of another kind, or another token altogether.
    #[error("the token is no assertion of this kind")]
    WrongType,
    /// `iss` and `sub` differ, or are not the certificate's.
    #[error("the assertion's subject is not its signer")]
    WrongSubject,
    /// For another audience.
    #[error("the assertion is for another audience")]
    WrongAudience,
    /// Past `exp`.
    #[error("the assertion has expired")]
    Expired,
    /// `iat` lies in the future.
    #[error("the assertion is not yet valid")]
    NotYetValid,
    /// Lives longer than two minutes.
    #[error("the assertion lives longer than is allowed")]
    TooLong,
    /// The card did not sign, or has no readable certificate.
    #[error("the assertion was not signed")]
    NotSigned,
}

impl AssertionError {
    /// The stable code, for problem types and counters.
    pub fn code(self) -> &'static str {
        match self {
            Self::Jws(JwsError::Signature) => "assertion-bad-signature",
            Self::Jws(_) => "assertion-malformed",
            Self::Chain(error) => error.code(),
            Self::Cms(error) => error.code(),
            Self::WrongSigner => "assertion-wrong-signer",
            Self::WrongType => "assertion-wrong-type",
            Self::WrongSubject => "assertion-wrong-subject",
            Self::WrongAudience => "assertion-wrong-audience",
            Self::Expired => "assertion-expired",
            Self::NotYetValid => "assertion-not-yet-valid",
            Self::TooLong => "assertion-lives-too-long",
            Self::NotSigned => "assertion-not-signed",
        }
    }
}

impl From<JwsError> for AssertionError {
    fn from(error: JwsError) -> Self {
        Self::Jws(error)
    }
}

impl From<ChainError> for AssertionError {
    fn from(error: ChainError) -> Self {
        Self::Chain(error)
    }
}

impl From<CmsError> for AssertionError {
    fn from(error: CmsError) -> Self {
        match error {
            CmsError::Chain(error) => Self::Chain(error),
            CmsError::BadSignature => Self::Jws(JwsError::Signature),
            other => Self::Cms(other),
        }
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    jti: String,
    iat: i64,
    exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cnf: Option<Confirmation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<IpAddr>,
}

/// What an assertion is to say.
#[derive(Debug, Clone, Copy)]
pub struct AssertionRequest<'a> {
    /// Login or client authentication.
    pub kind: AssertionKind,
    /// The client id of an agency system; a login takes it from the card's certificate.
    pub client_id: Option<&'a str>,
    /// The token endpoint's audience.
    pub audience: &'a str,
    /// The nonce: for a login the one that the account service prepared.
    pub jti: &'a str,
    /// Life, at most 2 minutes.
    pub ttl: Duration,
    /// `x5t#S256` of the TLS client certificate, where there is one.
    pub client_thumbprint: Option<&'a str>,
    /// The address of the official's browser, which an agency system attests with its own assertion (H3.1).
    pub place: Option<IpAddr>,
}

/// The JWS signing input that a card with this chain (DER, own certificate first) must sign. It never holds a line
/// break, so a login never passes for an endorsement. The account service prepares it; the card component signs it;
/// [`jws::complete`] joins both.
pub fn assertion_signing_input(
    request: &AssertionRequest<'_>,
    chain_der: &[Vec<u8>],
    now: Instant,
) -> Result<String, AssertionError> {
    if request.ttl > Duration::seconds(MAX_ASSERTION_SECONDS) {
        return Err(AssertionError::TooLong);
    }
    let leaf = chain_der.first().ok_or(ChainError::Empty)?;
    let certificate = Certificate::parse(leaf).map_err(ChainError::from)?;
    let subject = match (request.kind, request.client_id) {
        (AssertionKind::Login, _) => certificate.subject(),
        (AssertionKind::Client, Some(client_id)) => client_id.to_owned(),
        (AssertionKind::Client, None) => return Err(AssertionError::WrongSubject),
    };
    let claims = Claims {
        iss: subject.clone(),
        sub: subject,
        aud: Audience::One(request.audience.to_owned()),
        jti: request.jti.to_owned(),
        iat: now.timestamp(),
        exp: (now + request.ttl).timestamp(),
        cnf: request.client_thumbprint.map(|x5t| Confirmation { x5t_s256: x5t.to_owned() }),
        place: request.place,
    };
    Header::new(certificate.public_key().algorithm(), request.kind.typ(), to_x5c(chain_der))
        .encode()
        .and_then(|header| jws::signing_input(&header, &claims))
        .map_err(|_| AssertionError::NotSigned)
}

/// An assertion signed by a card at hand.
pub fn sign_assertion(
    card: &dyn CardSigner,
    request: &AssertionRequest<'_>,
    now: Instant,
) -> Result<String, AssertionError> {
    let input = assertion_signing_input(request, card.chain_der(), now)?;
    let answer = card.sign(input.as_bytes()).map_err(|_| AssertionError::NotSigned)?;
    Ok(jws::complete(&input, &answer.signature))
}

/// An assertion that holds. Whether the `jti` is fresh, and to which account the certificate is bound, is for the
/// caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedAssertion {
    /// Whose certificate signed.
    pub certificate: CertificateIdentity,
    /// `sub`: certificate subject of a login, client id of an agency system.
    pub subject: String,
    /// The nonce.
    pub jti: String,
    /// The moment after which the `jti` need not be remembered.
    pub exp: Instant,
    /// The TLS client certificate that the signer named, base64url.
    pub client_thumbprint: Option<String>,
    /// The place that an agency system attests.
    pub place: Option<IpAddr>,
}

/// The chain that an assertion says it was signed with; empty if it cannot be read. Nothing is verified.
pub fn x5c(jwt: &str) -> Vec<String> {
    Parts::parse(jwt).map(|parts| parts.header.x5c).unwrap_or_default()
}

/// As [`x5c`], of a signed message (DER) that holds the signing input.
pub fn pkcs7_x5c(cms_der: &[u8]) -> Vec<String> {
    let named = || {
        let message = cms::parse(cms_der).ok()?;
        let input = std::str::from_utf8(message.content?).ok()?;
        Some(Input::parse_within(input, jws::MAX_TOKEN).ok()?.header.x5c)
    };
    named().unwrap_or_default()
}

/// Verifies an assertion of this kind at `now`: chain and key usage, signature, subject, audience, times.
pub fn verify_assertion(
    kind: AssertionKind,
    jwt: &str,
    anchors: &TrustAnchors,
    audience: &str,
    now: Instant,
) -> Result<VerifiedAssertion, AssertionError> {
    let parts = Parts::parse(jwt)?;
    if parts.header.typ != kind.typ() {
        return Err(AssertionError::WrongType);
    }
    let chain = from_x5c(&parts.header.x5c).ok_or(ChainError::Malformed)?;
    let certificate = verify_chain(&chain, anchors, now, kind.usage())?;
    let claims: Claims = parts.verify(&certificate.public_key)?;
    check_claims(kind, claims, certificate, audience, now)
}

/// Verifies a person's login that a card component answered as PKCS#7: a signed message (DER) whose content is the
/// signing input that [`assertion_signing_input`] prepared. Its header must name the certificate that signed; all else
/// is as in [`verify_assertion`].
pub fn verify_pkcs7_assertion(
    cms_der: &[u8],
    anchors: &TrustAnchors,
    audience: &str,
    now: Instant,
) -> Result<VerifiedAssertion, AssertionError> {
    let kind = AssertionKind::Login;
    let message = cms::parse(cms_der)?;
    let content = message.content.ok_or(CmsError::NoContent)?;
    let input = std::str::from_utf8(content).map_err(|_| JwsError::Malformed)?;
    let input = Input::parse_within(input, jws::MAX_TOKEN)?;
    if input.header.typ != kind.typ() {
        return Err(AssertionError::WrongType);
    }
    let named = from_x5c(&input.header.x5c).ok_or(ChainError::Malformed)?;
    let leaf = named.first().ok_or(ChainError::Empty)?;
    let certificate = cms::verify(&message, content, &named, (anchors, now, kind.usage()))?;
    if thumbprint(leaf) != certificate.thumbprint_sha256
        || input.algorithm != certificate.public_key.algorithm()
    {
        return Err(AssertionError::WrongSigner);
    }
    check_claims(kind, input.claims()?, certificate, audience, now)
}

/// What holds for the claims, in whatever form the signature came.
fn check_claims(
    kind: AssertionKind,
    claims: Claims,
    certificate: CertificateIdentity,
    audience: &str,
    now: Instant,
) -> Result<VerifiedAssertion, AssertionError> {
    if claims.iss != claims.sub || (kind == AssertionKind::Login && claims.sub != certificate.subject()) {
        return Err(AssertionError::WrongSubject);
    }
    if !claims.aud.holds(audience) {
        return Err(AssertionError::WrongAudience);
    }
    if claims.exp.checked_sub(claims.iat).is_none_or(|life| life > MAX_ASSERTION_SECONDS) {
        return Err(AssertionError::TooLong);
    }
    let exp = DateTime::from_timestamp(claims.exp, 0).ok_or(AssertionError::Expired)?;
    if now >= exp {
        return Err(AssertionError::Expired);
    }
    if claims.iat > now.timestamp() + CLOCK_AHEAD {
        return Err(AssertionError::NotYetValid);
    }
    Ok(VerifiedAssertion {
        certificate,
        subject: claims.sub,
        jti: claims.jti,
        exp,
        client_thumbprint: claims.cnf.map(|cnf| cnf.x5t_s256),
        place: claims.place,
    })
}
