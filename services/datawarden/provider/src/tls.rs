//! Mutual TLS: the simulator's own certificate, and whose clients it talks to.

use std::sync::Arc;

use identity::{Credential, DevPki, PkiError, Purpose};
use kernel::Instant;
use rustls::crypto::aws_lc_rs;
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// Certificates or keys that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// An authority or the own chain and key cannot be used.
    #[error("a certificate or key cannot be used for TLS")]
    Certificate(#[from] rustls::Error),
    /// No client could be verified.
    #[error("clients cannot be verified with these authorities")]
    Verifier(#[from] VerifierBuilderError),
    /// The development PKI issues no certificate.
    #[error("the development PKI issues no server certificate")]
    Issue(#[from] PkiError),
}

/// What the simulator's TLS needs.
#[derive(Debug, Clone)]
pub struct ProviderTls {
    /// The simulator's certificate chain and key.
    pub server: Credential,
    /// Authorities (DER) whose client certificates are accepted.
    pub client_authorities: Vec<Vec<u8>>,
}

impl ProviderTls {
    /// A certificate of `pki` for `hosts` (DNS names and IP addresses); clients are those of its internal and agency
    /// authorities.
    ///
    /// # Errors
    /// When a host cannot stand in a certificate.
    pub fn from_pki(pki: &DevPki, hosts: &[&str], now: Instant) -> Result<Self, TlsError> {
        let accepted = [Purpose::Internal, Purpose::Agency];
        Ok(Self {
            server: pki.issue_server(hosts, now)?,
            client_authorities: accepted.into_iter().map(|p| pki.authority_der(p).to_vec()).collect(),
        })
    }

    pub(crate) fn server_config(&self) -> Result<ServerConfig, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        for authority in &self.client_authorities {
            roots.add(CertificateDer::from(authority.clone()))?;
        }
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build()?;
        let chain = self.server.chain_der().iter().cloned().map(CertificateDer::from).collect();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.server.key_pkcs8_der().to_vec()));
        Ok(ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)?)
    }
}
