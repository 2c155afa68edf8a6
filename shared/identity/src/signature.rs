//! Signature algorithms and keys: ES256 and ES384 (the next card generation), RS256 (today's cards). Nothing else
//! is accepted anywhere: no SHA-1, no RSA below 2048 bits, no symmetric algorithm.

use std::fmt;

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self as aws, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED,
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey, VerificationAlgorithm,
};

/// A signature algorithm by its JOSE name (RFC 7518).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub enum SignatureAlgorithm {
    /// ECDSA on P-256 with SHA-256; the signature is R‖S, 64 bytes.
    #[serde(rename = "ES256")]
    Es256,
    /// ECDSA on P-384 with SHA-384; the signature is R‖S, 96 bytes.
    #[serde(rename = "ES384")]
    Es384,
    /// RSA PKCS#1 v1.5 with SHA-256, 2048 bits and more.
    #[serde(rename = "RS256")]
    Rs256,
}

impl SignatureAlgorithm {
    /// The JOSE name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Rs256 => "RS256",
        }
    }

    /// The algorithm of a JOSE name; none for everything that is not accepted.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Es256, Self::Es384, Self::Rs256].into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// The signature does not belong to these bytes, this key or this algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not fit the signed bytes and the key")]
pub struct BadSignature;

/// A key that was found in a certificate and is good enough.
#[derive(Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// An uncompressed point on P-256.
    P256(Vec<u8>),
    /// An uncompressed point on P-384.
    P384(Vec<u8>),
    /// An `RSAPublicKey` in DER, 2048 to 8192 bits.
    Rsa(Vec<u8>),
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P256(_) => "P-256",
            Self::P384(_) => "P-384",
            Self::Rsa(_) => "RSA",
        })
    }
}

impl PublicKey {
    /// The one algorithm in which this key signs.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        match self {
            Self::P256(_) => SignatureAlgorithm::Es256,
            Self::P384(_) => SignatureAlgorithm::Es384,
            Self::Rsa(_) => SignatureAlgorithm::Rs256,
        }
    }

    /// Checks a JOSE-shaped `signature` over `message`; an algorithm that is not the key's own is refused.
    pub fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        if algorithm != self.algorithm() {
            return Err(BadSignature);
        }
        self.verify_with(jose_scheme(algorithm), message, signature)
    }

    /// The key made ready for many JOSE-shaped signatures.
    pub(crate) fn ready(&self) -> Result<ReadyKey, BadSignature> {
        let algorithm = self.algorithm();
        let key = ParsedPublicKey::new(jose_scheme(algorithm), self.bytes()).map_err(|_| BadSignature)?;
        Ok(ReadyKey { key, algorithm })
    }

    /// The key as it stands in the certificate's BIT STRING.
    pub(crate) fn bytes(&self) -> &[u8] {
        let (Self::P256(bytes) | Self::P384(bytes) | Self::Rsa(bytes)) = self;
        bytes
    }

    /// Checks `signature` with a given scheme, as certificates need it.
    pub(crate) fn verify_with(
        &self,
        scheme: &'static dyn VerificationAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        UnparsedPublicKey::new(scheme, self.bytes()).verify(message, signature).map_err(|_| BadSignature)
    }
}

fn jose_scheme(algorithm: SignatureAlgorithm) -> &'static dyn VerificationAlgorithm {
    match algorithm {
        SignatureAlgorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
        SignatureAlgorithm::Es384 => &ECDSA_P384_SHA384_FIXED,
        SignatureAlgorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
    }
}

/// A public key whose costly part, the check that it is one, is done.
pub(crate) struct ReadyKey {
    key: ParsedPublicKey,
    algorithm: SignatureAlgorithm,
}

impl ReadyKey {
    /// What takes in a message for [`Self::verify`].
    pub(crate) fn hasher(&self) -> digest::Context {
        digest::Context::new(digest_algorithm(self.algorithm))
    }

