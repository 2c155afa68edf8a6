//! Endorsements (核章, H4.2, H5.2.1, H8.1.1): card signatures over the canonical bytes of what is endorsed. The bytes
//! begin with a line of their own and a line break; no JWS signing input holds one, so a login never passes for an
//! endorsement nor the reverse.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::{Instant, canonical};
use serde::Serialize;

use crate::card::CardSigner;
use crate::certificate::{CertificateIdentity, from_x5c, thumbprint, to_x5c};
use crate::chain::{ChainError, TrustAnchors, Usage, verify_chain};
use crate::cms::{self, CmsError};
use crate::signature::SignatureAlgorithm;

/// First line of what is signed for one content.
const SINGLE: &[u8] = b"datawarden/endorsement/v1\n";
/// First line of what is signed for a list of digests.
const BATCH: &[u8] = b"datawarden/endorsement-batch/v1\n";
/// First line of what a salted digest is taken over.
const SALTED: &[u8] = b"datawarden/salted-digest/v1\n";
/// Most documents under one signature.
const MAX_BATCH: usize = 1000;

/// Why an endorsement does not hold or cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndorsementError {
    /// The content has no canonical JSON form.
    #[error("the content has no canonical form")]
    Content,
    /// The content is not what was endorsed.
    #[error("the content is not what was endorsed")]
    WrongContent,
    /// The certificate is refused.
    #[error("the certificate is refused")]
    Chain(#[source] ChainError),
    /// Base64 or hexadecimal cannot be read.
    #[error("the endorsement cannot be read")]
    Malformed,
    /// The signature is wrong.
    #[error("the signature is wrong")]
    BadSignature,
    /// The signed message (PKCS#7) is refused.
    #[error("the signed message is refused")]
    Cms(#[source] CmsError),
    /// The first certificate or the algorithm is not that of the card that signed the message.
    #[error("the certificate is not the signer's")]
    WrongSigner,
    /// A batch is empty, too large, or names a document twice.
    #[error("the batch is empty, too large or names a document twice")]
    Batch,
    /// The card did not sign.
    #[error("the card did not sign")]
    NotSigned,
}

impl EndorsementError {
    /// The stable code, for problem types and counters.
    pub fn code(self) -> &'static str {
        match self {
            Self::Content => "endorsement-content-not-canonical",
            Self::WrongContent => "endorsement-wrong-content",
            Self::Chain(error) => error.code(),
            Self::Malformed => "endorsement-malformed",
            Self::BadSignature => "endorsement-bad-signature",
            Self::Cms(error) => error.code(),
            Self::WrongSigner => "endorsement-wrong-signer",
            Self::Batch => "endorsement-bad-batch",
            Self::NotSigned => "endorsement-not-signed",
        }
    }
}

impl From<ChainError> for EndorsementError {
    fn from(error: ChainError) -> Self {
        Self::Chain(error)
    }
}

impl From<CmsError> for EndorsementError {
    fn from(error: CmsError) -> Self {
        match error {
            CmsError::Chain(error) => Self::Chain(error),
            CmsError::WrongContent => Self::WrongContent,
            CmsError::BadSignature => Self::BadSignature,
            other => Self::Cms(other),
        }
    }
}

/// In which form a card answered. Left out where it is raw, so that what was signed and stored before reads the same.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum SignatureForm {
    /// The bare signature: R‖S or PKCS#1 v1.5.
    #[default]
    Raw,
    /// A signed message (CMS SignedData, DER) that holds the signed bytes or leaves them out.
    Pkcs7,
}

impl SignatureForm {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
    fn is_raw(&self) -> bool {
        *self == Self::Raw
    }
}

/// The bytes that a card signs to endorse `content`: the line `datawarden/endorsement/v1`, a line break, RFC 8785.
pub fn endorsement_bytes<T: Serialize + ?Sized>(content: &T) -> Result<Vec<u8>, EndorsementError> {
    prefixed(SINGLE, content)
}

