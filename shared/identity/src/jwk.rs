//! Keys as a published set holds them (RFC 7517), so that libraries of others can check tokens. Nothing here reads one:
//! our own services take keys from verified chains alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use x509_parser::asn1_rs::FromDer as _;
use x509_parser::public_key::RSAPublicKey;

use crate::credential::Credential;
use crate::signature::PublicKey;

/// A public key with its certificate chain (RFC 7517, RFC 7518 §6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Jwk {
    /// `EC` or `RSA`.
    pub kty: String,
    /// `sig`: it verifies signatures.
    pub r#use: String,
    /// The one algorithm in which the key signs: `ES256`, `ES384` or `RS256`.
    pub alg: String,
    /// Names the key in the headers of tokens: the thumbprint of its certificate.
    pub kid: String,
    /// Curve of an EC key: `P-256` or `P-384`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// First coordinate of an EC key, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// Second coordinate of an EC key, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// Modulus of an RSA key, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// Exponent of an RSA key, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
    /// Chain: base64 DER, the key's own certificate first.
    pub x5c: Vec<String>,
    /// SHA-256 of the key's certificate, base64url.
    #[serde(rename = "x5t#S256")]
    pub x5t_s256: String,
}

impl Jwk {
    /// The public part of `credential`; none for an RSA key that cannot be read.
    pub fn of(credential: &Credential) -> Option<Self> {
        let encode = |bytes: &[u8]| Some(URL_SAFE_NO_PAD.encode(bytes));
        let mut jwk = Self {
            kty: "EC".to_owned(),
            r#use: "sig".to_owned(),
            alg: credential.algorithm().name().to_owned(),
            kid: credential.thumbprint(),
            crv: None,
            x: None,
            y: None,
            n: None,
            e: None,
            x5c: credential.x5c(),
            x5t_s256: credential.thumbprint(),
        };
        match credential.certificate().public_key() {
            PublicKey::P256(point) | PublicKey::P384(point) => {
                // An uncompressed point: 4, then both coordinates at full length (RFC 7518 §6.2.1).
                let coordinates = point.strip_prefix(&[4])?;
                let (x, y) = coordinates.split_at_checked(coordinates.len() / 2)?;
                jwk.crv = Some(if x.len() == 32 { "P-256" } else { "P-384" }.to_owned());
                (jwk.x, jwk.y) = (encode(x), encode(y));
            }
            PublicKey::Rsa(der) => {
                let (_, key) = RSAPublicKey::from_der(der).ok()?;
                // DER puts a zero before a number whose first bit is set; a JWK has none (RFC 7518 §6.3.1).
                let number = |bytes: &[u8]| {
                    encode(&bytes[bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len())..])
                };
                "RSA".clone_into(&mut jwk.kty);
                (jwk.n, jwk.e) = (number(key.modulus), number(key.exponent));
            }
        }
        Some(jwk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::Validity;
    use crate::tests::{HOLDER, now, world};
    use crate::{KeyKind, SignatureAlgorithm};

    fn decoded(text: Option<&String>) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text.unwrap()).unwrap()
    }

    #[test]
    fn a_published_key_is_the_certificates_own_and_nothing_of_the_private_one() {
        let w = world();
        for (kind, crv, size) in [(KeyKind::P256, "P-256", 32), (KeyKind::P384, "P-384", 48)] {
            let card = w.pki.issue_card_with(HOLDER, kind, Validity::around(now())).unwrap();
            let jwk = Jwk::of(&card).unwrap();
            let (x, y) = (decoded(jwk.x.as_ref()), decoded(jwk.y.as_ref()));
            assert_eq!((jwk.crv.as_deref(), x.len(), y.len()), (Some(crv), size, size));
            let point = [vec![4], x, y].concat();
            let key = if size == 32 { PublicKey::P256(point) } else { PublicKey::P384(point) };
            assert_eq!(&key, card.certificate().public_key());
            assert!(serde_json::to_value(&jwk).unwrap().get("d").is_none());
        }
        let card = w.pki.issue_card_with(HOLDER, KeyKind::Rsa2048, Validity::around(now())).unwrap();
        let jwk = Jwk::of(&card).unwrap();
        assert_eq!((jwk.kty.as_str(), jwk.alg.as_str()), ("RSA", SignatureAlgorithm::Rs256.name()));
        assert_eq!((decoded(jwk.n.as_ref()).len(), decoded(jwk.e.as_ref())), (256, vec![1, 0, 1]));
        assert_eq!((jwk.kid, jwk.x5c.len()), (jwk.x5t_s256, card.x5c().len()));
    }
}
