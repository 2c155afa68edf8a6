//! Revocation lists of the development PKI.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::Duration;
use kernel::Instant;

use super::{DevPki, PkiError, leaf_der, random_bytes};
use crate::chain::{Purpose, TrustAnchors};
use crate::credential::Credential;
use crate::crl::Crl;
use crate::der::{self, read};
use crate::signature::{SignatureAlgorithm, ecdsa_to_der};

/// A certificate on a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// Its serial, hexadecimal.
    pub serial: String,
    /// Since when.
    pub since: Instant,
}

/// What a list says of itself.
#[derive(Debug, Clone, Copy)]
pub struct ListTerms {
    /// Its number.
    pub number: u64,
    /// When it is made.
    pub this_update: Instant,
    /// When the next one is to be there.
    pub next_update: Instant,
}

/// A complete list of `authority` in DER. `more` are further extensions, in DER, as only tests need them.
pub fn signed_list<'a>(
    authority: &Credential,
    terms: ListTerms,
    revoked: impl IntoIterator<Item = &'a Revoked>,
    more: &[Vec<u8>],
) -> Result<Vec<u8>, PkiError> {
    let entries = revoked
        .into_iter()
        .map(|revoked| {
            let serial = hex::decode(&revoked.serial).map_err(|_| PkiError::Name)?;
            Ok(der::sequence(&[der::unsigned(&serial), der::x509_time(revoked.since)]))
        })
        .collect::<Result<Vec<_>, PkiError>>()?;
    list_of(authority, terms, &entries, more)
}

/// As [`signed_list`], with entries in DER.
pub(crate) fn list_of(
    authority: &Credential,
    terms: ListTerms,
    entries: &[Vec<u8>],
    more: &[Vec<u8>],
) -> Result<Vec<u8>, PkiError> {
    let certificate = authority.certificate();
    let key_id = certificate.subject_key_id.as_deref().ok_or(PkiError::Name)?;
    let mut extensions = vec![
        extension("2.5.29.35", false, &der::sequence(&[der::tlv(0x80, key_id)])),
        extension("2.5.29.20", false, &der::unsigned(&terms.number.to_be_bytes())),
    ];
    extensions.extend_from_slice(more);
    let revoked = if entries.is_empty() { Vec::new() } else { der::sequence(entries) };
    signed(authority, |algorithm| {
        der::sequence(&[
            der::unsigned(&[1]),
            algorithm.to_vec(),
            certificate.subject_dn.clone(),
            der::x509_time(terms.this_update),
            der::x509_time(terms.next_update),
            revoked,
            der::tlv(0xa0, &der::sequence(&extensions)),
        ])
    })
}

/// One extension in DER.
pub(crate) fn extension(oid: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let flag = if critical { der::tlv(read::BOOLEAN, &[0xff]) } else { Vec::new() };
    der::sequence(&[der::oid(oid).unwrap_or_default(), flag, der::tlv(read::OCTET_STRING, value)])
}

/// The SEQUENCE of what `tbs` makes with the algorithm's DER, the algorithm, and the signature.
pub(crate) fn signed(signer: &Credential, tbs: impl FnOnce(&[u8]) -> Vec<u8>) -> Result<Vec<u8>, PkiError> {
    let oid = |dotted| der::oid(dotted).unwrap_or_default();
    let algorithm = match signer.algorithm() {
        SignatureAlgorithm::Es256 => der::sequence(&[oid("1.2.840.10045.4.3.2")]),
        SignatureAlgorithm::Es384 => der::sequence(&[oid("1.2.840.10045.4.3.3")]),
        SignatureAlgorithm::Rs256 => der::sequence(&[oid("1.2.840.113549.1.1.11"), der::tlv(0x05, &[])]),
    };
    let tbs = tbs(&algorithm);
    let signature = signer.sign(&tbs).map_err(|_| PkiError::Name)?;
    let signature = match signer.algorithm() {
        SignatureAlgorithm::Rs256 => signature,
        SignatureAlgorithm::Es256 | SignatureAlgorithm::Es384 => {
            ecdsa_to_der(&signature).ok_or(PkiError::Name)?
        }
    };
    Ok(der::sequence(&[tbs, algorithm, der::bit_string(&signature)]))
}

/// How long development lists are good: as long as development certificates.
const LIFE: Duration = Duration::days(1826);

impl DevPki {
    /// The authorities that issue lists, each with what it is trusted for. The root's purposes have one list.
    fn listing(&self) -> impl Iterator<Item = (&Credential, Purpose)> {
        Purpose::ALL
            .into_iter()
            .flat_map(|purpose| self.issuing(purpose).into_iter().map(move |authority| (authority, purpose)))
    }

    /// Where the list of an authority is kept in `dir`.
    fn list_file(dir: &Path, authority: &Credential) -> PathBuf {
        dir.join(format!("{}.crl", authority.certificate().key_id()))
    }

    /// Writes an empty list for each authority that has none in `dir`: number 1, `KEYID.crl` in DER, good for five years
    /// past `now` and as of years before it, as certificates are.
    pub fn write_lists(&self, dir: &Path, now: Instant) -> Result<(), PkiError> {
        fs::create_dir_all(dir).map_err(PkiError::Folder)?;
        for authority in self.authorities() {
            let file = Self::list_file(dir, authority);
            if !file.exists() {
                let terms = ListTerms { number: 1, this_update: now, next_update: now + LIFE };
                replace(&file, &signed_list(authority, terms, [], &[])?)?;
            }
        }
        Ok(())
    }

    /// Puts a certificate (issuer key id and serial, hexadecimal in upper case) on its issuer's next list in `dir`, revoked
    /// `since`; gives the list's number. One that is listed already stays as it is.
    pub fn revoke(
        &self,
        dir: &Path,
        issuer_key_id: &str,
        revoked: Revoked,
        now: Instant,
    ) -> Result<u64, PkiError> {
        self.write_lists(dir, now)?;
        let (authority, purpose) = self
            .listing()
            .find(|(authority, _)| authority.certificate().key_id() == issuer_key_id)
            .ok_or(PkiError::Name)?;
        let file = Self::list_file(dir, authority);
        let anchors =
            TrustAnchors::new().with_anchor(purpose, leaf_der(authority)).map_err(PkiError::Anchor)?;
        let bytes = fs::read(&file).map_err(PkiError::Folder)?;
        let last = Crl::read(&bytes, &anchors, purpose, now).map_err(PkiError::List)?;
        let number = u64::from_str_radix(&last.number_hex(), 16).map_err(|_| PkiError::Name)? + 1;
        let mut entries: Vec<Revoked> =
            last.entries().map(|(serial, since)| Revoked { serial, since }).collect();
        if last.revoked_since(&revoked.serial).is_none() {
            entries.push(revoked);
        }
        let this_update = now.max(last.this_update());
        let terms = ListTerms { number, this_update, next_update: (now + LIFE).max(last.next_update()) };
        replace(&file, &signed_list(authority, terms, &entries, &[])?)?;
        Ok(number)
    }
}

/// Writes a file so that readers see the old one or the new one, never a part.
fn replace(file: &Path, bytes: &[u8]) -> Result<(), PkiError> {
    let fresh = file.with_extension(format!("new-{}", hex::encode(random_bytes::<4>())));
    fs::write(&fresh, bytes).map_err(PkiError::Folder)?;
    fs::rename(&fresh, file).map_err(PkiError::Folder)
}
