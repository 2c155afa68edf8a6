//! Compact JWS (RFC 7515) in the one shape that is used here: `alg`, `typ`, `x5c` and `kid` in the header, nothing else.
//! Small on purpose: a header that asks for anything more is refused, and the key comes from a verified chain only.

use aws_lc_rs::digest::Digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::signature::{PublicKey, SignatureAlgorithm};
use crate::signers::Signer;

/// Longest token that is looked at, in bytes.
pub const MAX_TOKEN: usize = 32 * 1024;

/// Why a text is no token of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Not three base64url parts with a JSON header, or too long.
    #[error("not a compact JWS")]
    Malformed,
    /// The header holds members that are not accepted (`crit`, `jwk`, `jku`, `x5u` …).
    #[error("the header holds members that are not accepted")]
    Header,
    /// `alg` is not accepted; `none` among them.
    #[error("the algorithm is not accepted")]
    Algorithm,
    /// The signature is wrong.
    #[error("the signature is wrong")]
    Signature,
    /// The payload is no JSON of the wanted shape.
    #[error("the claims have another shape")]
    Claims,
}

/// The protected header. Unknown members are refused, so nothing in it can be overlooked.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The algorithm's JOSE name.
    pub alg: String,
    /// What kind of token it is (RFC 8725 §3.11).
    #[serde(default)]
    pub typ: String,
    /// The signer's chain, the leaf first.
    pub x5c: Vec<String>,
    /// Finds the key in a published set (RFC 7517 §4.5); here the key comes from the chain, and nothing goes by this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
}

impl Header {
    /// A header for a signer.
    pub fn new(algorithm: SignatureAlgorithm, typ: &str, x5c: Vec<String>) -> Self {
        Self { alg: algorithm.name().to_owned(), typ: typ.to_owned(), x5c, kid: None }
    }

    /// Names the key as the published set does.
    #[must_use]
    pub fn key_id(mut self, kid: String) -> Self {
        self.kid = Some(kid);
        self
    }

    /// The header as the first part of a token.
    pub fn encode(&self) -> Result<String, serde_json::Error> {
        Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(self)?))
    }
}

/// What is to be signed: encoded header, a dot, encoded claims. Never holds a line break.
pub fn signing_input<T: Serialize>(encoded_header: &str, claims: &T) -> Result<String, serde_json::Error> {
    Ok(format!("{encoded_header}.{}", URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims)?)))
}

/// The token: signing input, a dot, encoded signature.
pub fn complete(signing_input: &str, signature: &[u8]) -> String {
    format!("{signing_input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A token taken apart, not verified yet.
#[derive(Debug)]
pub struct Parts<'a> {
    /// The header; not to be believed before the signature is checked.
    pub header: Header,
    algorithm: SignatureAlgorithm,
    signing_input: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
}

impl<'a> Parts<'a> {
    /// Takes a token apart.
    pub fn parse(token: &'a str) -> Result<Self, JwsError> {
        Self::parse_within(token, MAX_TOKEN)
    }

    /// As [`Self::parse`], for what may be longer or must be shorter than a token.
    pub fn parse_within(token: &'a str, longest: usize) -> Result<Self, JwsError> {
        let (signing_input, signature) = token.rsplit_once('.').ok_or(JwsError::Malformed)?;
        let Input { header, algorithm, payload } = Input::parse_within(signing_input, longest)?;
        let signature = decode(signature)?;
        Ok(Self { header, algorithm, signing_input, payload, signature })
    }

    /// Checks the signature with the key of the verified chain and reads the claims.
    pub fn verify<T: DeserializeOwned>(&self, key: &PublicKey) -> Result<T, JwsError> {
        if key.algorithm() != self.algorithm {
            return Err(JwsError::Algorithm);
        }
        key.verify(self.algorithm, self.signing_input.as_bytes(), &self.signature)
            .map_err(|_| JwsError::Signature)?;
        claims(self.payload)
    }
}

/// Checks the `signature` under a known signer's header and `payload`, whose `digest` was taken, and reads the claims.
pub(crate) fn verify_known<T: DeserializeOwned>(
    signer: &Signer,
    (payload, digest): (&str, &Digest),
    signature: &str,
) -> Result<T, JwsError> {
    signer.key.verify(digest, &decode(signature)?).map_err(|_| JwsError::Signature)?;
    claims(payload)
}

/// A signing input taken apart whose signature is somewhere else: in the message that holds it.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    /// The header; not to be believed before the signature is checked.
    pub header: Header,
    /// What the header names as its algorithm.
    pub algorithm: SignatureAlgorithm,
    payload: &'a str,
}

impl<'a> Input<'a> {
    /// Takes a signing input of at most `longest` bytes apart.
    pub fn parse_within(signing_input: &'a str, longest: usize) -> Result<Self, JwsError> {
        if signing_input.len() > longest {
            return Err(JwsError::Malformed);
        }
        let (header, payload) = signing_input.split_once('.').ok_or(JwsError::Malformed)?;
        let raw: serde_json::Value =
            serde_json::from_slice(&decode(header)?).map_err(|_| JwsError::Malformed)?;
        let header: Header = serde_json::from_value(raw).map_err(|_| JwsError::Header)?;
        let algorithm = SignatureAlgorithm::from_name(&header.alg).ok_or(JwsError::Algorithm)?;
        Ok(Self { header, algorithm, payload })
    }

    /// Reads the claims, once the signature over the whole input was found good.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, JwsError> {
        claims(self.payload)
    }
}

fn decode(part: &str) -> Result<Vec<u8>, JwsError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| JwsError::Malformed)
}

fn claims<T: DeserializeOwned>(payload: &str) -> Result<T, JwsError> {
    serde_json::from_slice(&decode(payload)?).map_err(|_| JwsError::Claims)
}
