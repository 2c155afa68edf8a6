//! Messages that one service signs for another on an open connection: compact JWS with a `typ` of their own, so that
//! they never pass for tokens nor the reverse. What makes them fresh (challenge, counter, age) is in their claims and
//! for the caller.

use kernel::Instant;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::chain::{ChainVerifier, TrustAnchors, Usage};
use crate::credential::Credential;
use crate::jws::Parts;
use crate::token::{TokenError, encoded_header, signed};

/// `typ` of a message.
const STREAM_TYPE: &str = "stream+jwt";
/// Longest message that is looked at, in bytes.
pub const MAX_MESSAGE: usize = 1024 * 1024;

/// Signs messages with a service's certificate. Each carries the chain (about 2 KB): nothing has to be remembered
/// between two messages, and a renewed certificate needs no new connection.
#[derive(Debug, Clone)]
pub struct StreamSigner {
    credential: Credential,
    header: String,
}

impl StreamSigner {
    /// A signer with the service's certificate.
    pub fn new(credential: Credential) -> Result<Self, TokenError> {
        let header = encoded_header(&credential, STREAM_TYPE)?;
        Ok(Self { credential, header })
    }

    /// Signs one message.
    pub fn sign<T: Serialize>(&self, claims: &T) -> Result<String, TokenError> {
        signed(&self.credential, &self.header, claims)
    }
}

/// Verifies messages. Share one per service: it remembers chains.
#[derive(Debug)]
pub struct StreamVerifier {
    chains: ChainVerifier,
}

impl StreamVerifier {
    /// A verifier that trusts the internal anchors.
    pub fn new(anchors: TrustAnchors) -> Self {
        Self { chains: ChainVerifier::new(anchors) }
    }

    /// The claims of a message that `service` signed, if its certificate is good at `now`.
    pub fn verify<T: DeserializeOwned>(
        &self,
        message: &str,
        service: &str,
        now: Instant,
    ) -> Result<T, TokenError> {
        let parts = Parts::parse_within(message, MAX_MESSAGE)?;
        if parts.header.typ != STREAM_TYPE {
            return Err(TokenError::WrongType);
        }
        let path = self.chains.verify_x5c(&parts.header.x5c, now, Usage::ServiceSignature)?;
        if path.identity.service_name() != Some(service) {
            return Err(TokenError::WrongIssuer);
        }
        Ok(parts.verify(&path.identity.public_key)?)
    }
}
