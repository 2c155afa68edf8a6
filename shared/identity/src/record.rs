//! What is kept of an endorsement, so that it stands years later: the signature with its chain, the moment when a service
//! took it, and what said then that no certificate was revoked, by digest. The record's own digest is what the governance
//! log holds: it covers all of that.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::{Instant, canonical};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::certificate::from_x5c;
use crate::chain::Usage;
use crate::cms;
use crate::endorsement::{self, BatchEndorsement, Endorsement, EndorsementError, SignatureForm};
use crate::revocation::RevocationEvidence;

/// Kinds of revocation evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EvidenceKind {
    /// A certificate revocation list (RFC 5280).
    List,
    /// An OCSP response (RFC 6960).
    Response,
}

impl EvidenceKind {
    /// The word that tables and documents carry.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Response => "response",
        }
    }
}

/// A piece of revocation evidence, by digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceName {
    /// What it is.
    pub kind: EvidenceKind,
    /// SHA-256 of its DER, hexadecimal.
    pub digest: String,
}

impl From<RevocationEvidence> for EvidenceName {
    fn from(evidence: RevocationEvidence) -> Self {
        let (kind, digest) = match evidence {
            RevocationEvidence::List(digest) => (EvidenceKind::List, digest),
            RevocationEvidence::Response(digest) => (EvidenceKind::Response, digest),
        };
        Self { kind, digest: hex::encode(digest) }
    }
}

/// A signature over one content, or over an ordered list of salted digests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum SignedEndorsement {
    /// One content.
    One(Endorsement),
    /// A list of salted digests.
    Many(BatchEndorsement),
}

impl SignedEndorsement {
    /// SHA-256 of the signed bytes, hexadecimal.
    pub fn content_digest(&self) -> Result<String, EndorsementError> {
        match self {
            Self::One(one) => Ok(one.content_digest.clone()),
            Self::Many(many) => Ok(canonical::sha256_hex(&endorsement::batch_bytes(&many.digests)?)),
        }
    }

    /// Every certificate that came with it, in DER, the card's own first: a signed message may hold more of the chain.
    pub(crate) fn chain(&self) -> Option<Vec<Vec<u8>>> {
        let (certificate, form, signature) = match self {
            Self::One(one) => (&one.certificate, one.form, &one.signature),
            Self::Many(many) => (&many.certificate, many.form, &many.signature),
        };
        let mut chain = from_x5c(certificate)?;
        if form == SignatureForm::Pkcs7 {
            let signature = STANDARD.decode(signature).ok()?;
            for der in cms::parse(&signature).ok()?.certificates {
                if !chain.iter().any(|known| known == der) {
                    chain.push(der.to_vec());
                }
            }
        }
        Some(chain)
    }

    /// Takes `at` for the moment when the service took it, whatever its sender wrote.
    #[must_use]
    pub fn taken_at(mut self, at: Instant) -> Self {
        match &mut self {
            Self::One(one) => one.signed_at = at,
            Self::Many(many) => many.signed_at = at,
        }
        self
    }
}

impl From<Endorsement> for SignedEndorsement {
    fn from(one: Endorsement) -> Self {
        Self::One(one)
    }
}

impl From<BatchEndorsement> for SignedEndorsement {
    fn from(many: BatchEndorsement) -> Self {
        Self::Many(many)
    }
}

/// What is kept of an endorsement that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndorsementRecord {
    /// What the certificate was wanted for.
    pub usage: Usage,
    /// When the service took it, after it had checked it.
    #[schema(value_type = String, format = DateTime)]
    pub accepted_at: Instant,
    /// What said that no certificate of its path was revoked. Empty where the service had no source of revocations.
    pub evidence: Vec<EvidenceName>,
    /// The endorsement.
    pub endorsement: SignedEndorsement,
}

impl EndorsementRecord {
    /// SHA-256 (hexadecimal) of its canonical bytes: what the governance log holds.
    pub fn digest(&self) -> Result<String, EndorsementError> {
        let bytes = canonical::bytes(self).map_err(|_| EndorsementError::Content)?;
        Ok(canonical::sha256_hex(&bytes))
    }
}

/// A piece of revocation evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceDocument {
    /// What it is.
    pub kind: EvidenceKind,
    /// SHA-256 of its DER, hexadecimal.
    pub digest: String,
    /// DER, base64.
    pub der: String,
}

impl EvidenceDocument {
    /// The evidence `der`.
    pub fn new(kind: EvidenceKind, der: &[u8]) -> Self {
        Self { kind, digest: canonical::sha256_hex(der), der: STANDARD.encode(der) }
    }

    /// Its bytes, if they are those that its digest names.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let der = STANDARD.decode(&self.der).ok()?;
        (canonical::sha256_hex(&der) == self.digest).then_some(der)
    }
}

/// Everything about one endorsement, to be checked offline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndorsementBundle {
    /// The record's digest: `digests.act` of its entry in the governance log.
    pub digest: String,
    /// The record.
    pub record: EndorsementRecord,
    /// What was signed; null where it is erased or kept elsewhere. Of a list the signed bytes are the list itself.
    pub content: Option<Value>,
    /// The evidence that the record names.
    pub evidence: Vec<EvidenceDocument>,
}

/// The endorsements with one digest: most are one, two persons may endorse the same content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EndorsementBundles {
    /// Each with everything that a check needs but the log.
    pub items: Vec<EndorsementBundle>,
}
