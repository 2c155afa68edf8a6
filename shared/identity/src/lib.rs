//! Who acts, and how that is proved: roles and principals, certificates and their chains, tokens of people and
//! services, login assertions, endorsements (核章) and signed events.
//!
//! Everything is certificate-backed: there is no shared secret anywhere. Roots, object identifiers and usages are
//! data ([`TrustAnchors`], [`Profile`]); the development PKI ([`DevPki`]) mirrors the government's profile, so that
//! the real authorities are a drop-in.
//!
//! No function here tells the time: each is handed `now`. What a card signs at login (a JWS signing input, which
//! never holds a line break) and what it signs as an endorsement (bytes that begin with a line of their own) can
//! never pass for each other.

pub mod anchor_files;
pub mod assertion;
mod cache;
pub mod card;
pub mod certificate;
pub mod chain;
pub mod cms;
pub mod credential;
pub mod crl;
mod der;
pub mod endorsement;
pub mod event;
pub mod examine;
pub mod jwk;
pub mod jws;
pub mod ocsp;
pub mod pki;
pub mod principal;
pub mod record;
pub mod revocation;
pub mod role;
pub mod signature;
mod signers;
pub mod stream;
#[cfg(test)]
mod tests;
pub mod token;
pub mod verifier;

pub use assertion::{
    AssertionError, AssertionKind, AssertionRequest, VerifiedAssertion, assertion_signing_input,
    sign_assertion, verify_assertion, verify_pkcs7_assertion,
};
pub use card::{CardError, CardSignature, CardSigner, SoftCard};
pub use certificate::{Certificate, CertificateIdentity, CertificateKind, Profile};
pub use chain::{ChainError, ChainVerifier, Purpose, TrustAnchors, Usage, verify_chain};
pub use cms::{CmsError, SignedDataOptions, sign_signed_data, verify_signed_data};
pub use credential::{Credential, CredentialError};
pub use crl::{Crl, CrlError};
pub use endorsement::{BatchEndorsement, Endorsement, EndorsementError, SignatureForm, salted_digest};
pub use event::{EventContent, EventError, EventSignature, EventSigner, EventVerifier};
pub use jwk::Jwk;
pub use ocsp::{OcspAnswer, OcspError, OcspRequest, OcspStatus};
pub use pki::{CardHolder, DevPki, KeyKind, PkiError};
pub use principal::{Principal, PrincipalKind};
pub use record::{EndorsementBundle, EndorsementRecord, EvidenceKind, SignedEndorsement};
pub use revocation::{
    NoRevocation, RevocationAnswer, RevocationEvidence, RevocationList, RevocationQuery, RevocationSource,
    RevocationStatus, RevocationStore,
};
pub use role::Role;
pub use signature::{PublicKey, SignatureAlgorithm};
pub use stream::{StreamSigner, StreamVerifier};
pub use token::{AccessGrant, Confirmation, ServiceSigner, TokenError, TokenIssuer};
pub use verifier::TokenVerifier;