    /// Checks a JOSE-shaped `signature` over the message with this digest.
    pub(crate) fn verify(&self, message: &Digest, signature: &[u8]) -> Result<(), BadSignature> {
        self.key.verify_digest_sig(message, signature).map_err(|_| BadSignature)
    }
}

/// The scheme behind the dotted object identifier of an X.509 signature algorithm, with the signer's kind of key: SHA-256
/// and up alone. None for everything else.
pub(crate) fn x509_scheme(oid: &str, signer: &PublicKey) -> Option<&'static dyn VerificationAlgorithm> {
    match (oid, signer) {
        ("1.2.840.10045.4.3.2", PublicKey::P256(_)) => Some(&aws::ECDSA_P256_SHA256_ASN1),
        ("1.2.840.10045.4.3.3", PublicKey::P256(_)) => Some(&aws::ECDSA_P256_SHA384_ASN1),
        ("1.2.840.10045.4.3.2", PublicKey::P384(_)) => Some(&aws::ECDSA_P384_SHA256_ASN1),
        ("1.2.840.10045.4.3.3", PublicKey::P384(_)) => Some(&aws::ECDSA_P384_SHA384_ASN1),
        ("1.2.840.113549.1.1.11", PublicKey::Rsa(_)) => Some(&aws::RSA_PKCS1_2048_8192_SHA256),
        ("1.2.840.113549.1.1.12", PublicKey::Rsa(_)) => Some(&aws::RSA_PKCS1_2048_8192_SHA384),
        ("1.2.840.113549.1.1.13", PublicKey::Rsa(_)) => Some(&aws::RSA_PKCS1_2048_8192_SHA512),
        _ => None,
    }
}

/// The bytes are no private key of an accepted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a PKCS#8 private key on P-256 or P-384 or RSA of at least 2048 bits")]
pub struct BadKey;

/// A private key that can sign; made from PKCS#8.
pub(crate) enum SigningKey {
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl SigningKey {
    pub(crate) fn from_pkcs8(der: &[u8]) -> Result<Self, BadKey> {
        if let Ok(key) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der) {
            return Ok(Self::P256(key));
        }
        if let Ok(key) = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, der) {
            return Ok(Self::P384(key));
        }
        RsaKeyPair::from_pkcs8(der).map(|key| Self::Rsa(Box::new(key))).map_err(|_| BadKey)
    }

    pub(crate) fn algorithm(&self) -> SignatureAlgorithm {
        match self {
            Self::P256(_) => SignatureAlgorithm::Es256,
            Self::P384(_) => SignatureAlgorithm::Es384,
            Self::Rsa(_) => SignatureAlgorithm::Rs256,
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, BadKey> {
        match self {
            Self::P256(key) | Self::P384(key) => {
                key.sign(&SystemRandom::new(), message).map(|s| s.as_ref().to_vec()).map_err(|_| BadKey)
            }
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| BadKey)?;
                Ok(signature)
            }
        }
    }

    /// Signs a digest that was taken elsewhere.
    pub(crate) fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, BadKey> {
        let digest =
            Digest::import_less_safe(digest, digest_algorithm(self.algorithm())).map_err(|_| BadKey)?;
        match self {
            Self::P256(key) | Self::P384(key) => {
                key.sign_digest(&digest).map(|s| s.as_ref().to_vec()).map_err(|_| BadKey)
            }
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign_digest(&RSA_PKCS1_SHA256, &digest, &mut signature).map_err(|_| BadKey)?;
                Ok(signature)
            }
        }
    }
}

/// The digest that goes with an algorithm.
pub(crate) fn digest_algorithm(algorithm: SignatureAlgorithm) -> &'static digest::Algorithm {
    match algorithm {
        SignatureAlgorithm::Es256 | SignatureAlgorithm::Rs256 => &digest::SHA256,
        SignatureAlgorithm::Es384 => &digest::SHA384,
    }
}

