//! The development PKI: a root with citizen authorities of two generations under one name, an agency authority and an
//! internal authority, with the government's DN shapes, extensions, policies and revocation lists. Made on first start,
//! for development, tests and the sample city; production configures the real authorities instead.

use std::fs;
use std::path::Path;

use chrono::Duration;
use kernel::Instant;
use rcgen::{DnType, ExtendedKeyUsagePurpose};

use crate::certificate::Profile;
use crate::chain::{ChainError, Purpose, TrustAnchors};
use crate::credential::{Credential, CredentialError};

mod answers;
mod lists;
mod make;

pub use answers::{AnswerTerms, Responder};
pub use lists::{ListTerms, Revoked, signed_list};
#[cfg(test)]
pub(crate) use lists::{extension, list_of};
#[cfg(test)]
pub(crate) use make::authority_name;
pub(crate) use make::{card_extensions, policy};

pub(crate) use make::issue;

use make::{
    alternative, authority, country, directory_attributes, end_entity, internal_subject, oid, printable,
    random_bytes,
};

/// Why the development PKI cannot be made, opened or used.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// The folder cannot be used.
    #[error("the folder of the development PKI cannot be used")]
    Folder(#[source] std::io::Error),
    /// A credential cannot be loaded or saved.
    #[error("a credential of the development PKI cannot be used")]
    Credential(#[source] CredentialError),
    /// A certificate cannot be made.
    #[error("a certificate cannot be made")]
    Certificate(#[source] rcgen::Error),
    /// A name holds characters that a certificate cannot hold, or an object identifier is none.
    #[error("the name, number or object identifier cannot stand in a certificate")]
    Name,
    /// A revocation list that is there cannot be read.
    #[error("a revocation list of the development PKI cannot be used")]
    List(#[source] crate::crl::CrlError),
    /// An own authority is not accepted as an anchor.
    #[error("an authority of the development PKI is not accepted")]
    Anchor(#[source] ChainError),
}

impl From<rcgen::Error> for PkiError {
    fn from(error: rcgen::Error) -> Self {
        Self::Certificate(error)
    }
}

impl From<CredentialError> for PkiError {
    fn from(error: CredentialError) -> Self {
        Self::Credential(error)
    }
}

/// The kind of a new key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyKind {
    /// ECDSA on P-256.
    #[default]
    P256,
    /// ECDSA on P-384, as the next generation of cards.
    P384,
    /// RSA with 2048 bits, as today's cards. Slow to make.
    Rsa2048,
}

/// Who a card is for.
#[derive(Debug, Clone, Copy)]
pub struct CardHolder<'a> {
    /// The holder's name (`CN`).
    pub name: &'a str,
    /// The 16 characters of the subject's `serialNumber` (自然人憑證序號).
    pub serial_number: &'a str,
    /// Last four characters of the national id.
    pub last_four: &'a str,
}

/// When a certificate is good.
#[derive(Debug, Clone, Copy)]
pub struct Validity {
    /// First moment.
    pub from: Instant,
    /// Last moment.
    pub until: Instant,
}

impl Validity {
    /// Seven years back to five years on: the simulated year and the records before it lie in the past, and TLS uses
    /// the machine's time whatever the simulated clock shows.
    pub fn around(now: Instant) -> Self {
        Self { from: now - Duration::days(7 * 365), until: now + Duration::days(1826) }
    }
}

/// The generations of the citizen authority. Both have one name: a card's issuer is found by key id alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Generation {
    /// The older one, whose cards are still about.
    G2,
    /// The one that issues new cards.
    #[default]
    G3,
}

/// The authorities, by the name of their files.
const ROOT: &str = "root";
const CITIZEN: &str = "citizen";
const CITIZEN_G2: &str = "citizen-g2";
const AGENCY: &str = "agency";
const INTERNAL: &str = "internal";
/// The name of the citizen authority in every generation.
const CITIZEN_NAME: &str = "內政部憑證管理中心";

/// A root with its issuing authorities.
#[derive(Debug, Clone)]
pub struct DevPki {
    pub(crate) root: Credential,
    pub(crate) citizen: Credential,
    pub(crate) citizen_g2: Credential,
    agency: Credential,
    internal: Credential,
    profile: Profile,
    base_url: Option<String>,
}

impl DevPki {
    /// Opens the authorities in `dir`, or makes what is missing there (files `authorities/root.pem`, `root.key.pem` …,
    /// mode 0600; a folder from before there were generations gets the older one's). Two processes may do so at once: one
    /// set wins, both use it.
    pub fn create_or_open(dir: &Path) -> Result<Self, PkiError> {
        made_once(dir, "authorities", |fresh| {
            let root = authority("開發用憑證總管理中心", 1, KeyKind::P256, None)?;
            for (name, unit) in [
                (CITIZEN, CITIZEN_NAME),
                (AGENCY, "政府憑證管理中心"),
                (INTERNAL, "Datawarden internal authority"),
            ] {
                save(&authority(unit, 0, KeyKind::P256, Some(&root))?, fresh, name)?;
            }
            save(&root, fresh, ROOT)
        })?;
        let authorities = dir.join("authorities");
        let root = load(&authorities, ROOT)?;
        made_once(dir, CITIZEN_G2, |fresh| {
            save(&authority(CITIZEN_NAME, 0, KeyKind::Rsa2048, Some(&root))?, fresh, CITIZEN_G2)
        })?;
        Ok(Self {
            root,
            citizen: load(&authorities, CITIZEN)?,
            citizen_g2: load(&dir.join(CITIZEN_G2), CITIZEN_G2)?,
            agency: load(&authorities, AGENCY)?,
            internal: load(&authorities, INTERNAL)?,
            profile: Profile::default(),
            base_url: None,
        })
    }

    /// New authorities in memory alone, for tests. All have elliptic keys, which are made quickly.
    pub fn generate() -> Result<Self, PkiError> {
        let root = authority("開發用憑證總管理中心", 1, KeyKind::P256, None)?;
        let below = |unit, key| authority(unit, 0, key, Some(&root));
        Ok(Self {
            citizen: below(CITIZEN_NAME, KeyKind::P384)?,
            citizen_g2: below(CITIZEN_NAME, KeyKind::P256)?,
            agency: below("政府憑證管理中心", KeyKind::P256)?,
            internal: below("Datawarden internal authority", KeyKind::P256)?,
            root,
            profile: Profile::default(),
            base_url: None,
        })
    }

    /// From now on issued certificates name their revocation lists at `{url}/crl/{key id}.crl` and their responder at
    /// `{url}/ocsp/{key id}`.
    #[must_use]
    pub fn with_base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// The issuing authorities for `purpose`.
    pub(crate) fn issuing(&self, purpose: Purpose) -> Vec<&Credential> {
        match purpose {
            Purpose::Citizen => vec![&self.citizen, &self.citizen_g2],
            Purpose::Agency => vec![&self.agency],
            Purpose::Internal => vec![&self.internal],
        }
    }

    /// Every authority: the root first.
    fn authorities(&self) -> [&Credential; 5] {
        [&self.root, &self.citizen, &self.citizen_g2, &self.agency, &self.internal]
    }

    /// The authority with this key id (hexadecimal in upper case).
    pub fn authority_by_key_id(&self, key_id: &str) -> Option<&Credential> {
        self.authorities().into_iter().find(|authority| authority.certificate().key_id() == key_id)
    }

    /// The anchors of this PKI: each issuing authority for its own purpose, so that no authority can speak for
    /// another's subjects.
    pub fn anchors(&self) -> Result<TrustAnchors, PkiError> {
        let mut anchors = TrustAnchors::new();
        for purpose in Purpose::ALL {
            for authority in self.issuing(purpose) {
                anchors = anchors.with_anchor(purpose, leaf_der(authority)).map_err(PkiError::Anchor)?;
            }
        }
        Ok(anchors)
    }

    /// DER of the root.
    pub fn root_der(&self) -> &[u8] {
        leaf_der(&self.root)
    }

    /// DER of the authority that issues for `purpose` now; for [`Purpose::Internal`] the trust root of TLS.
    pub fn authority_der(&self, purpose: Purpose) -> &[u8] {
        self.issuing(purpose).first().copied().map(leaf_der).unwrap_or_default()
    }

    /// A citizen card with a P-256 key.
    pub fn issue_card(&self, holder: CardHolder<'_>, now: Instant) -> Result<Credential, PkiError> {
        self.issue_card_with(holder, KeyKind::P256, Validity::around(now))
    }

    /// A citizen card of the present generation with any key and validity.
    pub fn issue_card_with(
        &self,
        holder: CardHolder<'_>,
        key: KeyKind,
        validity: Validity,
    ) -> Result<Credential, PkiError> {
        self.issue_card_of(Generation::G3, holder, key, validity)
    }

    /// A citizen card: subject `C=TW, CN=name, serialNumber=…`, directory attributes with subject type and last four,
    /// policy of assurance level 3.
    pub fn issue_card_of(
        &self,
        generation: Generation,
        holder: CardHolder<'_>,
        key: KeyKind,
        validity: Validity,
    ) -> Result<Credential, PkiError> {
        let mut subject = country()?;
        subject.push(DnType::CommonName, holder.name);
        subject.push(DnType::CustomDnType(vec![2, 5, 4, 5]), printable(holder.serial_number)?);
        let mut params = end_entity(subject, validity);
        params.custom_extensions = card_extensions(holder.last_four)?;
        let authority = match generation {
            Generation::G2 => &self.citizen_g2,
            Generation::G3 => &self.citizen,
        };
        self.issue(params, key, authority)
    }

    /// An agency certificate: subject `C=TW, O=行政院, OU=name`, directory attributes with subject type and the
    /// agency's own object identifier.
    pub fn issue_agency(&self, name: &str, agency_oid: &str, now: Instant) -> Result<Credential, PkiError> {
        let mut subject = country()?;
        subject.push(DnType::OrganizationName, "行政院");
        subject.push(DnType::OrganizationalUnitName, name);
        let agency_type = self.profile.agency_types.first().ok_or(PkiError::Name)?;
        let mut params = end_entity(subject, Validity::around(now));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.custom_extensions = vec![
            directory_attributes(&[
                (&self.profile.subject_type, oid(agency_type)?),
                (&self.profile.agency_oid, oid(agency_oid)?),
            ])?,
            policy(&self.profile.policy)?,
        ];
        self.issue(params, KeyKind::P256, &self.agency)
    }

    /// The certificate of a service: its name is the first DNS name; TLS server and client; signs tokens and events.
    pub fn issue_service(&self, name: &str, now: Instant) -> Result<Credential, PkiError> {
        self.issue_service_with(name, &[], Validity::around(now))
    }

    /// As [`Self::issue_service`], with further DNS names or addresses under which its TLS server is reached.
    pub fn issue_service_with(
        &self,
        name: &str,
        also: &[&str],
        validity: Validity,
    ) -> Result<Credential, PkiError> {
        let mut params = internal_subject(name, validity)?;
        params.subject_alt_names =
            std::iter::once(&name).chain(also).map(|name| alternative(name)).collect::<Result<_, _>>()?;
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(params, KeyKind::P256, &self.internal)
    }

    /// The certificate of a plain TLS server for DNS names and IP addresses; it can sign no token.
    pub fn issue_server(&self, hostnames: &[&str], now: Instant) -> Result<Credential, PkiError> {
        let name = hostnames.first().ok_or(PkiError::Name)?;
        let mut params = internal_subject(name, Validity::around(now))?;
        params.subject_alt_names =
            hostnames.iter().map(|name| alternative(name)).collect::<Result<_, _>>()?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(params, KeyKind::P256, &self.internal)
    }

    fn issue(
        &self,
        mut params: rcgen::CertificateParams,
        key: KeyKind,
        authority: &Credential,
    ) -> Result<Credential, PkiError> {
        if let Some(base) = &self.base_url {
            let key_id = authority.certificate().key_id();
            params.crl_distribution_points =
                vec![rcgen::CrlDistributionPoint { uris: vec![format!("{base}/crl/{key_id}.crl")] }];
            params.custom_extensions.push(make::responder_at(&format!("{base}/ocsp/{key_id}"))?);
        }
        issue(params, key, authority)
    }
}

/// A credential that is kept in `dir` as `name.pem` and `name.key.pem`: loaded if there, else made and saved.
pub fn load_or_issue(
    dir: &Path,
    name: &str,
    make: impl FnOnce() -> Result<Credential, PkiError>,
) -> Result<Credential, PkiError> {
    if dir.join(format!("{name}.pem")).exists() {
        return load(dir, name);
    }
    fs::create_dir_all(dir).map_err(PkiError::Folder)?;
    let credential = make()?;
    save(&credential, dir, name)?;
    Ok(credential)
}

/// Makes the folder `name` in `dir` unless it is there. Renaming a folder is atomic and fails when another process was
/// first: then its folder counts.
fn made_once(
    dir: &Path,
    name: &str,
    make: impl FnOnce(&Path) -> Result<(), PkiError>,
) -> Result<(), PkiError> {
    let folder = dir.join(name);
    if folder.exists() {
        return Ok(());
    }
    fs::create_dir_all(dir).map_err(PkiError::Folder)?;
    let fresh = dir.join(format!(".new-{}", hex::encode(random_bytes::<8>())));
    fs::create_dir(&fresh).map_err(PkiError::Folder)?;
    make(&fresh)?;
    if fs::rename(&fresh, &folder).is_err() {
        fs::remove_dir_all(&fresh).map_err(PkiError::Folder)?;
    }
    Ok(())
}

fn save(credential: &Credential, dir: &Path, name: &str) -> Result<(), PkiError> {
    Ok(credential.save_pem_files(&dir.join(format!("{name}.pem")), &dir.join(format!("{name}.key.pem")))?)
}

fn load(dir: &Path, name: &str) -> Result<Credential, PkiError> {
    Ok(Credential::from_pem_files(&dir.join(format!("{name}.pem")), &dir.join(format!("{name}.key.pem")))?)
}

fn leaf_der(credential: &Credential) -> &[u8] {
    credential.chain_der().first().map(Vec::as_slice).unwrap_or_default()
}
