//! OCSP answers of the development PKI.

use kernel::Instant;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose};

use super::lists::{extension, signed};
use super::{DevPki, KeyKind, PkiError, Validity, leaf_der, make};
use crate::credential::Credential;
use crate::der::{self, read};
use crate::ocsp::{OcspStatus, read_request, serial_of};

/// When an answer was known to be so, and until when it is good.
#[derive(Debug, Clone, Copy)]
pub struct AnswerTerms {
    /// `thisUpdate`.
    pub this_update: Instant,
    /// `nextUpdate`, if it has one.
    pub next_update: Option<Instant>,
}

/// Signs answers for an authority: with its own key, or as its delegate.
#[derive(Debug, Clone)]
pub struct Responder {
    signer: Credential,
    delegate: bool,
}

impl Responder {
    /// The authority answers itself.
    pub fn authority(authority: &Credential) -> Self {
        Self { signer: authority.clone(), delegate: false }
    }

    /// Somebody answers with this certificate, which goes along.
    pub fn delegate(signer: Credential) -> Self {
        Self { signer, delegate: true }
    }

    /// Answers a request (DER). `status` is asked for the serial (hexadecimal in upper case) of each certificate in it.
    pub fn answer(
        &self,
        request: &[u8],
        terms: AnswerTerms,
        status: impl Fn(&str) -> OcspStatus,
    ) -> Result<Vec<u8>, PkiError> {
        let (ids, nonce) = read_request(request).map_err(|_| PkiError::Name)?;
        let mut singles = Vec::new();
        for id in ids {
            let serial = serial_of(id).map_err(|_| PkiError::Name)?;
            singles.push(single(id, terms, status(&hex::encode_upper(serial))));
        }
        let nonce = nonce.map(|nonce| {
            let value = der::tlv(read::OCTET_STRING, nonce);
            der::tlv(0xa1, &der::sequence(&[extension("1.3.6.1.5.5.7.48.1.2", false, &value)]))
        });
        let basic = signed(&self.signer, |_| {
            der::sequence(&[
                der::tlv(0xa1, &self.signer.certificate().subject_dn),
                der::time(terms.this_update),
                der::sequence(&singles),
                nonce.unwrap_or_default(),
            ])
        })?;
        let basic = if self.delegate { with_certificate(&basic, leaf_der(&self.signer)) } else { basic };
        let bytes = der::sequence(&[
            der::oid("1.3.6.1.5.5.7.48.1.1").unwrap_or_default(),
            der::tlv(read::OCTET_STRING, &basic),
        ]);
        Ok(der::sequence(&[der::tlv(read::ENUMERATED, &[0]), der::tlv(0xa0, &bytes)]))
    }
}

/// Puts `[0] EXPLICIT certs` behind the signature.
fn with_certificate(basic: &[u8], certificate: &[u8]) -> Vec<u8> {
    let inside = read::only(basic, read::SEQUENCE).unwrap_or_default();
    let certificates = der::tlv(0xa0, &der::sequence(&[certificate.to_vec()]));
    der::sequence(&[inside.to_vec(), certificates])
}

fn single(id: &[u8], terms: AnswerTerms, status: OcspStatus) -> Vec<u8> {
    let status = match status {
        OcspStatus::Good => der::tlv(0x80, &[]),
        OcspStatus::Revoked { since } => der::tlv(0xa1, &der::time(since)),
        OcspStatus::Unknown => der::tlv(0x82, &[]),
    };
    let next_update = terms.next_update.map(|at| der::tlv(0xa0, &der::time(at))).unwrap_or_default();
    der::sequence(&[id.to_vec(), status, der::time(terms.this_update), next_update])
}

impl DevPki {
    /// A certificate that signs answers for `authority`, with or without `id-pkix-ocsp-nocheck`.
    pub fn issue_responder(
        authority: &Credential,
        validity: Validity,
        no_check: bool,
    ) -> Result<Credential, PkiError> {
        let mut subject = make::country()?;
        subject.push(DnType::CommonName, "OCSP responder");
        let mut params: CertificateParams = make::end_entity(subject, validity);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
        if no_check {
            let content = der::tlv(0x05, &[]);
            params.custom_extensions =
                vec![rcgen::CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 48, 1, 5], content)];
        }
        make::issue(params, KeyKind::P256, authority)
    }
}
