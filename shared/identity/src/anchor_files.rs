//! Trusted authorities as files: `citizen.pem`, `agency.pem`, `internal.pem` in one folder, each with one or more
//! certificates; beside them, where needed, `intermediates.pem` (authorities between a root and the cards, not trusted by
//! themselves) and `profile.toml` (object identifiers and policy). Real roots are dropped in here.

use std::fs;
use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::certificate::Profile;
use crate::chain::{ChainError, Purpose, TrustAnchors};
use crate::credential::pem;
use crate::pki::{DevPki, PkiError};

/// Why a folder of authorities cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AnchorFileError {
    /// The file cannot be read.
    #[error("{file} cannot be read", file = .0.display())]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// The file holds no certificate, or one that does not parse.
    #[error("{file} holds no usable certificate", file = .0.display())]
    NotPem(PathBuf),
    /// A certificate in it is no authority.
    #[error("{file}: not an authority's certificate", file = .0.display())]
    Refused(PathBuf, #[source] ChainError),
    /// A key of the profile is unknown, or its value is none.
    #[error("{file}: {reason}", file = .0.display(), reason = .1)]
    Profile(PathBuf, String),
}

const FILES: [(Purpose, &str); 3] =
    [(Purpose::Citizen, "citizen.pem"), (Purpose::Agency, "agency.pem"), (Purpose::Internal, "internal.pem")];

impl TrustAnchors {
    /// The authorities of the files in `dir`.
    pub fn from_dir(dir: &Path) -> Result<Self, AnchorFileError> {
        let mut anchors = Self::new();
        for (purpose, name) in FILES {
            let path = dir.join(name);
            for certificate in certificates(&path)? {
                anchors = anchors
                    .with_anchor(purpose, &certificate)
                    .map_err(|e| AnchorFileError::Refused(path.clone(), e))?;
            }
        }
        let path = dir.join("intermediates.pem");
        if path.exists() {
            for certificate in certificates(&path)? {
                anchors = anchors
                    .with_intermediate(&certificate)
                    .map_err(|e| AnchorFileError::Refused(path.clone(), e))?;
            }
        }
        let path = dir.join("profile.toml");
        if path.exists() {
            anchors = anchors.with_profile(profile(&path)?);
        }
        Ok(anchors)
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, AnchorFileError> {
    let text = fs::read(path).map_err(|e| AnchorFileError::Unreadable(path.to_owned(), e))?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|_| AnchorFileError::NotPem(path.to_owned()))?;
    if certificates.is_empty() {
        return Err(AnchorFileError::NotPem(path.to_owned()));
    }
    Ok(certificates)
}

fn profile(path: &Path) -> Result<Profile, AnchorFileError> {
    let text = fs::read_to_string(path).map_err(|e| AnchorFileError::Unreadable(path.to_owned(), e))?;
    let wrong = |reason: String| AnchorFileError::Profile(path.to_owned(), reason);
    let profile: Profile = toml::from_str(&text).map_err(|e| wrong(e.to_string()))?;
    profile.check().map_err(|key| wrong(format!("{key}: not a dotted object identifier")))?;
    Ok(profile)
}

impl DevPki {
    /// Writes the development authorities as files that [`TrustAnchors::from_dir`] reads.
    pub fn write_anchors(&self, dir: &Path) -> Result<(), PkiError> {
        fs::create_dir_all(dir).map_err(PkiError::Folder)?;
        for (purpose, name) in FILES {
            let text: String = self
                .issuing(purpose)
                .into_iter()
                .filter_map(|authority| authority.chain_der().first())
                .map(|der| pem("CERTIFICATE", der))
                .collect();
            fs::write(dir.join(name), text).map_err(PkiError::Folder)?;
        }
        Ok(())
    }
}
