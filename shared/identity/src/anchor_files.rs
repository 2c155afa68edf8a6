//! Trusted authorities as files: `citizen.pem`, `agency.pem`, `internal.pem` in one folder, each with one or more
//! certificates. Real roots are dropped in here.

use std::fs;
use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

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
}

const FILES: [(Purpose, &str); 3] =
    [(Purpose::Citizen, "citizen.pem"), (Purpose::Agency, "agency.pem"), (Purpose::Internal, "internal.pem")];

impl TrustAnchors {
    /// The authorities of the files in `dir`.
    pub fn from_dir(dir: &Path) -> Result<Self, AnchorFileError> {
        let mut anchors = Self::new();
        for (purpose, name) in FILES {
            let path = dir.join(name);
            let text = fs::read(&path).map_err(|e| AnchorFileError::Unreadable(path.clone(), e))?;
            let certificates: Vec<_> = CertificateDer::pem_slice_iter(&text)
                .collect::<Result<_, _>>()
                .map_err(|_| AnchorFileError::NotPem(path.clone()))?;
            if certificates.is_empty() {
                return Err(AnchorFileError::NotPem(path));
            }
            for certificate in certificates {
                anchors = anchors
                    .with_anchor(purpose, &certificate)
                    .map_err(|e| AnchorFileError::Refused(path.clone(), e))?;
            }
        }
        Ok(anchors)
    }
}

impl DevPki {
    /// Writes the development authorities as files that [`TrustAnchors::from_dir`] reads.
    pub fn write_anchors(&self, dir: &Path) -> Result<(), PkiError> {
        fs::create_dir_all(dir).map_err(PkiError::Folder)?;
        for (purpose, name) in FILES {
            fs::write(dir.join(name), pem("CERTIFICATE", self.authority_der(purpose)))
                .map_err(PkiError::Folder)?;
        }
        Ok(())
    }
}
