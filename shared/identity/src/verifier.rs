//! Verifies the tokens of people, agency systems and services, and remembers those that were good until they end.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_lc_rs::digest::Digest;
use chrono::DateTime;
use kernel::Instant;

use crate::Role;
use crate::cache::{Cache, Key};
use crate::chain::{ChainVerifier, TrustAnchors, Usage, VerifiedPath};
use crate::jws::{self, JwsError, Parts};
use crate::principal::{Principal, PrincipalKind};
use crate::signers::Signers;
use crate::token::{
    ACCESS_TYPE, AccessClaims, MAX_ACCESS_SECONDS, MAX_SERVICE_SECONDS, SERVICE_TYPE, ServiceClaims,
    TokenError,
};

/// The service that may issue access tokens, unless [`TokenVerifier::with_issuer`] says otherwise.
pub const DEFAULT_ISSUING_SERVICE: &str = "account";
/// How far a signer's clock may be ahead, in seconds. Nothing is added to `exp`.
const CLOCK_AHEAD: i64 = 10;
/// Tokens remembered in one generation of the cache.
const REMEMBERED_TOKENS: usize = 8192;

#[derive(Clone)]
struct Verified {
    principal: Arc<Principal>,
    issued_at: i64,
    request: Option<Arc<(String, String)>>,
}

/// A token that was good. It is looked for by what is signed; under another signature it is another token.
#[derive(Clone)]
struct Known {
    /// As it stands in the token.
    signature: Arc<str>,
    verified: Verified,
}

/// Verifies tokens for one audience. Share one per service: it holds the caches.
pub struct TokenVerifier {
    chains: ChainVerifier,
    audience: String,
    issuing_service: String,
    issuer: Option<String>,
    signers: Signers,
    tokens: Cache<Known>,
}

impl std::fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenVerifier").field("audience", &self.audience).finish_non_exhaustive()
    }
}

impl TokenVerifier {
    /// A verifier for tokens to `audience`, whose signers chain to the internal anchors. Access tokens must be
    /// signed by the service [`DEFAULT_ISSUING_SERVICE`]: any other service's certificate would let it make people.
    pub fn new(anchors: TrustAnchors, audience: impl Into<String>) -> Self {
        Self {
            chains: ChainVerifier::new(anchors),
            audience: audience.into(),
            issuing_service: DEFAULT_ISSUING_SERVICE.to_owned(),
            issuer: None,
            signers: Signers::default(),
            tokens: Cache::new(REMEMBERED_TOKENS),
        }
    }

    /// Accepts access tokens of the service `issuing_service` alone, and only with this `iss`.
    #[must_use]
    pub fn with_issuer(mut self, issuing_service: impl Into<String>, issuer: impl Into<String>) -> Self {
        self.issuing_service = issuing_service.into();
        self.issuer = Some(issuer.into());
        self
    }

    /// The audience.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// The principal of a token that is good at `now`. A service's token is bound to one request, which this does
    /// not look at: use [`Self::verify_request`] where there is one.
    pub fn verify(&self, token: &str, now: Instant) -> Result<Arc<Principal>, TokenError> {
        self.look(token, now).map(|verified| verified.principal)
    }

    /// The principal of a token that is good at `now` for the request `method` and `path` (without query).
    pub fn verify_request(
        &self,
        token: &str,
        now: Instant,
        method: &str,
        path: &str,
    ) -> Result<Arc<Principal>, TokenError> {
        let verified = self.look(token, now)?;
        match &verified.request {
            Some(request) if request.0 != method || request.1 != path => Err(TokenError::WrongRequest),
            _ => Ok(verified.principal),
        }
    }

    fn look(&self, token: &str, now: Instant) -> Result<Verified, TokenError> {
        if token.len() > jws::MAX_TOKEN {
            return Err(JwsError::Malformed.into());
        }
        let Some((signer, rest)) = self.signers.find(token) else {
            return self.first_look(token, now);
        };
        let (payload, signature) = rest.rsplit_once('.').ok_or(JwsError::Malformed)?;
        let digest = signer.digest(payload);
        let known = self.tokens.get(&name(&digest)).filter(|known| *known.signature == *signature);
        if let Some(Known { verified, .. }) = known {
            check_times(verified.issued_at, verified.principal.expires_at, now)?;
            signer.path.recheck(self.chains.anchors(), now)?;
            return Ok(verified);
        }
        signer.path.recheck(self.chains.anchors(), now)?;
        let signed = (payload, &digest);
        let verified = if signer.is_access {
            self.access(jws::verify_known(&signer, signed, signature)?, &signer.path, now)?
        } else {
            self.service(jws::verify_known(&signer, signed, signature)?, &signer.path, now)?
        };
        Ok(self.remember(&digest, signature, verified))
    }

