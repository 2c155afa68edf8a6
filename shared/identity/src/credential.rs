//! A certificate chain with its private key.

use std::fmt;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use crate::certificate::{Certificate, CertificateError, thumbprint, to_x5c};
use crate::signature::{BadKey, SignatureAlgorithm, SigningKey};

/// Why a credential cannot be had. Never holds key material.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// A file cannot be read or written.
    #[error("the file {path} cannot be used")]
    File {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file holds no PEM of the wanted kind.
    #[error("the file {path} holds no PEM of the wanted kind")]
    Pem {
        /// Which file.
        path: String,
    },
    /// The leaf certificate cannot be read.
    #[error("the certificate cannot be used")]
    Certificate(#[source] CertificateError),
    /// The key is of no accepted kind.
    #[error("the private key cannot be used")]
    Key(#[source] BadKey),
    /// There is no certificate, or the key is not the certificate's.
    #[error("the private key does not belong to the certificate")]
    Mismatch,
}

struct Secret {
    pkcs8: Zeroizing<Vec<u8>>,
    key: SigningKey,
}

/// A certificate chain (the leaf first) with the leaf's private key. Clones share the key; it is wiped on drop.
#[derive(Clone)]
pub struct Credential {
    chain_der: Arc<[Vec<u8>]>,
    leaf: Arc<Certificate>,
    secret: Arc<Secret>,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("certificate", &self.leaf.subject()).finish_non_exhaustive()
    }
}

impl Credential {
    /// Joins a chain (DER, the leaf first) and the leaf's PKCS#8 key; refuses a key that is not the leaf's.
    pub fn new(chain_der: Vec<Vec<u8>>, key_pkcs8_der: Vec<u8>) -> Result<Self, CredentialError> {
        let pkcs8 = Zeroizing::new(key_pkcs8_der);
        let leaf = chain_der.first().ok_or(CredentialError::Mismatch)?;
        let leaf = Certificate::parse(leaf).map_err(CredentialError::Certificate)?;
        let key = SigningKey::from_pkcs8(&pkcs8).map_err(CredentialError::Key)?;
        let probe = key.sign(b"probe").map_err(CredentialError::Key)?;
        leaf.public_key.verify(key.algorithm(), b"probe", &probe).map_err(|_| CredentialError::Mismatch)?;
        Ok(Self {
            chain_der: chain_der.into(),
            leaf: Arc::new(leaf),
            secret: Arc::new(Secret { pkcs8, key }),
        })
    }

    /// Loads a chain and a PKCS#8 key from PEM files.
    pub fn from_pem_files(certificates: &Path, key: &Path) -> Result<Self, CredentialError> {
        let bad = |path: &Path| CredentialError::Pem { path: path.display().to_string() };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&read(certificates)?)
            .map(|der| der.map(|der| der.to_vec()))
            .collect::<Result<_, _>>()
            .map_err(|_| bad(certificates))?;
        let secret = PrivatePkcs8KeyDer::from_pem_slice(&Zeroizing::new(read(key)?)).map_err(|_| bad(key))?;
        if chain.is_empty() {
            return Err(bad(certificates));
        }
        Self::new(chain, secret.secret_pkcs8_der().to_vec())
    }

    /// Saves chain and key as PEM, readable by the owner alone (mode 0600).
    pub fn save_pem_files(&self, certificates: &Path, key: &Path) -> Result<(), CredentialError> {
        let chain: String = self.chain_der.iter().map(|der| pem("CERTIFICATE", der)).collect();
        write_private(key, &Zeroizing::new(pem("PRIVATE KEY", &self.secret.pkcs8)))?;
        write_private(certificates, &chain)
    }

    /// The chain in DER, the leaf first.
    pub fn chain_der(&self) -> &[Vec<u8>] {
        &self.chain_der
    }

    /// The private key in PKCS#8 DER, for TLS. Never log it.
    pub fn key_pkcs8_der(&self) -> &[u8] {
        &self.secret.pkcs8
    }

    /// The chain as `x5c` (RFC 7515 §4.1.6).
    pub fn x5c(&self) -> Vec<String> {
        to_x5c(&self.chain_der)
    }

    /// `x5t#S256` of the leaf.
    pub fn thumbprint(&self) -> String {
        self.chain_der.first().map(|der| thumbprint(der)).unwrap_or_default()
    }

    /// The facts of the leaf.
    pub fn certificate(&self) -> &Certificate {
        &self.leaf
    }

    /// The algorithm in which the key signs.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.secret.key.algorithm()
    }

    /// Signs `bytes`; the signature has the shape of JOSE.
    pub fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, BadKey> {
        self.secret.key.sign(bytes)
    }

    /// As [`Self::sign`] for a digest that was taken elsewhere: SHA-256 (P-256, RSA) or SHA-384 (P-384); one of another
    /// length is refused.
    pub fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, BadKey> {
        self.secret.key.sign_digest(digest)
    }
}

/// PEM (RFC 7468) of some DER.
pub fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push('\n');
    }
    for part in ["-----END ", label, "-----\n"] {
        out.push_str(part);
    }
    out
}

fn read(path: &Path) -> Result<Vec<u8>, CredentialError> {
    std::fs::read(path).map_err(|source| CredentialError::File { path: path.display().to_string(), source })
}

pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), CredentialError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let failed = |source| CredentialError::File { path: path.display().to_string(), source };
    let mut file = options.open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}