/// Turns an ECDSA signature in DER, as cards answer, into the R‖S of JOSE (RFC 7518 §3.4).
/// None if the bytes are no such signature for that algorithm.
pub fn ecdsa_from_der(algorithm: SignatureAlgorithm, der: &[u8]) -> Option<Vec<u8>> {
    let size = match algorithm {
        SignatureAlgorithm::Es256 => 32,
        SignatureAlgorithm::Es384 => 48,
        SignatureAlgorithm::Rs256 => return None,
    };
    let (body, rest) = take(der, 0x30)?;
    let (r, body) = take(body, 0x02)?;
    let (s, end) = take(body, 0x02)?;
    if !rest.is_empty() || !end.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(2 * size);
    for number in [r, s] {
        let number = &number[number.iter().position(|b| *b != 0).unwrap_or(number.len())..];
        out.extend(std::iter::repeat_n(0, size.checked_sub(number.len())?));
        out.extend_from_slice(number);
    }
    Some(out)
}

/// The reverse of [`ecdsa_from_der`]: R‖S as `ECDSA-Sig-Value` (RFC 3279 §2.2.3), as certificates, signed messages and
/// cards have it. None if there are not two numbers of one size.
pub fn ecdsa_to_der(fixed: &[u8]) -> Option<Vec<u8>> {
    let size = fixed.len() / 2;
    if size == 0 || !fixed.len().is_multiple_of(2) {
        return None;
    }
    let numbers: Vec<_> = fixed.chunks_exact(size).map(integer).collect();
    Some(crate::der::sequence(&numbers))
}

/// A non-negative INTEGER in its shortest form.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len() - 1);
    let digits = bytes.get(start..).unwrap_or_default();
    let sign: &[u8] = if digits.first().is_some_and(|b| *b >= 0x80) { &[0] } else { &[] };
    crate::der::tlv(0x02, &[sign, digits].concat())
}

/// The value of one short TLV with this tag, and what follows it.
fn take(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    match der {
        [found, length @ 0..=0x7f, rest @ ..] if *found == tag => rest.split_at_checked(usize::from(*length)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, KeyPair};

    use super::*;
    use crate::pki::{DevPki, KeyKind, Validity};
    use crate::tests::{HOLDER, now};

    #[test]
    fn a_cards_der_answer_becomes_a_jose_signature() {
        for _ in 0..40 {
            let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
            let der = key.sign(&SystemRandom::new(), b"text").unwrap();
            let fixed = ecdsa_from_der(SignatureAlgorithm::Es256, der.as_ref()).unwrap();
            let public = PublicKey::P256(key.public_key().as_ref().to_vec());
            assert_eq!(public.verify(SignatureAlgorithm::Es256, b"text", &fixed), Ok(()));
            assert_eq!(ecdsa_to_der(&fixed).as_deref(), Some(der.as_ref()));
            assert_eq!(public.verify(SignatureAlgorithm::Es256, b"texT", &fixed), Err(BadSignature));
            assert_eq!(public.verify(SignatureAlgorithm::Rs256, b"text", &fixed), Err(BadSignature));
        }
        assert_eq!(ecdsa_from_der(SignatureAlgorithm::Es256, &[0x30, 2, 2, 0]), None);
    }

    #[test]
    fn a_ready_key_takes_a_message_in_piece_by_piece_and_finds_what_the_key_finds() {
        let pki = DevPki::generate().unwrap();
        for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048] {
            let card = pki.issue_card_with(HOLDER, kind, Validity::around(now())).unwrap();
            let signature = card.sign(b"header.payload").unwrap();
            let key = card.certificate().public_key.ready().unwrap();
            let verify = |pieces: &[&str], signature: &[u8]| {
                let mut message = key.hasher();
                pieces.iter().for_each(|piece| message.update(piece.as_bytes()));
                key.verify(&message.finish(), signature)
            };
            assert_eq!(verify(&["header.", "payload"], &signature), Ok(()), "{kind:?}");
            assert_eq!(verify(&["header.", "payloaD"], &signature), Err(BadSignature), "{kind:?}");
            assert_eq!(verify(&["header.", "payload"], &signature[1..]), Err(BadSignature), "{kind:?}");
        }
    }
}
