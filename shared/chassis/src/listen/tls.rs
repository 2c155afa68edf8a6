//! TLS as a server: the certificate of the moment, and clients that prove one of an agency or of the suite (RFC 8705 §2.1).
//! A client without a certificate gets in: what it may do its token says, and a token that is bound needs the certificate.

use std::fmt;
use std::sync::Arc;

use actix_web::rt::net::TcpStream;
use chrono::DateTime;
use identity::certificate::thumbprint;
use identity::{Credential, TrustAnchors, Usage, verify_chain};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use tokio_rustls::server::TlsStream;

use crate::keys::KeyRing;

/// A server's configuration: the key ring's certificate of the moment, clients by `anchors`, HTTP/1.1.
pub(crate) fn server_config(keys: Arc<KeyRing>, anchors: TrustAnchors) -> anyhow::Result<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let clients = Clients { anchors, provider: provider.clone() };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::new(clients))
        .with_cert_resolver(Arc::new(Present(keys)));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// A chain with its key, as rustls wants it.
pub(crate) fn certified(credential: &Credential) -> anyhow::Result<CertifiedKey> {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(credential.key_pkcs8_der().to_vec()));
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key)?;
    let chain = credential.chain_der().iter().cloned().map(CertificateDer::from).collect();
    Ok(CertifiedKey::new(chain, key))
}

/// `x5t#S256` of the certificate that the client proved.
pub(super) fn client_thumbprint(io: &TlsStream<TcpStream>) -> Option<String> {
    io.get_ref().1.peer_certificates()?.first().map(|der| thumbprint(der))
}

/// The certificate of the moment: a renewed one counts from the next handshake on.
struct Present(Arc<KeyRing>);

impl fmt::Debug for Present {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Present")
    }
}

impl ResolvesServerCert for Present {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.present().tls.clone())
    }
}

/// Whose client certificates hold: agencies' and the suite's services', by the same rules as everywhere (chain by key
/// id, usage, policy, revocation).
#[derive(Debug)]
struct Clients {
    anchors: TrustAnchors,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for Clients {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let chain: Vec<Vec<u8>> =
            std::iter::once(end_entity).chain(intermediates).map(|der| der.to_vec()).collect();
        let at = i64::try_from(now.as_secs()).ok().and_then(|s| DateTime::from_timestamp(s, 0));
        let at = at.ok_or(Error::General("the clock is off".to_owned()))?;
        verify_chain(&chain, &self.anchors, at, Usage::AgencyClient)
            .or_else(|agency| {
                verify_chain(&chain, &self.anchors, at, Usage::ServiceSignature).map_err(|_| agency)
            })
            .map(|_| ClientCertVerified::assertion())
            .map_err(|error| {
                tracing::info!(code = error.code(), "TLS client certificate refused");
                Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)
            })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
