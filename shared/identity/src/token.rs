//! Access tokens (RFC 9068) and the tokens of services, issued and read. Verification is in [`crate::verifier`].

use std::collections::BTreeSet;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use kernel::ids::{AgencyId, EmergencyGrantId, PersonId, PostId, SessionId, SystemId, UnitId};
use kernel::{Instant, Random, SystemRandom};

use crate::chain::ChainError;
use crate::credential::Credential;
use crate::jws::{self, Header, JwsError};
use crate::principal::PrincipalKind;
use crate::role::Role;
use crate::signature::BadKey;

/// `typ` of an access token (RFC 9068 §2.1).
pub(crate) const ACCESS_TYPE: &str = "at+jwt";
/// `typ` of a service's own token.
pub(crate) const SERVICE_TYPE: &str = "service+jwt";
/// Longest life of an access token: 10 minutes (design, Identity).
pub const MAX_ACCESS_SECONDS: i64 = 600;
/// Longest life of a service's token.
pub const MAX_SERVICE_SECONDS: i64 = 60;

/// Why a token is refused or cannot be issued. Texts hold nothing of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a token of ours: shape, header, algorithm, signature or claims.
    #[error("the token cannot be read or its signature is wrong")]
    Jws(#[source] JwsError),
    /// The signer's certificate is refused.
    #[error("the signer's certificate is refused")]
    Chain(#[source] ChainError),
    /// `typ` is none that is accepted here.
    #[error("the token is of another kind")]
    WrongType,
    /// `iss` is not the expected issuer, or the signer may not issue access tokens.
    #[error("the token is from another issuer")]
    WrongIssuer,
    /// `aud` does not hold this service.
    #[error("the token is for another audience")]
    WrongAudience,
    /// Past `exp`.
    #[error("the token has expired")]
    Expired,
    /// `iat` lies in the future.
    #[error("the token is not yet valid")]
    NotYetValid,
    /// Lives longer than tokens may.
    #[error("the token lives longer than is allowed")]
    TooLong,
    /// A service's token for another method or path.
    #[error("the token is for another request")]
    WrongRequest,
    /// The key cannot sign, or the claims have no JSON form.
    #[error("the token cannot be signed")]
    NotSigned,
}

impl TokenError {
    /// The stable code, for problem types and counters.
    pub fn code(self) -> &'static str {
        match self {
            Self::Jws(JwsError::Signature) => "token-bad-signature",
            Self::Jws(_) => "token-malformed",
            Self::Chain(error) => error.code(),
            Self::WrongType => "token-wrong-type",
            Self::WrongIssuer => "token-wrong-issuer",
            Self::WrongAudience => "token-wrong-audience",
            Self::Expired => "token-expired",
            Self::NotYetValid => "token-not-yet-valid",
            Self::TooLong => "token-lives-too-long",
            Self::WrongRequest => "token-wrong-request",
            Self::NotSigned => "token-not-signed",
        }
    }
}

impl From<JwsError> for TokenError {
    fn from(error: JwsError) -> Self {
        Self::Jws(error)
    }
}

impl From<ChainError> for TokenError {
    fn from(error: ChainError) -> Self {
        Self::Chain(error)
    }
}

impl From<BadKey> for TokenError {
    fn from(_: BadKey) -> Self {
        Self::NotSigned
    }
}

/// RFC 7800 confirmation: the TLS client certificate to which a token is bound (RFC 8705 §3.1).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Confirmation {
    /// SHA-256 of the certificate's DER, base64url.
    #[serde(rename = "x5t#S256")]
    pub x5t_s256: String,
}

/// What the account service grants: everything in an access token but issuer, audience and times. As it is written;
/// it is read into a flat struct of the same names.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AccessGrant {
    /// Person (with post) or agency system.
    #[serde(flatten)]
    pub kind: PrincipalKind,
    /// `sub`: person id or system id.
    #[serde(rename = "sub")]
    pub subject: String,
    /// `client_id`: the system or console that asked for the token.
    pub client_id: String,
    /// `jti`: chosen by the account service, which can revoke by it.
    #[serde(rename = "jti")]
    pub token_id: String,
    /// `rev`: number of the last revocation that the account service had committed when it read what it grants here. A
    /// later one that concerns the token's subject ends it; a token without the number counts as older than all.
    #[serde(rename = "rev")]
    pub as_of: i64,
    /// Name of the agency system; never a person's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The agency of the post or system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency: Option<AgencyId>,
    /// Whether that agency oversees the others.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub oversees: bool,
    /// The regulations whose data that agency provides.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub provides: BTreeSet<String>,
    /// The unit of the post.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// What is granted.
    pub roles: BTreeSet<Role>,
    /// The agency system, or the one through which the person acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<SystemId>,
    /// The browser's address, noted at login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<IpAddr>,
    /// The post a deputy acts in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acting_for: Option<PostId>,
    /// The break-glass grant under which some of the roles stand; the token is good for what such a grant opens alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emergency: Option<EmergencyGrantId>,
    /// The TLS certificate to which the token is bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    /// `sid`: the session of a person, which ends the token when it ends.
    #[serde(rename = "sid", skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
}

impl AccessGrant {
    /// The roles as an OAuth scope (RFC 6749 §3.3): codes, separated by blanks.
    pub fn scope(&self) -> String {
        self.roles.iter().map(|role| role.code()).collect::<Vec<_>>().join(" ")
    }
}

/// The claims of an access token as they are written.
#[derive(Debug, serde::Serialize)]
struct NewAccessClaims<'a> {
    iss: &'a str,
    aud: Audience,
    iat: i64,
    exp: i64,
    /// The roles once more, as RFC 9068 §2.2.3 has them for resource servers of others; nothing here reads it.
    scope: String,
    #[serde(flatten)]
    grant: &'a AccessGrant,
}

