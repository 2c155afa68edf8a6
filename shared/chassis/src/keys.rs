//! What a service proves itself with: its certificate and key, for tokens to other services, for events and for TLS. They
//! are read again when their files change, so a renewed certificate needs no restart.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context as _;
use identity::{Credential, EventSigner, ServiceSigner};
use kernel::canonical;
use rustls::sign::CertifiedKey;

use crate::listen::tls::certified;
use crate::settings;

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(5);

/// One certificate and everything made of it.
pub struct Keys {
    /// Signs tokens to other services.
    pub signer: ServiceSigner,
    /// Signs events.
    pub events: EventSigner,
    /// Asks the suite's services, with the certificate as TLS client certificate; trusts the suite's own authority alone.
    pub http: reqwest::Client,
    pub(crate) tls: Arc<CertifiedKey>,
    /// SHA-256 over both files.
    digest: [u8; 32],
}

/// The keys of the moment.
pub struct KeyRing {
    name: &'static str,
    certificate: PathBuf,
    key: PathBuf,
    roots: PathBuf,
    present: RwLock<Arc<Keys>>,
}

impl KeyRing {
    /// Reads the keys of the service `name`, which must be the first DNS name of its certificate.
    pub fn open(name: &'static str, identity: &settings::Identity) -> anyhow::Result<Self> {
        let (certificate, key) = (identity.certificate.clone(), identity.key.clone());
        let roots = identity.roots.join("internal.pem");
        let keys = read(name, &certificate, &key, &roots).context("identity.certificate and identity.key")?;
        Ok(Self { name, certificate, key, roots, present: RwLock::new(Arc::new(keys)) })
    }

    /// The keys of the moment. Hold them for one act, not for longer.
    pub fn present(&self) -> Arc<Keys> {
        self.present.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes what the files hold now; false when that is what is in use. Files that do not fit together change nothing.
    pub fn reload(&self) -> anyhow::Result<bool> {
        if digest(&self.certificate, &self.key)? == self.present().digest {
            return Ok(false);
        }
        let keys = read(self.name, &self.certificate, &self.key, &self.roots)?;
        *self.present.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(true)
    }

    /// Looks at the files again and again until the task is dropped.
    pub(crate) async fn watch(self: Arc<Self>) {
        let mut told = false;
        loop {
            tokio::time::sleep(EVERY).await;
            match self.reload() {
                Ok(true) => tracing::info!("a new certificate is in use"),
                Ok(false) => {}
                // Once for each fault: a file is written before the other.
                Err(_) if told => continue,
                Err(error) => {
                    tracing::error!(?error, "the new certificate or key cannot be used: the old ones stay");
                    told = true;
                    continue;
                }
            }
            told = false;
        }
    }
}

fn digest(certificate: &PathBuf, key: &PathBuf) -> anyhow::Result<[u8; 32]> {
    let mut bytes = std::fs::read(certificate)?;
    bytes.extend(std::fs::read(key)?);
    Ok(canonical::sha256(&bytes))
}

fn read(name: &str, certificate: &PathBuf, key: &PathBuf, roots: &PathBuf) -> anyhow::Result<Keys> {
    let digest = digest(certificate, key)?;
    let credential = Credential::from_pem_files(certificate, key)?;
    Ok(Keys {
        http: http_client(certificate, key, roots)?,
        tls: Arc::new(certified(&credential)?),
        signer: ServiceSigner::new(credential.clone(), name)?,
        events: EventSigner::new(credential),
        digest,
    })
}

fn http_client(certificate: &PathBuf, key: &PathBuf, roots: &PathBuf) -> anyhow::Result<reqwest::Client> {
    let mut pem = std::fs::read(certificate)?;
    pem.push(b'\n');
    pem.extend(std::fs::read(key)?);
    let roots = std::fs::read(roots).with_context(|| format!("{} cannot be read", roots.display()))?;
    Ok(crate::client_builder(Duration::from_secs(10))
        .identity(reqwest::Identity::from_pem(&pem)?)
        .tls_certs_only(reqwest::Certificate::from_pem_bundle(&roots)?)
        .build()?)
}