/// The bytes that a card signs for an ordered list of salted digests.
pub fn batch_bytes(digests: &[String]) -> Result<Vec<u8>, EndorsementError> {
    let mut seen = std::collections::HashSet::new();
    let all_digests = digests.iter().all(|digest| {
        digest.len() == 64
            && digest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
            && seen.insert(digest)
    });
    if digests.is_empty() || digests.len() > MAX_BATCH || !all_digests {
        return Err(EndorsementError::Batch);
    }
    prefixed(BATCH, digests)
}

/// SHA-256 (hexadecimal) over a line of its own, the salt and the canonical bytes of `content`. Says nothing about
/// the content once the salt is gone.
pub fn salted_digest<T: Serialize + ?Sized>(
    content: &T,
    salt: &[u8; 32],
) -> Result<String, EndorsementError> {
    let head = [SALTED, salt].concat();
    Ok(canonical::sha256_hex(&prefixed(&head, content)?))
}

fn prefixed<T: Serialize + ?Sized>(head: &[u8], content: &T) -> Result<Vec<u8>, EndorsementError> {
    let mut bytes = head.to_vec();
    bytes.extend(canonical::bytes(&content).map_err(|_| EndorsementError::Content)?);
    Ok(bytes)
}

/// A card's signature with what is needed to check it years later. The moment is asserted by the service that took
/// it, not by the card; the log dates it independently.
struct Seal {
    certificate: Vec<String>,
    algorithm: SignatureAlgorithm,
    signature: String,
}

impl Seal {
    fn make(card: &dyn CardSigner, bytes: &[u8]) -> Result<Self, EndorsementError> {
        let answer = card.sign(bytes).map_err(|_| EndorsementError::NotSigned)?;
        Ok(Self {
            certificate: to_x5c(card.chain_der()),
            algorithm: answer.algorithm,
            signature: STANDARD.encode(answer.signature),
        })
    }
}

/// A seal as it came: chain, algorithm, form, signature.
type Sealed<'a> = (&'a [String], SignatureAlgorithm, SignatureForm, &'a str);

fn check_seal(
    (certificate, algorithm, form, signature): Sealed<'_>,
    bytes: &[u8],
    (anchors, at, usage): (&TrustAnchors, Instant, Usage),
) -> Result<CertificateIdentity, EndorsementError> {
    let chain = from_x5c(certificate).ok_or(EndorsementError::Malformed)?;
    let signature = STANDARD.decode(signature).map_err(|_| EndorsementError::Malformed)?;
    match form {
        SignatureForm::Raw => {
            let identity = verify_chain(&chain, anchors, at, usage)?;
            let good = identity.public_key.verify(algorithm, bytes, &signature);
            good.map_err(|_| EndorsementError::BadSignature).map(|()| identity)
        }
        SignatureForm::Pkcs7 => {
            let leaf = chain.first().ok_or(ChainError::Empty)?;
            let identity = cms::verify(&cms::parse(&signature)?, bytes, &chain, (anchors, at, usage))?;
            let named = thumbprint(leaf) == identity.thumbprint_sha256
                && algorithm == identity.public_key.algorithm();
            if named { Ok(identity) } else { Err(EndorsementError::WrongSigner) }
        }
    }
}

/// An endorsement of one content.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Endorsement {
    /// SHA-256 of the signed bytes, hexadecimal.
    pub content_digest: String,
    /// The card's chain: base64 DER, the card's own certificate first.
    pub certificate: Vec<String>,
    /// The algorithm.
    pub algorithm: SignatureAlgorithm,
    /// In which form the card answered.
    #[serde(default, skip_serializing_if = "SignatureForm::is_raw")]
    pub form: SignatureForm,
    /// The signature, base64: R‖S or PKCS#1 v1.5; as PKCS#7 the whole signed message.
    pub signature: String,
    /// When the service took it. Not under the signature.
    #[schema(value_type = String, format = DateTime)]
    pub signed_at: Instant,
}