/// The claims of an access token as they are read, with each request of which the token is not known yet: flat, because
/// `serde(flatten)` goes over everything twice. Names and meanings are those of [`AccessGrant`].
#[derive(Debug, serde::Deserialize)]
pub(crate) struct AccessClaims {
    pub iss: String,
    pub aud: Audience,
    pub iat: i64,
    pub exp: i64,
    kind: ActorKind,
    person: Option<PersonId>,
    post: Option<PostId>,
    pub sub: String,
    pub jti: String,
    #[serde(default)]
    pub rev: i64,
    pub name: Option<String>,
    pub agency: Option<AgencyId>,
    #[serde(default)]
    pub oversees: bool,
    #[serde(default)]
    pub provides: BTreeSet<String>,
    pub unit: Option<UnitId>,
    #[serde(default)]
    pub roles: BTreeSet<Role>,
    pub system: Option<SystemId>,
    pub place: Option<IpAddr>,
    pub acting_for: Option<PostId>,
    pub emergency: Option<EmergencyGrantId>,
    pub cnf: Option<Confirmation>,
    pub sid: Option<SessionId>,
}

/// The tag of [`PrincipalKind`].
#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum ActorKind {
    Person,
    System,
    Service,
}

impl AccessClaims {
    /// Who acts.
    pub fn kind(&self) -> Result<PrincipalKind, JwsError> {
        match (self.kind, self.person, self.post) {
            (ActorKind::Person, Some(person), Some(post)) => Ok(PrincipalKind::Person { person, post }),
            (ActorKind::Person, _, _) => Err(JwsError::Claims),
            (ActorKind::System, _, _) => Ok(PrincipalKind::System),
            (ActorKind::Service, _, _) => Ok(PrincipalKind::Service),
        }
    }
}

/// `aud`: one text or a list (RFC 7519 §4.1.3).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    pub fn holds(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Many(many) => many.iter().any(|one| one == audience),
        }
    }
}

/// Issues access tokens with the account service's certificate.
#[derive(Debug, Clone)]
pub struct TokenIssuer {
    credential: Credential,
    header: String,
    issuer: String,
}

impl TokenIssuer {
    /// An issuer that names itself `issuer` in `iss`.
    pub fn new(credential: Credential, issuer: impl Into<String>) -> Result<Self, TokenError> {
        let header = encoded_header(&credential, ACCESS_TYPE)?;
        Ok(Self { credential, header, issuer: issuer.into() })
    }

    /// A token for each of `audiences` that lives for `ttl`, at most 10 minutes.
    pub fn issue(
        &self,
        grant: &AccessGrant,
        audiences: &[&str],
        now: Instant,
        ttl: Duration,
    ) -> Result<String, TokenError> {
        if ttl > Duration::seconds(MAX_ACCESS_SECONDS) {
            return Err(TokenError::TooLong);
        }
        let aud = match audiences {
            [one] => Audience::One((*one).to_owned()),
            many => Audience::Many(many.iter().map(|one| (*one).to_owned()).collect()),
        };
        let claims = NewAccessClaims {
            iss: &self.issuer,
            aud,
            iat: now.timestamp(),
            exp: (now + ttl).timestamp(),
            scope: grant.scope(),
            grant,
        };
        signed(&self.credential, &self.header, &claims)
    }
}

/// The claims of a service's own token. `iss` and `sub` are its name; `htm` and `htu` bind it to one request, as
/// RFC 9449 does (`htu` is the path here).
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct ServiceClaims {
    pub iss: String,
    pub sub: String,
    pub aud: Audience,
    pub iat: i64,
    pub exp: i64,
    pub jti: String,
    pub htm: String,
    pub htu: String,
}

/// Signs a service's own tokens with its certificate.
#[derive(Debug, Clone)]
pub struct ServiceSigner {
    credential: Credential,
    header: String,
    name: String,
}

impl ServiceSigner {
    /// A signer for the service `name`, which must be the first DNS name of its certificate.
    pub fn new(credential: Credential, name: impl Into<String>) -> Result<Self, TokenError> {
        let name = name.into();
        if credential.certificate().dns_names.first() != Some(&name) {
            return Err(TokenError::WrongIssuer);
        }
        let header = encoded_header(&credential, SERVICE_TYPE)?;
        Ok(Self { credential, header, name })
    }

    /// The service's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its certificate and key, for TLS.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// A token for one request (`path` without query) to `audience`, good for 60 seconds.
    pub fn token(
        &self,
        audience: &str,
        now: Instant,
        method: &str,
        path: &str,
    ) -> Result<String, TokenError> {
        let mut id = [0; 16];
        SystemRandom.fill(&mut id);
        let claims = ServiceClaims {
            iss: self.name.clone(),
            sub: self.name.clone(),
            aud: Audience::One(audience.to_owned()),
            iat: now.timestamp(),
            exp: now.timestamp() + MAX_SERVICE_SECONDS,
            jti: URL_SAFE_NO_PAD.encode(id),
            htm: method.to_owned(),
            htu: path.to_owned(),
        };
        signed(&self.credential, &self.header, &claims)
    }
}

pub(crate) fn encoded_header(credential: &Credential, typ: &str) -> Result<String, TokenError> {
    let header = Header::new(credential.algorithm(), typ, credential.x5c());
    header.key_id(credential.thumbprint()).encode().map_err(|_| TokenError::NotSigned)
}

pub(crate) fn signed<T: serde::Serialize>(
    credential: &Credential,
    header: &str,
    claims: &T,
) -> Result<String, TokenError> {
    let input = jws::signing_input(header, claims).map_err(|_| TokenError::NotSigned)?;
    Ok(jws::complete(&input, &credential.sign(input.as_bytes())?))
}
