//! Signed events: the relay signs topic, key, all CloudEvents attributes and data at publication with the service's
//! certificate; consumers check it then. What is signed is length-prefixed, so no two events share their bytes.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::Instant;

use crate::chain::{ChainError, ChainVerifier, TrustAnchors, Usage};
use crate::credential::Credential;
use crate::signature::{BadKey, SignatureAlgorithm};

/// First line of what is signed.
const DOMAIN: &[u8] = b"datawarden/event/v1\n";

/// What is signed of an event.
#[derive(Debug, Clone, Copy)]
pub struct EventContent<'a> {
    /// The Kafka topic.
    pub topic: &'a str,
    /// The Kafka key.
    pub key: &'a str,
    /// The CloudEvents attributes by name (`id`, `source`, `type`, `time` …), without prefix.
    pub attributes: &'a BTreeMap<String, String>,
    /// The payload's bytes.
    pub data: &'a [u8],
}

impl EventContent<'_> {
    /// The bytes that are signed: a line of their own, then each part with its length (8 bytes, big-endian), the
    /// number of attributes before them; attributes sorted by name.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = DOMAIN.to_vec();
        let mut put = |part: &[u8]| {
            out.extend_from_slice(&length(part.len()));
            out.extend_from_slice(part);
        };
        put(self.topic.as_bytes());
        put(self.key.as_bytes());
        put(&length(self.attributes.len()));
        for (name, value) in self.attributes {
            put(name.as_bytes());
            put(value.as_bytes());
        }
        put(self.data);
        out
    }
}

fn length(length: usize) -> [u8; 8] {
    u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes()
}

/// Why an event is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The header text cannot be read.
    #[error("the event's signature header cannot be read")]
    Malformed,
    /// The signer's certificate is refused.
    #[error("the signer's certificate is refused")]
    Chain(#[source] ChainError),
    /// The named thumbprint is not the certificate's.
    #[error("the event names another certificate than it carries")]
    WrongThumbprint,
    /// The signature is wrong: topic, key, attributes or data are not what was signed.
    #[error("the event's signature is wrong")]
    BadSignature,
    /// The key cannot sign.
    #[error("the event cannot be signed")]
    NotSigned,
}

impl EventError {
    /// The stable code, for dead letters and counters.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "event-signature-malformed",
            Self::Chain(error) => error.code(),
            Self::WrongThumbprint => "event-wrong-thumbprint",
            Self::BadSignature => "event-bad-signature",
            Self::NotSigned => "event-not-signed",
        }
    }
}

impl From<BadKey> for EventError {
    fn from(_: BadKey) -> Self {
        Self::NotSigned
    }
}

/// A signature with its signer's chain. As text, for one Kafka header: algorithm, thumbprint, signature and the
/// chain's certificates, with dots between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSignature {
    /// The algorithm.
    pub algorithm: SignatureAlgorithm,
    /// `x5t#S256` of the signer's certificate.
    pub thumbprint: String,
    /// The signature.
    pub signature: Vec<u8>,
    /// The signer's chain as in `x5c`, the leaf first.
    pub x5c: Vec<String>,
}

impl fmt::Display for EventSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signature = URL_SAFE_NO_PAD.encode(&self.signature);
        write!(f, "{}.{}.{signature}", self.algorithm.name(), self.thumbprint)?;
        self.x5c.iter().try_for_each(|certificate| write!(f, ".{certificate}"))
    }
}

impl FromStr for EventSignature {
    type Err = EventError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('.');
        let mut next = || parts.next().ok_or(EventError::Malformed);
        let algorithm = SignatureAlgorithm::from_name(next()?).ok_or(EventError::Malformed)?;
        let thumbprint = next()?.to_owned();
        let signature = URL_SAFE_NO_PAD.decode(next()?).map_err(|_| EventError::Malformed)?;
        Ok(Self { algorithm, thumbprint, signature, x5c: parts.map(str::to_owned).collect() })
    }
}

/// Signs events with a service's certificate.
#[derive(Debug, Clone)]
pub struct EventSigner {
    credential: Credential,
    thumbprint: String,
    x5c: Vec<String>,
}

impl EventSigner {
    /// A signer with the service's certificate.
    pub fn new(credential: Credential) -> Self {
        Self { thumbprint: credential.thumbprint(), x5c: credential.x5c(), credential }
    }

    /// Signs one event.
    pub fn sign(&self, event: &EventContent<'_>) -> Result<EventSignature, EventError> {
        Ok(EventSignature {
            algorithm: self.credential.algorithm(),
            thumbprint: self.thumbprint.clone(),
            signature: self.credential.sign(&event.bytes())?,
            x5c: self.x5c.clone(),
        })
    }
}

/// Verifies events of the suite's services. Share one per service: it remembers chains.
#[derive(Debug)]
pub struct EventVerifier {
    chains: ChainVerifier,
}

impl EventVerifier {
    /// A verifier that trusts the internal anchors.
    pub fn new(anchors: TrustAnchors) -> Self {
        Self { chains: ChainVerifier::new(anchors) }
    }

    /// The name of the service that signed this event, if the signature holds at `now`. Whether that service may
    /// publish on this topic is for the caller.
    pub fn verify(
        &self,
        event: &EventContent<'_>,
        signature: &EventSignature,
        now: Instant,
    ) -> Result<String, EventError> {
        let path = self
            .chains
            .verify_x5c(&signature.x5c, now, Usage::ServiceSignature)
            .map_err(EventError::Chain)?;
        if path.identity.thumbprint_sha256 != signature.thumbprint {
            return Err(EventError::WrongThumbprint);
        }
        path.identity
            .public_key
            .verify(signature.algorithm, &event.bytes(), &signature.signature)
            .map_err(|_| EventError::BadSignature)?;
        path.identity.service_name().map(str::to_owned).ok_or(EventError::Chain(ChainError::WrongSubjectType))
    }
}