impl Endorsement {
    /// Endorses `content` with a card at hand.
    pub fn sign<T: Serialize + ?Sized>(
        card: &dyn CardSigner,
        content: &T,
        at: Instant,
    ) -> Result<Self, EndorsementError> {
        let bytes = endorsement_bytes(content)?;
        let seal = Seal::make(card, &bytes)?;
        Ok(Self {
            content_digest: canonical::sha256_hex(&bytes),
            certificate: seal.certificate,
            algorithm: seal.algorithm,
            form: SignatureForm::Raw,
            signature: seal.signature,
            signed_at: at,
        })
    }

    /// Verifies the endorsement of `content` by a citizen card that was good at `at`.
    pub fn verify<T: Serialize + ?Sized>(
        &self,
        content: &T,
        anchors: &TrustAnchors,
        at: Instant,
    ) -> Result<CertificateIdentity, EndorsementError> {
        self.verify_as(content, anchors, at, Usage::CitizenSignature)
    }

    /// As [`Self::verify`], for another kind of certificate: an agency's act (I3.6).
    pub fn verify_as<T: Serialize + ?Sized>(
        &self,
        content: &T,
        anchors: &TrustAnchors,
        at: Instant,
        usage: Usage,
    ) -> Result<CertificateIdentity, EndorsementError> {
        let bytes = endorsement_bytes(content)?;
        if canonical::sha256_hex(&bytes) != self.content_digest {
            return Err(EndorsementError::WrongContent);
        }
        let seal = (&*self.certificate, self.algorithm, self.form, &*self.signature);
        check_seal(seal, &bytes, (anchors, at, usage))
    }
}

/// One signature over an ordered list of salted digests. Each document is checked with its own salt, and erased by
/// destroying it, without the others.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchEndorsement {
    /// [`salted_digest`] of each document, in order; none twice, at most 1,000.
    pub digests: Vec<String>,
    /// The card's chain: base64 DER, the card's own certificate first.
    pub certificate: Vec<String>,
    /// The algorithm.
    pub algorithm: SignatureAlgorithm,
    /// In which form the card answered.
    #[serde(default, skip_serializing_if = "SignatureForm::is_raw")]
    pub form: SignatureForm,
    /// The signature, base64: R‖S or PKCS#1 v1.5; as PKCS#7 the whole signed message.
    pub signature: String,
    /// When the service took it. Not under the signature.
    #[schema(value_type = String, format = DateTime)]
    pub signed_at: Instant,
}

impl BatchEndorsement {
    /// Endorses the documents behind `digests` with a card at hand.
    pub fn sign(card: &dyn CardSigner, digests: Vec<String>, at: Instant) -> Result<Self, EndorsementError> {
        let seal = Seal::make(card, &batch_bytes(&digests)?)?;
        Ok(Self {
            digests,
            certificate: seal.certificate,
            algorithm: seal.algorithm,
            form: SignatureForm::Raw,
            signature: seal.signature,
            signed_at: at,
        })
    }

    /// Verifies the signature over the list, by a citizen card that was good at `at`.
    pub fn verify_list(
        &self,
        anchors: &TrustAnchors,
        at: Instant,
    ) -> Result<CertificateIdentity, EndorsementError> {
        let bytes = batch_bytes(&self.digests)?;
        let seal = (&*self.certificate, self.algorithm, self.form, &*self.signature);
        check_seal(seal, &bytes, (anchors, at, Usage::CitizenSignature))
    }

    /// Verifies that `content` with `salt` is among what was endorsed.
    pub fn verify<T: Serialize + ?Sized>(
        &self,
        content: &T,
        salt: &[u8; 32],
        anchors: &TrustAnchors,
        at: Instant,
    ) -> Result<CertificateIdentity, EndorsementError> {
        let digest = salted_digest(content, salt)?;
        if !self.digests.contains(&digest) {
            return Err(EndorsementError::WrongContent);
        }
        self.verify_list(anchors, at)
    }
}
