//! Why a chain is refused: one variant and one stable code per failure.

use crate::certificate::CertificateError;

/// Why a chain is refused. Texts hold nothing of the certificate's subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// No certificate was handed in.
    #[error("no certificate")]
    Empty,
    /// More certificates than a chain may have.
    #[error("too many certificates")]
    TooMany,
    /// A certificate, or its base64, cannot be read.
    #[error("a certificate cannot be read")]
    Malformed,
    /// A key of no accepted kind, or RSA below 2048 bits.
    #[error("a certificate's key is of no accepted kind or too short")]
    WeakKey,
    /// A signature algorithm that is not accepted (SHA-1 among them), or two that differ.
    #[error("a certificate is signed with an algorithm that is not accepted")]
    WeakAlgorithm,
    /// A certificate names no issuer key id: the issuer would have to be guessed by its name.
    #[error("a certificate names no issuer key id")]
    NoIssuerKeyId,
    /// No certificate of the chain and no anchor for this purpose has the issuer's key id and name.
    #[error("the issuer is not known here")]
    UnknownIssuer,
    /// The issuer's key did not sign the certificate.
    #[error("a certificate's signature is wrong")]
    BadSignature,
    /// A certificate of the path is not valid yet.
    #[error("a certificate is not yet valid")]
    NotYetValid,
    /// A certificate of the path is no longer valid.
    #[error("a certificate has expired")]
    Expired,
    /// An issuer is no authority, or may not sign certificates.
    #[error("an issuer is no certificate authority")]
    NotAnAuthority,
    /// A path is longer than an authority allows, or than is looked at.
    #[error("the path is too long")]
    PathTooLong,
    /// A critical extension that is not understood here.
    #[error("a certificate has a critical extension that is not understood")]
    UnknownCriticalExtension,
    /// An authority's certificate in the place of an end entity's.
    #[error("an authority's certificate cannot stand for a person, agency or service")]
    LeafIsAuthority,
    /// The key is not for signatures, as an encryption certificate's.
    #[error("the certificate is not for signatures")]
    WrongKeyUsage,
    /// The extended key usage does not hold what is wanted.
    #[error("the certificate is not for this kind of connection")]
    WrongExtendedKeyUsage,
    /// A person's certificate where an agency's is wanted, and the like.
    #[error("the certificate belongs to another kind of subject")]
    WrongSubjectType,
    /// The certificate lacks the policy that is asked for.
    #[error("the certificate lacks the required policy")]
    MissingPolicy,
    /// An authority of the path names policies, and the required one is not among them.
    #[error("an authority of the path does not stand for the required policy")]
    PolicyNotInPath,
    /// A name that an authority above does not permit, or excludes.
    #[error("a certificate holds a name that its authority may not give")]
    NameNotPermitted,
    /// A constraint on names of a form that is not understood.
    #[error("an authority constrains names in a form that is not understood")]
    UnsupportedNameConstraint,
    /// A certificate of the path is revoked.
    #[error("a certificate is revoked")]
    Revoked,
    /// There is no revocation list of an issuer and no answer about the certificate.
    #[error("the revocation status is not known at present")]
    RevocationUnknown,
    /// The revocation list of an issuer is too old.
    #[error("the revocation list at hand is too old")]
    RevocationStale,
}

impl ChainError {
    /// The stable code, for problem types and counters.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "certificate-missing",
            Self::TooMany => "certificate-too-many",
            Self::Malformed => "certificate-malformed",
            Self::WeakKey => "certificate-weak-key",
            Self::WeakAlgorithm => "certificate-weak-algorithm",
            Self::NoIssuerKeyId => "certificate-no-issuer-key-id",
            Self::UnknownIssuer => "certificate-unknown-issuer",
            Self::BadSignature => "certificate-bad-signature",
            Self::NotYetValid => "certificate-not-yet-valid",
            Self::Expired => "certificate-expired",
            Self::NotAnAuthority => "certificate-issuer-no-authority",
            Self::PathTooLong => "certificate-path-too-long",
            Self::UnknownCriticalExtension => "certificate-unknown-critical-extension",
            Self::LeafIsAuthority => "certificate-is-authority",
            Self::WrongKeyUsage => "certificate-wrong-key-usage",
            Self::WrongExtendedKeyUsage => "certificate-wrong-extended-key-usage",
            Self::WrongSubjectType => "certificate-wrong-subject-type",
            Self::MissingPolicy => "certificate-missing-policy",
            Self::PolicyNotInPath => "certificate-policy-not-in-path",
            Self::NameNotPermitted => "certificate-name-not-permitted",
            Self::UnsupportedNameConstraint => "certificate-unsupported-name-constraint",
            Self::Revoked => "certificate-revoked",
            Self::RevocationUnknown => "certificate-revocation-unknown",
            Self::RevocationStale => "certificate-revocation-stale",
        }
    }
}

impl From<CertificateError> for ChainError {
    fn from(error: CertificateError) -> Self {
        match error {
            CertificateError::Malformed => Self::Malformed,
            CertificateError::WeakKey => Self::WeakKey,
        }
    }
}