    /// A look at the first token that begins with its header.
    fn first_look(&self, token: &str, now: Instant) -> Result<Verified, TokenError> {
        let parts = Parts::parse(token)?;
        let is_access = match parts.header.typ.as_str() {
            ACCESS_TYPE => true,
            SERVICE_TYPE => false,
            _ => return Err(TokenError::WrongType),
        };
        let path = self.chains.verify_x5c(&parts.header.x5c, now, Usage::ServiceSignature)?;
        let public_key = &path.identity.public_key;
        let verified = if is_access {
            self.access(parts.verify(public_key)?, &path, now)?
        } else {
            self.service(parts.verify(public_key)?, &path, now)?
        };
        let key = public_key.ready().map_err(|_| JwsError::Signature)?;
        let (input, signature) = token.rsplit_once('.').ok_or(JwsError::Malformed)?;
        let (header, payload) = input.split_once('.').ok_or(JwsError::Malformed)?;
        let signer = self.signers.remember(header, is_access, path.clone(), key);
        Ok(self.remember(&signer.digest(payload), signature, verified))
    }

    fn remember(&self, digest: &Digest, signature: &str, verified: Verified) -> Verified {
        self.tokens.put(name(digest), Known { signature: signature.into(), verified: verified.clone() });
        verified
    }

    fn access(
        &self,
        claims: AccessClaims,
        path: &VerifiedPath,
        now: Instant,
    ) -> Result<Verified, TokenError> {
        let signer_may = path.identity.service_name() == Some(self.issuing_service.as_str());
        if !signer_may || self.issuer.as_ref().is_some_and(|issuer| *issuer != claims.iss) {
            return Err(TokenError::WrongIssuer);
        }
        // Services vouch for themselves with their own certificate; nobody else does it for them.
        let kind = claims.kind()?;
        if kind == PrincipalKind::Service || claims.roles.contains(&Role::Service) {
            return Err(TokenError::WrongType);
        }
        let expires_at = self.check(&claims.aud, claims.iat, claims.exp, MAX_ACCESS_SECONDS, now)?;
        let principal = Principal {
            kind,
            subject: claims.sub,
            name: claims.name,
            agency: claims.agency,
            oversees: claims.oversees,
            provides: claims.provides,
            unit: claims.unit,
            roles: claims.roles,
            system: claims.system,
            place: claims.place,
            acting_for: claims.acting_for,
            emergency: claims.emergency,
            bound_to: claims.cnf.map(|cnf| cnf.x5t_s256),
            session: claims.sid,
            token_id: claims.jti,
            as_of: claims.rev,
            expires_at,
        };
        Ok(Verified { principal: Arc::new(principal), issued_at: claims.iat, request: None })
    }

    fn service(
        &self,
        claims: ServiceClaims,
        path: &VerifiedPath,
        now: Instant,
    ) -> Result<Verified, TokenError> {
        let name = path.identity.service_name().ok_or(TokenError::WrongIssuer)?.to_owned();
        if claims.iss != name || claims.sub != name {
            return Err(TokenError::WrongIssuer);
        }
        let expires_at = self.check(&claims.aud, claims.iat, claims.exp, MAX_SERVICE_SECONDS, now)?;
        let principal = Principal {
            kind: PrincipalKind::Service,
            subject: name.clone(),
            name: Some(name),
            agency: None,
            oversees: false,
            provides: BTreeSet::new(),
            unit: None,
            roles: BTreeSet::from([Role::Service]),
            system: None,
            place: None,
            acting_for: None,
            emergency: None,
            bound_to: None,
            session: None,
            token_id: claims.jti,
            // Services end with their certificates.
            as_of: i64::MAX,
            expires_at,
        };
        let request = Some(Arc::new((claims.htm, claims.htu)));
        Ok(Verified { principal: Arc::new(principal), issued_at: claims.iat, request })
    }

    fn check(
        &self,
        audience: &crate::token::Audience,
        iat: i64,
        exp: i64,
        longest: i64,
        now: Instant,
    ) -> Result<Instant, TokenError> {
        if !audience.holds(&self.audience) {
            return Err(TokenError::WrongAudience);
        }
        if exp.checked_sub(iat).is_none_or(|life| life > longest) {
            return Err(TokenError::TooLong);
        }
        let expires_at = DateTime::from_timestamp(exp, 0).ok_or(TokenError::Expired)?;
        check_times(iat, expires_at, now)?;
        Ok(expires_at)
    }
}

fn name(digest: &Digest) -> Key {
    let mut name = [0; 32];
    name.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    name
}

fn check_times(iat: i64, expires_at: Instant, now: Instant) -> Result<(), TokenError> {
    if now >= expires_at {
        return Err(TokenError::Expired);
    }
    if iat > now.timestamp() + CLOCK_AHEAD {
        return Err(TokenError::NotYetValid);
    }
    Ok(())
}
