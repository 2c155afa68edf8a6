//! Why a signed message is refused: one variant and one stable code per failure.

use crate::certificate::CertificateError;
use crate::chain::ChainError;
use crate::der::read::BadDer;

/// Why a signed message is refused or cannot be made. Texts hold nothing of content or signer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CmsError {
    /// Larger than any card component's answer.
    #[error("the signed message is too large")]
    TooLarge,
    /// No DER, BER, a value missing or too many, trailing bytes.
    #[error("not a signed message in DER")]
    Malformed,
    /// A message of another kind: enveloped, digested …
    #[error("the message is not signed data")]
    NotSignedData,
    /// A version of message or signer that is not known.
    #[error("the message has a version that is not known")]
    Version,
    /// The content is of another kind than plain data.
    #[error("the content is not plain data")]
    ContentType,
    /// The content is neither in the message nor handed in.
    #[error("the message does not hold its content")]
    NoContent,
    /// The content is not what was to be signed.
    #[error("the content is not what was to be signed")]
    WrongContent,
    /// Nobody signed.
    #[error("nobody signed the message")]
    NoSigner,
    /// More than one signer.
    #[error("more than one signed the message")]
    SeveralSigners,
    /// Revocation lists are in the message: they come from their authority alone.
    #[error("the message holds revocation lists")]
    RevocationLists,
    /// Something beside the signature that nobody signed.
    #[error("the message holds attributes that nobody signed")]
    UnsignedAttributes,
    /// A certificate of another kind than X.509.
    #[error("the message holds a certificate of another kind")]
    ForeignCertificate,
    /// More certificates than a chain may have.
    #[error("the message holds too many certificates")]
    TooManyCertificates,
    /// No certificate is the one that the signer names.
    #[error("the signer's certificate is missing")]
    SignerUnknown,
    /// Two different certificates are what the signer names.
    #[error("two certificates are what the signer names")]
    SignerAmbiguous,
    /// The signer's certificate is refused.
    #[error("the signer's certificate is refused")]
    Chain(#[source] ChainError),
    /// The digest is not that of the signer's key, SHA-256 or SHA-384, or not listed.
    #[error("the digest algorithm is not accepted for this key")]
    DigestAlgorithm,
    /// The signature algorithm is not that of the signer's key.
    #[error("the signature algorithm is not accepted for this key")]
    SignatureAlgorithm,
    /// Signed attributes out of the one order that DER has.
    #[error("the signed attributes are out of order")]
    AttributeOrder,
    /// An attribute twice, or with another number of values than one.
    #[error("a signed attribute is there twice or has not one value")]
    AttributeValues,
    /// The content type or the digest of the content is not among the signed attributes.
    #[error("a signed attribute is missing")]
    AttributeMissing,
    /// The signed content type is not that of the message.
    #[error("the signed content type is not plain data")]
    AttributeContentType,
    /// The signed digest is not that of the content.
    #[error("the signed digest is not that of the content")]
    MessageDigest,
    /// The signing time cannot be read, lies in the future or outside the certificate's validity.
    #[error("the signing time makes no sense")]
    SigningTime,
    /// The signature is wrong.
    #[error("the signature is wrong")]
    BadSignature,
    /// The card did not sign.
    #[error("the card did not sign")]
    NotSigned,
}

impl CmsError {
    /// The stable code, for problem types and counters.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "cms-too-large",
            Self::Malformed => "cms-malformed",
            Self::NotSignedData => "cms-not-signed-data",
            Self::Version => "cms-unknown-version",
            Self::ContentType => "cms-wrong-content-type",
            Self::NoContent => "cms-no-content",
            Self::WrongContent => "cms-wrong-content",
            Self::NoSigner => "cms-no-signer",
            Self::SeveralSigners => "cms-several-signers",
            Self::RevocationLists => "cms-revocation-lists",
            Self::UnsignedAttributes => "cms-unsigned-attributes",
            Self::ForeignCertificate => "cms-foreign-certificate",
            Self::TooManyCertificates => "cms-too-many-certificates",
            Self::SignerUnknown => "cms-signer-unknown",
            Self::SignerAmbiguous => "cms-signer-ambiguous",
            Self::Chain(error) => error.code(),
            Self::DigestAlgorithm => "cms-digest-algorithm",
            Self::SignatureAlgorithm => "cms-signature-algorithm",
            Self::AttributeOrder => "cms-attribute-order",
            Self::AttributeValues => "cms-attribute-values",
            Self::AttributeMissing => "cms-attribute-missing",
            Self::AttributeContentType => "cms-attribute-content-type",
            Self::MessageDigest => "cms-message-digest",
            Self::SigningTime => "cms-signing-time",
            Self::BadSignature => "cms-bad-signature",
            Self::NotSigned => "cms-not-signed",
        }
    }
}

impl From<BadDer> for CmsError {
    fn from(_: BadDer) -> Self {
        Self::Malformed
    }
}

impl From<ChainError> for CmsError {
    fn from(error: ChainError) -> Self {
        Self::Chain(error)
    }
}

impl From<CertificateError> for CmsError {
    fn from(error: CertificateError) -> Self {
        Self::Chain(error.into())
    }
}
