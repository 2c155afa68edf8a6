//! The seam to a card. A real card sits behind the browser's card component; the soft card is a [`Credential`].

use crate::credential::Credential;
use crate::signature::SignatureAlgorithm;

/// The card did not sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// The card's key cannot sign, or the holder cancelled.
    #[error("the card did not sign")]
    NotSigned,
}

/// What a card answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardSignature {
    /// The algorithm, fixed by the card's key.
    pub algorithm: SignatureAlgorithm,
    /// The signature: R‖S or PKCS#1 v1.5. An ECDSA answer in DER is turned by
    /// [`crate::signature::ecdsa_from_der`] first.
    pub signature: Vec<u8>,
}

/// Signs bytes with the key of a card.
pub trait CardSigner: Send + Sync {
    /// Signs `bytes` (the card hashes them).
    fn sign(&self, bytes: &[u8]) -> Result<CardSignature, CardError>;
    /// The card's chain in DER, the card's own certificate first.
    fn chain_der(&self) -> &[Vec<u8>];
    /// The algorithm of the card's key, needed before signing a login.
    fn algorithm(&self) -> SignatureAlgorithm;
}

/// A card whose key is in memory: development, tests, the sample city.
#[derive(Debug, Clone)]
pub struct SoftCard(Credential);

impl SoftCard {
    /// A card with this certificate and key.
    pub fn new(credential: Credential) -> Self {
        Self(credential)
    }

    /// Its certificate and key.
    pub fn credential(&self) -> &Credential {
        &self.0
    }
}

impl From<Credential> for SoftCard {
    fn from(credential: Credential) -> Self {
        Self(credential)
    }
}

impl CardSigner for SoftCard {
    fn sign(&self, bytes: &[u8]) -> Result<CardSignature, CardError> {
        CardSigner::sign(&self.0, bytes)
    }

    fn chain_der(&self) -> &[Vec<u8>] {
        self.0.chain_der()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }
}

impl CardSigner for Credential {
    fn sign(&self, bytes: &[u8]) -> Result<CardSignature, CardError> {
        let signature = Credential::sign(self, bytes).map_err(|_| CardError::NotSigned)?;
        Ok(CardSignature { algorithm: Credential::algorithm(self), signature })
    }

    fn chain_der(&self) -> &[Vec<u8>] {
        Credential::chain_der(self)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        Credential::algorithm(self)
    }
}
